//! The listeners of a guarded form.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{AddEventListenerOptions, Element, Event, HtmlFormElement, HtmlInputElement};

pub(super) fn guard(form: &str, is_busy: RwSignal<bool>) {
    let form = document().get_element_by_id(form);
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return;
    };
    listen(&form, "invalid", |event| {
        if let Some(field) = field_of(event) {
            let words = field.validation_message().unwrap_or_default();
            mark(&field, &words);
        }
    });
    listen(&form, "input", |event| {
        if let Some(field) = field_of(event) {
            mark(&field, "");
        }
    });
    // Sent is sent: the answer is another page, unless a button only changes the form.
    listen(&form, "submit", move |event| {
        is_busy.set(!changes_form(event));
    });
}

fn listen(form: &HtmlFormElement, event: &str, on: impl Fn(&Event) + 'static) {
    let on = Closure::<dyn FnMut(Event)>::new(move |event: Event| on(&event));
    let options = AddEventListenerOptions::new();
    // A field that is invalid does not tell its form by itself.
    options.set_capture(true);
    // The form lives as long as the page, and so do its listeners.
    let on = on.into_js_value();
    drop(
        form.add_event_listener_with_callback_and_add_event_listener_options(
            event,
            on.unchecked_ref(),
            &options,
        ),
    );
}

/// Whether the button that sent the form asks for no more than the form with other fields: what is in
/// them need not be right then.
fn changes_form(event: &Event) -> bool {
    let button = js_sys::Reflect::get(event, &JsValue::from_str("submitter")).ok();
    let button = button.and_then(|button| button.dyn_into::<Element>().ok());
    button.is_some_and(|button| button.has_attribute("formnovalidate"))
}

/// The field an event is about. A select or a text area answers to the same names.
fn field_of(event: &Event) -> Option<HtmlInputElement> {
    let field = event.target()?;
    field.has_type::<Element>().then(|| field.unchecked_into())
}

fn mark(field: &HtmlInputElement, words: &str) {
    let error = document().get_element_by_id(&format!("{}-error", field.id()));
    if words.is_empty() {
        drop(field.remove_attribute("aria-invalid"));
    } else {
        drop(field.set_attribute("aria-invalid", "true"));
    }
    if let Some(error) = error {
        error.set_text_content(Some(words));
        drop(error.toggle_attribute_with_force("hidden", words.is_empty()));
    }
}
