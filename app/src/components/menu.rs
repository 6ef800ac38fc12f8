//! A button with a layer of things to choose from.
//!
//! The browser's own popover does the work: it opens and closes without scripts, by Escape and by a
//! click elsewhere, and gives the focus back.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// What the button of a menu shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuFace {
    symbol: Symbol,
    /// What it is called.
    label: String,
    /// The words beside the picture.
    words: Option<String>,
}

impl MenuFace {
    /// A picture alone.
    pub fn icon(symbol: Symbol, label: impl Into<String>) -> Self {
        Self {
            symbol,
            label: label.into(),
            words: None,
        }
    }

    /// Words, called `label` and themselves.
    pub fn words(label: &str, words: String) -> Self {
        Self {
            symbol: Symbol::Down,
            label: format!("{label} {words}"),
            words: Some(words),
        }
    }
}

/// A button, and behind it a layer.
#[component]
pub fn Menu(
    /// Id of the layer; one of its kind on the page.
    #[prop(into)]
    id: String,
    /// What the button shows.
    face: MenuFace,
    /// What is in the layer.
    children: Children,
) -> impl IntoView {
    let MenuFace {
        symbol,
        label,
        words,
    } = face;
    let (class, title) = match &words {
        Some(_) => ("menu-face menu-face--words", None),
        None => ("menu-face icon-button", Some(label.clone())),
    };
    view! {
        <button class=class type="button" popovertarget=id.clone() aria-label=label title=title>
            {words.map(|words| view! { <span class="menu-face-words">{words}</span> })}
            <Icon symbol />
        </button>
        <div id=id class="menu" popover="auto">
            {children()}
        </div>
    }
    .into_any()
}
