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
    look: Look,
}

/// What stands on the button.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Look {
    /// The picture alone.
    Icon,
    /// Words, and no border.
    Words(String),
    /// Words, with the border of a button.
    Button(String),
}

impl MenuFace {
    /// A picture alone.
    pub fn icon(symbol: Symbol, label: impl Into<String>) -> Self {
        Self {
            symbol,
            label: label.into(),
            look: Look::Icon,
        }
    }

    /// Words, called `label` and themselves.
    pub fn words(label: &str, words: String) -> Self {
        Self {
            symbol: Symbol::Down,
            label: format!("{label} {words}"),
            look: Look::Words(words),
        }
    }

    /// Words on a button like others beside it.
    pub fn button(words: &str) -> Self {
        Self {
            symbol: Symbol::Down,
            label: words.to_owned(),
            look: Look::Button(words.to_owned()),
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
        look,
    } = face;
    let (class, title, words) = match look {
        Look::Icon => ("menu-face icon-button", Some(label.clone()), None),
        Look::Words(words) => ("menu-face menu-face--words", None, Some(words)),
        Look::Button(words) => ("menu-face button", None, Some(words)),
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
