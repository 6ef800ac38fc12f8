//! Buttons, and links that look like them.

use leptos::prelude::*;

/// How much a button asks to be pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// The page's one main action.
    Primary,
    /// Any other.
    #[default]
    Plain,
    /// Removes something.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button--primary",
            Self::Plain => "button",
            Self::Danger => "button button--danger",
        }
    }
}

/// Submits the form around it.
#[component]
pub fn SubmitButton(
    /// How much it asks to be pressed.
    #[prop(optional)]
    weight: Weight,
    /// Its words.
    children: Children,
) -> impl IntoView {
    view! {
        <button class=weight.class() type="submit">
            {children()}
        </button>
    }
    .into_any()
}

/// Leads to another page.
#[component]
pub fn LinkButton(
    /// How much it asks to be pressed.
    #[prop(optional)]
    weight: Weight,
    /// Where to.
    #[prop(into)]
    href: String,
    /// Its words.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=weight.class() href=href>
            {children()}
        </a>
    }
    .into_any()
}
