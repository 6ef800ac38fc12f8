//! What stands above the list: its filter, its columns, and what to do with the rows selected.

use leptos::{ev, prelude::*};

use super::{Table, Tools, has_state};
use crate::{
    components::{
        icon::Symbol,
        menu::{Menu, MenuFace},
    },
    format,
    kinds::Kind,
    rows::{Id, STATUSES, columns},
};

/// The form that sends what is selected.
pub(super) const FORM: &str = "selection";

pub(super) fn view(table: Table, tools: Tools, shown: Memo<Vec<Id>>) -> Option<AnyView> {
    let Tools::Full { csrf, .. } = tools else {
        return None;
    };
    Some(
        view! {
            <div class="toolbar">
                {filter(table)} {column_menu(table)} <p class="toolbar-count" role="status">
                    {move || count(table, shown)}
                </p>
                {selection(table, csrf)}
            </div>
        }
        .into_any(),
    )
}

fn filter(table: Table) -> AnyView {
    let kind = table.kind;
    let words = table.view.with_untracked(|view| view.words.clone());
    let status = table.view.with_untracked(|view| view.status.clone());
    let sort = move || table.view.with(|view| view.sort.to_param());
    let columns = move || table.view.with(|view| view.columns.join(","));
    let option = |word: &'static str| {
        let is_chosen = word == status;
        view! {
            <option value=word selected=is_chosen>
                {word}
            </option>
        }
    };
    let statuses = STATUSES.map(|phase| option(phase.as_str()));
    let statuses = has_state(kind).then(|| {
        view! {
            <label class="visually-hidden" for="list-status">
                "Status"
            </label>
            <select
                id="list-status"
                name="status"
                on:change=move |event| {
                    let status = event_target_value(&event);
                    table.change(|view| view.status = status);
                }
            >
                <option value="">"Any status"</option>
                {statuses.into_iter().collect_view()}
            </select>
        }
    });
    view! {
        <form
            class="toolbar-filter"
            method="get"
            role="search"
            on:submit=move |event| event.prevent_default()
        >
            <label class="visually-hidden" for="list-words">
                {format!("Filter {}", kind.nouns())}
            </label>
            <input
                id="list-words"
                type="search"
                name="q"
                placeholder="Filter"
                autocomplete="off"
                spellcheck="false"
                value=words
                prop:value=move || table.view.with(|view| view.words.clone())
                data-keys="/"
                on:input=move |event| {
                    let words = event_target_value(&event);
                    table.change(|view| view.words = words);
                }
            />
            {statuses}
            <input type="hidden" name="sort" value=sort />
            <input type="hidden" name="cols" value=columns />
            <noscript>
                <button class="button" type="submit">
                    "Filter"
                </button>
            </noscript>
        </form>
    }
    .into_any()
}

/// Which columns are shown. Without scripts it is a form of its own.
fn column_menu(table: Table) -> AnyView {
    let kept = table.view.get_untracked();
    let sort = kept.sort.to_param();
    let choice = move |column: &'static crate::rows::Column| {
        let id = column.id;
        let is_shown = kept.shows(id);
        let press = move |_: ev::Event| {
            table.change(|view| {
                let mut shown: Vec<_> = view.shown(table.kind);
                if view.shows(id) {
                    shown.retain(|(_, column)| column.id != id);
                } else {
                    let all = columns(table.kind).iter().enumerate();
                    shown = all
                        .filter(|(_, one)| view.shows(one.id) || one.id == id)
                        .collect();
                }
                view.columns = shown.iter().map(|(_, one)| one.id.to_owned()).collect();
            });
        };
        view! {
            <label class="menu-item">
                <input type="checkbox" name="cols" value=id checked=is_shown on:change=press />
                {column.heading}
            </label>
        }
    };
    let choices = columns(table.kind).iter().map(choice).collect_view();
    let view = table.view.get_untracked();
    view! {
        <Menu id="list-columns" face=MenuFace::icon(Symbol::Columns, "Columns")>
            <form method="get">
                <input type="hidden" name="q" value=view.words />
                <input type="hidden" name="status" value=view.status />
                <input type="hidden" name="sort" value=sort />
                {choices}
                <noscript>
                    <button class="button" type="submit">
                        "Show these"
                    </button>
                </noscript>
            </form>
        </Menu>
    }
    .into_any()
}

fn count(table: Table, shown: Memo<Vec<Id>>) -> String {
    let all = table.rows.with(Vec::len);
    let n_shown = shown.with(Vec::len);
    let n_selected = table.selected.with(std::collections::BTreeSet::len);
    let kind = table.kind;
    let counted = |number: usize| format::counted(number as u64, kind.noun(), kind.nouns());
    if n_selected > 0 {
        format!("{n_selected} of {} selected", counted(all))
    } else if n_shown < all {
        format!("{n_shown} of {}", counted(all))
    } else {
        counted(all)
    }
}

/// What is done with the rows selected.
fn selection(table: Table, csrf: String) -> AnyView {
    let kind = table.kind;
    // Without scripts nobody can tell whether something is selected, so the buttons stay usable.
    let is_idle =
        move || table.is_awake.get() && table.selected.with(std::collections::BTreeSet::is_empty);
    let button = move |action: &'static str, words: &'static str, class: &'static str| {
        view! {
            <button
                class=class
                type="submit"
                name="action"
                value=action
                form=FORM
                disabled=is_idle
            >
                {words}
            </button>
        }
    };
    view! {
        <form id=FORM class="toolbar-selection" method="post" action=format!("{}/_bulk", table.path())>
            <input type="hidden" name="csrf" value=csrf />
            {button("export", "Export YAML", "button")}
            {(kind != Kind::Secret)
                .then(|| {
                    view! {
                        <Menu id="list-label" face=MenuFace::words("Action", "Label".to_owned())>
                            <div class="menu-form">
                                <label for="list-label-text">"Label, as key=value; key- removes it"</label>
                                <input id="list-label-text" type="text" name="label" form=FORM autocomplete="off" />
                                {button("label", "Set on the selected rows", "button")}
                            </div>
                        </Menu>
                    }
                })}
            {button("delete", "Delete", "button button--danger")}
        </form>
    }
    .into_any()
}
