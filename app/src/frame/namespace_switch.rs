//! Leads to the same page of another namespace.

use leptos::prelude::*;

use super::Section;
use crate::{
    components::icon::{Icon, Symbol},
    pages::params::ports,
    site::kubernetes,
};

/// The current namespace, and behind it a list of links to all others.
#[component]
pub(crate) fn NamespaceSwitch(section: Section, namespace: String) -> impl IntoView {
    let client = ports().kube;
    let current = namespace.clone();
    let links = Suspend::new(async move {
        // The current one stays in the list even when the API cannot be asked.
        let mut names = kubernetes::namespaces(&client).await.unwrap_or_default();
        if !names.contains(&namespace) {
            names.insert(0, namespace.clone());
        }
        let link = |name: String| {
            view! {
                <li>
                    <a href=section.href(&name) aria-current=(name == namespace).then_some("true")>
                        {name.clone()}
                    </a>
                </li>
            }
        };
        names.into_iter().map(link).collect_view()
    });
    view! {
        <details class="namespace-switch">
            <summary>
                <span class="visually-hidden">"Namespace "</span>
                <span class="namespace-switch-name">{current}</span>
                <Icon symbol=Symbol::Down />
            </summary>
            <ul>{links}</ul>
        </details>
    }
}
