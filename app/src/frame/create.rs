//! What can be created, behind one button in the header.

use leptos::prelude::*;

use crate::{
    components::{
        icon::Symbol,
        menu::{Menu, MenuFace},
    },
    kinds::{ALL_NAMESPACES, Kind},
};

/// Links to the forms of all kinds.
#[component]
pub(super) fn CreateMenu(namespace: String) -> impl IntoView {
    // Something new needs a namespace of its own to be in.
    let namespace = match namespace.as_str() {
        ALL_NAMESPACES => "default".to_owned(),
        _ => namespace,
    };
    let item = move |kind: Kind| {
        let keys = match kind {
            Kind::Agent => "c a",
            Kind::McpServer => "c t",
            Kind::ModelApi => "c d",
            Kind::Secret => "c s",
        };
        let key = keys.split(' ').map(|key| view! { <kbd>{key}</kbd> });
        view! {
            <li>
                <a class="menu-item" href=kind.new_href(&namespace) data-keys=keys>
                    {capitalised(kind.noun())} <span class="menu-keys">{key.collect_view()}</span>
                </a>
            </li>
        }
    };
    view! {
        <Menu id="create" face=MenuFace::icon(Symbol::Plus, "Create")>
            <ul class="menu-items">{Kind::ALL.map(item).into_iter().collect_view()}</ul>
        </Menu>
    }
    .into_any()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
