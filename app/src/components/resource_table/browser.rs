//! Keys in a list: the row in which the focus is, is the current one.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::Table;
use crate::rows::Row;

/// Listens from now on.
pub(super) fn listen(table: Table) {
    window_event_listener(ev::keydown, move |event| {
        if !event.ctrl_key() && !event.meta_key() && !event.alt_key() && !is_in_field(&event) {
            pressed(table, &event);
        }
    });
}

fn pressed(table: Table, event: &ev::KeyboardEvent) {
    let is_done = match event.key().as_str() {
        "j" => go(1),
        "k" => go(-1),
        " " => toggle(table),
        "." => open_menu(),
        _ => false,
    };
    if is_done {
        event.prevent_default();
    }
}

/// Moves the focus so many rows on; without a current row, to the first.
fn go(by: i32) -> bool {
    let Ok(links) = document().query_selector_all(".resource-list .row-link") else {
        return false;
    };
    let focused = document().active_element();
    let place = (0_u32..links.length()).find(|place| {
        let link = links
            .get(*place)
            .and_then(|link| link.dyn_into::<Element>().ok());
        link.is_some() && link == focused
    });
    let next = match place {
        None => Some(0),
        Some(place) => place.checked_add_signed(by),
    };
    let link = next.and_then(|next| links.get(next));
    match link.and_then(|link| link.dyn_into::<HtmlElement>().ok()) {
        Some(link) => link.focus().is_ok(),
        None => false,
    }
}

/// The row in which the focus is.
fn current() -> Option<Element> {
    let focused = document().active_element()?;
    // Only from its link: in its other controls the keys are theirs.
    if !focused.matches(".row-link").ok()? {
        return None;
    }
    focused.closest("tr").ok()?
}

fn toggle(table: Table) -> bool {
    let name = current().and_then(|row| row.get_attribute("data-id"));
    let (namespace, name) = name
        .as_deref()
        .and_then(|id| id.split_once('/'))
        .unwrap_or_default();
    let rows = table.rows.read_untracked();
    let is_current = |row: &&Row| row.id.namespace == namespace && row.id.name == name;
    let id = rows.iter().find(is_current);
    let id = id.map(|row| row.id.clone());
    drop(rows);
    id.inspect(|id| table.toggle(id)).is_some()
}

fn open_menu() -> bool {
    let button = current().and_then(|row| row.query_selector(".row-menu").ok().flatten());
    match button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        Some(button) => {
            button.click();
            true
        }
        None => false,
    }
}

fn is_in_field(event: &ev::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        target
            .matches("input, textarea, select, [contenteditable]")
            .unwrap_or(false)
    })
}

/// Whether a click was meant for something in the row, or marked text.
pub(super) fn is_on_control(event: &ev::MouseEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let control =
        target.and_then(|target| target.closest("a, button, input, label").ok().flatten());
    let marked = window().get_selection().ok().flatten();
    let has_marked = marked.is_some_and(|marked| !marked.is_collapsed());
    control.is_some() || has_marked
}
