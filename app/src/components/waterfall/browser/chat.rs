//! Steps of a conversation and rows of the waterfall beside it: choosing one chooses the other.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{Waterfall, moves, written};

const STEP: &str = "[data-testid=\"chat-step\"][data-span-id";
const CHOSEN: &str = "chat-step--chosen";

/// A click on a step chooses its row.
pub(super) fn listen(waterfall: Waterfall) {
    let listener = window_event_listener(ev::click, move |event| {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let step = target.and_then(|target| target.closest(&format!("{STEP}]")).ok().flatten());
        let span = step.and_then(|step| step.get_attribute("data-span-id"));
        let span = span.and_then(|span| api::traces::SpanId::parse(&span));
        // The page may show another run by now.
        let Some(Some(skeleton)) = waterfall.skeleton.try_get_untracked() else {
            return;
        };
        if let Some(node) = span.and_then(|span| skeleton.place_of(span.0)) {
            moves::reveal(waterfall, &skeleton, node);
        }
    });
    on_cleanup(move || listener.remove());
}

/// Marks the step of the chosen row, and no other.
pub(super) fn mark(waterfall: Waterfall) {
    let Ok(before) = document().query_selector_all(&format!(".{CHOSEN}")) else {
        return;
    };
    for place in 0..before.length() {
        let step = before
            .item(place)
            .and_then(|step| step.dyn_into::<Element>().ok());
        if let Some(step) = step {
            drop(step.class_list().remove_1(CHOSEN));
        }
    }
    let span = waterfall.selected.get_untracked().map(written);
    let step = span.and_then(|span| {
        document()
            .query_selector(&format!("{STEP}=\"{span}\"]"))
            .ok()
    });
    if let Some(step) = step.flatten() {
        drop(step.class_list().add_1(CHOSEN));
        step.scroll_into_view_with_bool(false);
    }
}
