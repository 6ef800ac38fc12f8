//! The listener itself.

use std::{cell::RefCell, rc::Rc};

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{selector, sequences};

/// How long the first key of two is remembered.
const PATIENCE_MS: f64 = 1_500.0;

/// The key before, and when it was pressed.
type Before = Rc<RefCell<Option<(String, f64)>>>;

pub(super) fn listen(single_keys: bool) {
    let before = Before::default();
    window_event_listener(ev::keydown, move |event| {
        pressed(&before, single_keys, &event);
    });
    window_event_listener(ev::click, |event| dismiss(&event));
}

fn pressed(before: &Before, single_keys: bool, event: &ev::KeyboardEvent) {
    let is_plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
    if !single_keys || !is_plain || event.is_composing() || is_field(event.target()) {
        return;
    }
    let now = event.time_stamp();
    let last = before.borrow_mut().take();
    let last = last.filter(|(_, at)| now - at < PATIENCE_MS);
    let key = event.key();
    let wanted = sequences(last.as_ref().map(|(key, _)| key.as_str()), &key);
    let found = wanted.iter().find_map(|sequence| element(sequence));
    if let Some(element) = found {
        event.prevent_default();
        use_element(&element);
    } else if key.len() == 1 {
        *before.borrow_mut() = Some((key, now));
    }
}

/// The first element of the sequence that can be seen, outside of closed layers.
fn element(sequence: &str) -> Option<HtmlElement> {
    let selector = selector(sequence)?;
    document().query_selector(&selector).ok()??.dyn_into().ok()
}

/// A field takes the focus; anything else is clicked.
fn use_element(element: &HtmlElement) {
    if is_field_element(element) {
        // An element that refuses the focus stays as it is.
        drop(element.focus());
    } else {
        element.click();
    }
}

fn is_field(target: Option<web_sys::EventTarget>) -> bool {
    let element = target.and_then(|target| target.dyn_into::<Element>().ok());
    element.is_some_and(|element| is_field_element(&element))
}

fn is_field_element(element: &Element) -> bool {
    element
        .matches(
            "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]",
        )
        .unwrap_or(false)
}

/// A click on `data-dismiss=".x"` removes the nearest `.x` around it.
fn dismiss(event: &ev::MouseEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let button = target.and_then(|target| target.closest("[data-dismiss]").ok().flatten());
    let Some(button) = button else {
        return;
    };
    let selector = button.get_attribute("data-dismiss").unwrap_or_default();
    if let Ok(Some(layer)) = button.closest(&selector) {
        layer.remove();
    }
}
