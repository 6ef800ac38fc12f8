//! Leads to the same page of another namespace.

use leptos::prelude::*;

use super::Section;
use crate::{
    components::menu::{Menu, MenuFace},
    kinds::ALL_NAMESPACES,
    pages::params::ports,
    site::kubernetes,
};

/// The current namespace, and behind it links to all others.
#[component]
pub(super) fn NamespaceSwitch(section: Section, namespace: String) -> impl IntoView {
    let client = ports().kube;
    let current = namespace.clone();
    let items = Suspend::new(async move {
        match kubernetes::namespaces(&client).await {
            Ok(names) => links(section, &current, names).into_any(),
            Err(failure) => view! {
                <p class="menu-note">{failure.to_string()}</p>
                <GoTo namespace=current />
            }
            .into_any(),
        }
    });
    let face = MenuFace::words("Namespace", name_of(&namespace));
    view! {
        <Menu id="namespaces" face>
            {items}
            <ul class="menu-items">
                <li>
                    <a class="menu-item" href="/namespaces">
                        "Manage namespaces"
                    </a>
                </li>
            </ul>
        </Menu>
    }
    .into_any()
}

fn links(section: Section, current: &str, mut names: Vec<String>) -> impl IntoView + use<> {
    // The page's own stays in the list even when it does not exist.
    if !names.iter().any(|name| name == current) && current != ALL_NAMESPACES {
        names.insert(0, current.to_owned());
    }
    names.insert(0, ALL_NAMESPACES.to_owned());
    let link = |name: String| {
        let is_current = (name == current).then_some("true");
        view! {
            <li>
                <a class="menu-item" href=section.href(&name) aria-current=is_current>
                    {name_of(&name)}
                </a>
            </li>
        }
    };
    view! { <ul class="menu-items">{names.into_iter().map(link).collect_view()}</ul> }
}

/// What a namespace is called on pages.
pub(crate) fn name_of(namespace: &str) -> String {
    match namespace {
        ALL_NAMESPACES => "All namespaces".to_owned(),
        name => name.to_owned(),
    }
}

/// Where the list may not be read: a field to type a name into.
#[component]
fn GoTo(namespace: String) -> impl IntoView {
    view! {
        <form class="menu-form" method="get" action="/namespaces/open">
            <label for="namespace-name">"Open namespace"</label>
            <input id="namespace-name" type="text" name="name" value=namespace autocomplete="off" />
            <button class="button" type="submit">
                "Open"
            </button>
        </form>
    }
    .into_any()
}
