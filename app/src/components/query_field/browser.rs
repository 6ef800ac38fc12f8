//! What happens in the field.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use super::{Completion, id};
use crate::suggest::{completed, place, suggest};

/// The browser's own list is for those who have no other.
pub(super) fn replace_list(completion: Completion) {
    Effect::new(move |_| {
        if let Some(field) = completion.field.get() {
            drop(field.remove_attribute("list"));
        }
    });
}

/// The text and the place of the caret in it.
fn written(field: &HtmlInputElement) -> (String, usize) {
    let text = field.value();
    let units = field.selection_start().ok().flatten();
    let caret = units.map_or(text.len(), |units| place(&text, units as usize));
    (text, caret)
}

/// Offers what could be written at the caret.
pub(super) fn look(completion: Completion) {
    let Some(field) = completion.field.get_untracked() else {
        return;
    };
    let (text, caret) = written(&field);
    let found = completion
        .keys
        .with_value(|keys| suggest(keys, &text, caret));
    completion.active.set(None);
    completion.offered.set(found);
}

pub(super) fn press(completion: Completion, event: &ev::KeyboardEvent) {
    let n = completion.offered.with_untracked(Vec::len);
    let active = completion.active.get_untracked();
    match event.key().as_str() {
        "ArrowDown" if n == 0 => {
            look(completion);
            let is_offered = completion
                .offered
                .with_untracked(|offered| !offered.is_empty());
            completion.active.set(is_offered.then_some(0));
        }
        "ArrowDown" => step(completion, active.map_or(0, |at| (at + 1) % n)),
        "ArrowUp" if n > 0 => step(
            completion,
            active.unwrap_or(0).checked_sub(1).unwrap_or(n - 1),
        ),
        "Enter" => match active {
            Some(at) => choose(completion, at),
            // The form is sent.
            None => return,
        },
        "Escape" if n > 0 => completion.offered.set(Vec::new()),
        _ => return,
    }
    event.prevent_default();
}

fn step(completion: Completion, at: usize) {
    completion.active.set(Some(at));
    let option = document().get_element_by_id(&id(at));
    if let Some(option) = option {
        let option: &Element = option.unchecked_ref();
        option.scroll_into_view_with_bool(false);
    }
}

/// Writes one of them; behind a key, its values are offered at once.
pub(super) fn choose(completion: Completion, at: usize) {
    let chosen = completion
        .offered
        .with_untracked(|offered| offered.get(at).cloned());
    let (Some(field), Some(chosen)) = (completion.field.get_untracked(), chosen) else {
        return;
    };
    let (text, caret) = written(&field);
    let (text, caret) = completed(&text, caret, &chosen.text);
    let units = text[..caret].encode_utf16().count();
    field.set_value(&text);
    let units = u32::try_from(units).ok();
    // Without it the caret is at the end, which is right most of the time.
    drop(field.set_selection_start(units));
    drop(field.set_selection_end(units));
    if chosen.text.ends_with(':') {
        look(completion);
    } else {
        completion.active.set(None);
        completion.offered.set(Vec::new());
    }
}
