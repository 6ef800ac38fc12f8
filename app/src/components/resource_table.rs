//! A list of resources that follows what happens to them.
//!
//! The server draws it as its address asks; from then on the browser filters and sorts the rows it
//! has, and puts every change of the view into the address.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;
mod cells;
mod head;
mod row_menu;
mod toolbar;

use std::collections::BTreeSet;

use leptos::{ev, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{
    kinds::{ALL_NAMESPACES, Kind},
    live,
    rows::{self, Id, ListView, Row, Users},
};

/// What the list can do besides showing rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tools {
    /// Nothing: it is a part of a page.
    None,
    /// Filter, sort, choose columns, select and act.
    Full {
        /// The token of the form of what is selected.
        csrf: String,
        /// Whether single keys do something.
        single_keys: bool,
    },
}

/// What the parts of the list share.
#[derive(Clone, Copy)]
struct Table {
    kind: Kind,
    namespace: StoredValue<String>,
    rows: RwSignal<Vec<Row>>,
    view: RwSignal<ListView>,
    selected: RwSignal<BTreeSet<Id>>,
    /// The row whose menu is open.
    menu_of: RwSignal<Option<Id>>,
    /// Whether there is a browser that listens.
    is_awake: RwSignal<bool>,
    has_tools: bool,
    /// The row selected last, from which a range begins.
    last: StoredValue<Option<Id>>,
}

impl Table {
    fn path(self) -> String {
        self.kind.list_href(&self.namespace.get_value())
    }

    /// Whether rows are of more than one namespace.
    fn spans_namespaces(self) -> bool {
        self.namespace
            .with_value(|namespace| namespace == ALL_NAMESPACES)
    }

    /// Changes what is shown, and the address with it.
    fn change(self, change: impl FnOnce(&mut ListView)) {
        self.view.update(change);
        #[cfg(feature = "hydrate")]
        crate::browser::replace_address(&self.view.with_untracked(|view| view.href(&self.path())));
    }

    /// The rows shown, in their order.
    fn shown(self) -> Vec<Id> {
        let mut rows = self.rows.get();
        self.view.with(|view| {
            rows.retain(|row| view.keeps(row));
            view.sort.sort(self.kind, &mut rows);
        });
        rows.into_iter().map(|row| row.id).collect()
    }

    fn toggle(self, id: &Id) {
        self.last.set_value(Some(id.clone()));
        self.selected.update(|selected| {
            if !selected.remove(id) {
                selected.insert(id.clone());
            }
        });
    }

    /// Selects everything between the row selected last and this one.
    fn select_to(self, id: &Id, shown: &[Id]) {
        let place = |id: &Id| shown.iter().position(|one| one == id);
        let from = self.last.get_value().and_then(|last| place(&last));
        match (from, place(id)) {
            (Some(from), Some(to)) => {
                let range = from.min(to)..=from.max(to);
                self.selected
                    .update(|selected| selected.extend(shown[range].iter().cloned()));
            }
            _ => self.toggle(id),
        }
    }
}

/// The resources of one kind. Its children stand in place of the table when there are none.
#[island(lazy)]
pub fn ResourceTable(
    /// Of which kind.
    kind: Kind,
    /// Of which namespace, or of all.
    namespace: String,
    /// The rows when the page was drawn.
    rows: Vec<Row>,
    /// What of them is shown.
    view: ListView,
    /// What can be done.
    tools: Tools,
    /// What is said when there are none at all.
    children: Children,
) -> impl IntoView {
    let table = Table {
        kind,
        namespace: StoredValue::new(namespace),
        rows: RwSignal::new(rows),
        view: RwSignal::new(view),
        selected: RwSignal::new(BTreeSet::new()),
        menu_of: RwSignal::new(None),
        is_awake: RwSignal::new(false),
        has_tools: tools != Tools::None,
        last: StoredValue::new(None),
    };
    follow(table);
    #[cfg(feature = "hydrate")]
    if let Tools::Full {
        single_keys: true, ..
    } = tools
    {
        browser::listen(table);
    }
    let shown = Memo::new(move |_| table.shown());
    let is_empty = move || table.rows.with(Vec::is_empty);
    view! {
        <div class="resource-list" data-kind=kind.plural()>
            {toolbar::view(table, tools, shown)}
            <div class="resource-list-none" hidden=move || !is_empty()>
                {children()}
            </div>
            {move || no_match(table, shown)}
            <div
                class="table-scroll"
                role="region"
                aria-label=kind.heading()
                tabindex="0"
                hidden=is_empty
            >
                <table class="table">
                    <thead>{head::view(table, shown)}</thead>
                    <tbody>
                        <For
                            each=move || shown.get()
                            key=Id::clone
                            children=move |id| line(table, id, shown)
                        />
                    </tbody>
                </table>
            </div>
            {table.has_tools.then(|| row_menu::view(table))}
        </div>
    }
    .into_any()
}

/// Follows the rows, and in lists of what agents use, the agents.
fn follow(table: Table) {
    let Table {
        kind,
        namespace,
        rows,
        is_awake,
        ..
    } = table;
    // Nobody is known to use anything before the agents have been listed.
    let users = StoredValue::new(None::<Users>);
    let fill = move |rows: &mut Vec<Row>| {
        users.with_value(|users| {
            if let Some(users) = users {
                users.fill(kind, rows);
            }
        });
    };
    Effect::new(move || {
        is_awake.set(true);
        let topic = |kind: Kind| live::topic(&namespace.get_value(), kind.plural());
        if kind == Kind::Secret {
            return;
        }
        live::subscribe(topic(kind), move |message| {
            rows.update(|rows| {
                rows::apply(rows, kind, message);
                fill(rows);
            });
        });
        if kind != Kind::Agent {
            live::subscribe(topic(Kind::Agent), move |message| {
                users.update_value(|users| {
                    users.get_or_insert_default().apply(Kind::Agent, message);
                });
                rows.update(fill);
            });
        }
    });
}

fn line(table: Table, id: Id, shown: Memo<Vec<Id>>) -> AnyView {
    let row = {
        let id = id.clone();
        Memo::new(move |_| {
            let rows = table.rows.read();
            rows.iter().find(|row| row.id == id).cloned()
        })
    };
    let href = table.kind.href(&id.namespace, &id.name);
    let cells = move || {
        let columns = table.view.with(|view| view.shown(table.kind));
        let cell = |(place, column)| cells::view(row, place, column);
        columns.into_iter().map(cell).collect_view()
    };
    let namespace = table.spans_namespaces().then(|| {
        let namespace = id.namespace.clone();
        view! { <td class="table-aside">{namespace}</td> }
    });
    let is_selected = {
        let id = id.clone();
        move || table.selected.with(|selected| selected.contains(&id))
    };
    let (name, key) = (id.name.clone(), format!("{}/{}", id.namespace, id.name));
    let open = href.clone();
    view! {
        <tr
            class:table-row--selected=is_selected
            data-id=key
            on:click=move |event| open_row(&event, &open)
        >
            {table.has_tools.then(|| select_box(table, id.clone(), shown))}
            {has_state(table.kind).then(|| view! { <td>{cells::state(row)}</td> })}
            <th scope="row">
                <a class="row-link" href=href>
                    {name}
                </a>
            </th>
            {namespace}
            {cells}
            {table.has_tools.then(|| row_menu::button(table, id))}
        </tr>
    }
    .into_any()
}

/// Whether objects of the kind have a state to show.
fn has_state(kind: Kind) -> bool {
    match kind {
        Kind::Agent | Kind::McpServer | Kind::ModelApi => true,
        Kind::Secret => false,
    }
}

fn select_box(table: Table, id: Id, shown: Memo<Vec<Id>>) -> AnyView {
    let value = format!("{}/{}", id.namespace, id.name);
    let label = format!("Select {}", id.name);
    let is_selected = {
        let id = id.clone();
        move || table.selected.with(|selected| selected.contains(&id))
    };
    let press = move |event: ev::MouseEvent| {
        if event.shift_key() {
            shown.with_untracked(|shown| table.select_to(&id, shown));
        } else {
            table.toggle(&id);
        }
    };
    view! {
        <td class="table-select">
            <input
                type="checkbox"
                name="select"
                value=value
                form=toolbar::FORM
                aria-label=label
                prop:checked=is_selected
                on:click=press
            />
        </td>
    }
    .into_any()
}

/// A press on a row, beside everything in it that can be pressed itself, opens it.
fn open_row(event: &ev::MouseEvent, href: &str) {
    #[cfg(feature = "hydrate")]
    if !browser::is_on_control(event) {
        crate::browser::open(href);
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (event, href);
}

/// There are rows, but none is as the filter wants it.
fn no_match(table: Table, shown: Memo<Vec<Id>>) -> Option<AnyView> {
    let is_filtered = shown.with(Vec::is_empty) && !table.rows.with(Vec::is_empty);
    if !is_filtered {
        return None;
    }
    let words = table.view.with(|view| view.words.trim().to_owned());
    let nouns = table.kind.nouns();
    let title = if words.is_empty() {
        format!("No {nouns} have this status")
    } else {
        format!("No {nouns} match \"{words}\"")
    };
    let clear = move |event: ev::MouseEvent| {
        event.prevent_default();
        table.change(|view| {
            view.words.clear();
            view.status.clear();
        });
    };
    Some(
        view! {
            <div class="instead instead--empty">
                <div class="instead-words">
                    <strong>{title}</strong>
                    <a href=table.path() on:click=clear>
                        "Clear the filter"
                    </a>
                </div>
            </div>
        }
        .into_any(),
    )
}
