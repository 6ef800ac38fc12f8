//! The headings: each sorts.

use leptos::{ev, prelude::*};

use super::{Table, has_state};
use crate::{
    components::icon::{Icon, Symbol},
    rows::{Id, Look},
};

pub(super) fn view(table: Table, shown: Memo<Vec<Id>>) -> AnyView {
    let columns = move || {
        let columns = table.view.with(|view| view.shown(table.kind));
        let heading = |(_, column): (usize, &'static crate::rows::Column)| {
            let class = match column.look {
                Look::Number => "table-number",
                Look::Prose => "table-prose",
                Look::Plain | Look::Code => "",
            };
            heading(table, column.id, column.heading, class)
        };
        columns.into_iter().map(heading).collect_view()
    };
    let namespace = table
        .spans_namespaces()
        .then(|| heading(table, "namespace", "Namespace", ""));
    view! {
        <tr>
            {table.has_tools.then(|| select_all(table, shown))}
            {has_state(table.kind).then(|| heading(table, "status", "Status", ""))}
            {heading(table, "name", "Name", "")}
            {namespace}
            {columns}
            {table
                .has_tools
                .then(|| {
                    view! {
                        <th scope="col" class="table-menu">
                            <span class="visually-hidden">"Menu"</span>
                        </th>
                    }
                })}
        </tr>
    }
    .into_any()
}

fn heading(table: Table, id: &'static str, words: &'static str, class: &'static str) -> AnyView {
    if !table.has_tools {
        return view! {
            <th scope="col" class=class>
                {words}
            </th>
        }
        .into_any();
    }
    let aria = move || table.view.with(|view| view.sort.aria(id));
    let href = move || {
        let mut view = table.view.get();
        view.sort = view.sort.pressed(id);
        view.href(&table.path())
    };
    let press = move |event: ev::MouseEvent| {
        event.prevent_default();
        table.change(|view| view.sort = view.sort.pressed(id));
    };
    let arrow = move || {
        aria().map(|aria| {
            let symbol = match aria {
                "ascending" => Symbol::Up,
                _ => Symbol::Down,
            };
            view! { <Icon symbol /> }
        })
    };
    view! {
        <th scope="col" class=class aria-sort=aria>
            <a class="table-sort" href=href on:click=press>
                {words}
                {arrow}
            </a>
        </th>
    }
    .into_any()
}

/// Selects every row shown, or none.
fn select_all(table: Table, shown: Memo<Vec<Id>>) -> AnyView {
    let are_all = move || {
        let shown = shown.get();
        let is_selected = |id: &Id| table.selected.with(|selected| selected.contains(id));
        !shown.is_empty() && shown.iter().all(is_selected)
    };
    let press = move |_| {
        let all = untrack(are_all);
        let shown = shown.get_untracked();
        table.selected.update(|selected| {
            if all {
                selected.clear();
            } else {
                selected.extend(shown);
            }
        });
    };
    view! {
        <th scope="col" class="table-select">
            <input
                class="needs-scripts"
                type="checkbox"
                aria-label="Select all"
                prop:checked=are_all
                on:click=press
            />
        </th>
    }
    .into_any()
}
