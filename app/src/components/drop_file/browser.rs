//! The page's listeners for what is dragged over it. Files come as values without a type: the types that
//! the browser has for them would make the wasm larger than what is done here.

use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{Event, HtmlFormElement};

pub(super) fn take(form: String, is_over: RwSignal<bool>) {
    listen("dragover", move |event| {
        if has_files(event) {
            // Without this the browser would open the file in place of the page.
            event.prevent_default();
            is_over.set(true);
        }
    });
    listen("dragleave", move |_| is_over.set(false));
    listen("drop", move |event| {
        is_over.set(false);
        if has_files(event) {
            event.prevent_default();
            // A form that is not there has no file to take.
            send(&form, event);
        }
    });
}

fn listen(event: &str, on: impl Fn(&Event) + 'static) {
    let on = Closure::<dyn FnMut(Event)>::new(move |event: Event| on(&event));
    // It lives as long as the page.
    let on = on.into_js_value();
    drop(document().add_event_listener_with_callback(event, on.unchecked_ref()));
}

fn dragged(event: &Event, what: &str) -> Option<JsValue> {
    let transfer = Reflect::get(event, &"dataTransfer".into()).ok()?;
    Reflect::get(&transfer, &what.into()).ok()
}

fn has_files(event: &Event) -> bool {
    let types = dragged(event, "types");
    types.is_some_and(|types| Array::from(&types).includes(&"Files".into(), 0))
}

fn send(form: &str, event: &Event) -> Option<()> {
    let form = document().get_element_by_id(form)?;
    let field = form.query_selector("input[type=file]").ok()??;
    Reflect::set(&field, &"files".into(), &dragged(event, "files")?).ok()?;
    let form = form.dyn_into::<HtmlFormElement>().ok()?;
    form.request_submit().ok()
}
