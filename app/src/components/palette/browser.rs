//! The palette's side that only a browser has.

use leptos::{ev, prelude::*, task::spawn_local};
use web_sys::HtmlElement;

use super::{State, Window};
use crate::{browser, search::Hit};

/// Ctrl K, or ⌘ K, opens the palette from everywhere.
pub(super) fn listen(state: State) {
    window_event_listener(ev::keydown, move |event| {
        let is_command = event.ctrl_key() || event.meta_key();
        if is_command && event.key().eq_ignore_ascii_case("k") && open(state) {
            event.prevent_default();
        }
    });
}

pub(super) fn open(state: State) -> bool {
    let Some(dialog) = state.dialog.get_untracked() else {
        return false;
    };
    if !dialog.open() && dialog.show_modal().is_err() {
        return false;
    }
    if let Some(field) = state.field.get_untracked() {
        field.select();
        let field: &HtmlElement = field.as_ref();
        // A field that refuses the focus can still be clicked.
        drop(field.focus());
    }
    ask(state);
    true
}

pub(super) fn ask(state: State) {
    let Some(field) = state.field.get_untracked() else {
        return;
    };
    state.asked.update_value(|asked| *asked += 1);
    let question = state.asked.get_value();
    let path = format!(
        "/api/search?ns={}&q={}",
        browser::encoded(&state.namespace.get_value()),
        browser::encoded(&field.value())
    );
    spawn_local(async move {
        let answer = browser::get(&path).await;
        let hits = answer.and_then(|answer| serde_json::from_str::<Vec<Hit>>(&answer).ok());
        if let Some(hits) = hits
            && state.asked.get_value() == question
        {
            state.active.set(0);
            state.hits.set(hits);
            state.has_answer.set(true);
        }
    });
}

pub(super) fn choose(href: &str, place: Window) {
    match place {
        Window::This => browser::open(href),
        // A browser that blocks new windows says so itself.
        Window::New => drop(window().open_with_url_and_target(href, "_blank")),
    }
}
