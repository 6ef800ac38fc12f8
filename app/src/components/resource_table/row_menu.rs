//! What can be done with one row. All rows share one layer.

use leptos::prelude::*;

use super::Table;
use crate::{
    components::icon::{Icon, Symbol},
    kinds::Kind,
    rows::Id,
};

const LAYER: &str = "row-menu";

/// The button at the end of a row.
pub(super) fn button(table: Table, id: Id) -> AnyView {
    let label = format!("Menu of {}", id.name);
    view! {
        <td class="table-menu">
            <button
                class="row-menu needs-scripts"
                type="button"
                popovertarget=LAYER
                aria-label=label
                on:click=move |_| table.menu_of.set(Some(id.clone()))
            >
                <Icon symbol=Symbol::More />
            </button>
        </td>
    }
    .into_any()
}

/// The layer, filled for the row whose button was pressed last.
pub(super) fn view(table: Table) -> AnyView {
    let items = move || {
        let id = table.menu_of.get()?;
        let items = items(table.kind, &id).into_iter().map(|(word, href)| {
            view! {
                <li>
                    <a class="menu-item" href=href>
                        {word}
                    </a>
                </li>
            }
        });
        Some(view! { <ul class="menu-items">{items.collect_view()}</ul> })
    };
    view! {
        <div id=LAYER class="menu" popover="auto">
            {items}
        </div>
    }
    .into_any()
}

fn items(kind: Kind, id: &Id) -> Vec<(&'static str, String)> {
    let page = |page: &str| format!("{}/{page}", kind.href(&id.namespace, &id.name));
    let own = match kind {
        Kind::Agent => Some(("Chat", page("chat"))),
        Kind::McpServer => Some(("Tools", page("tools"))),
        Kind::ModelApi => Some(("Try", page("debug"))),
        Kind::Secret => None,
    };
    let all = [
        ("Edit", page("edit")),
        ("YAML", page("yaml")),
        ("Delete", page("delete")),
    ];
    own.into_iter().chain(all).collect()
}
