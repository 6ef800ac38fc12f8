//! Who one is, and how pages look and answer.

use http::request::Parts;
use leptos::prelude::*;

use super::CsrfField;
use crate::{
    components::{
        icon::{Icon, Symbol},
        menu::{Menu, MenuFace},
    },
    pages::params::visitor,
    site::Preference,
};

/// The menu at the end of the header.
#[component]
pub(super) fn AccountMenu() -> impl IntoView {
    let visitor = visitor();
    view! {
        <Menu id="account" face=MenuFace::icon(Symbol::User, "You and this page")>
            <p class="menu-note">
                "No sign-in: only programs of this machine reach this address."
            </p>
            <Choice legend="Theme" chosen=visitor.theme />
            <Choice legend="Row height" chosen=visitor.density />
            <ul class="menu-items">
                <li>
                    <button
                        class="menu-item"
                        type="button"
                        commandfor="shortcuts"
                        command="show-modal"
                        data-keys="?"
                    >
                        <Icon symbol=Symbol::Keyboard />
                        "Keyboard shortcuts"
                        <kbd>"?"</kbd>
                    </button>
                </li>
                <li>
                    <a class="menu-item" href="/settings">
                        <Icon symbol=Symbol::Settings />
                        "Settings"
                    </a>
                </li>
                <li>
                    <a class="menu-item" href="/access">
                        <Icon symbol=Symbol::Lock />
                        "Who am I, and what is allowed"
                    </a>
                </li>
            </ul>
        </Menu>
    }
    .into_any()
}

/// One preference: a button per choice, which posts it.
#[component]
pub(crate) fn Choice<P: Preference>(
    /// What is chosen.
    legend: &'static str,
    chosen: P,
) -> impl IntoView {
    let button = |(choice, value, word): &(P, &'static str, &'static str)| {
        view! {
            <button
                class="choice-button"
                type="submit"
                name=P::COOKIE
                value=*value
                aria-pressed=(*choice == chosen).to_string()
            >
                {*word}
            </button>
        }
    };
    let id = format!("choice-{}", P::COOKIE);
    view! {
        <form class="choice" method="post" action="/preferences" role="group" aria-labelledby=id>
            <CsrfField />
            <Back />
            <span class="choice-legend" id=id.clone()>
                {legend}
            </span>
            <span class="choice-buttons">{P::CHOICES.iter().map(button).collect_view()}</span>
        </form>
    }
    .into_any()
}

/// The hidden field that leads back to this page.
#[component]
pub(crate) fn Back() -> impl IntoView {
    let uri = expect_context::<Parts>().uri;
    let back = uri.path_and_query().map(ToString::to_string);
    view! { <input type="hidden" name="back" value=back /> }
}
