//! Follows a form while it is filled in.

use std::{cell::Cell, collections::BTreeSet, rc::Rc, time::Duration};

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{Element, FormData, HtmlElement, HtmlFormElement, RequestInit, UrlSearchParams};

use super::Freshness;
use crate::{browser, preview::Preview};

const FORM: &str = "resource-form";
/// How long after the last key the server is asked.
const PAUSE: Duration = Duration::from_millis(350);

/// What the listeners share.
#[derive(Clone)]
struct Following {
    form: HtmlFormElement,
    check: Rc<str>,
    preview: RwSignal<Preview>,
    freshness: RwSignal<Freshness>,
    /// Fields that were changed; only these are told at once that they are wrong.
    touched: StoredValue<BTreeSet<String>>,
    /// Counts questions, so that an old answer does not replace a newer one.
    asked: Rc<Cell<u32>>,
    pending: Rc<Cell<Option<TimeoutHandle>>>,
    is_sent: Rc<Cell<bool>>,
}

/// Asks the server again after every change of the form.
pub(super) fn follow(check: String, preview: RwSignal<Preview>, freshness: RwSignal<Freshness>) {
    let form = document().get_element_by_id(FORM);
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return;
    };
    let following = Following {
        form,
        check: check.into(),
        preview,
        freshness,
        touched: StoredValue::new(BTreeSet::new()),
        asked: Rc::default(),
        pending: Rc::default(),
        is_sent: Rc::default(),
    };
    let on_input = {
        let following = following.clone();
        move |event: web_sys::Event| following.changed(&event)
    };
    listen(&following.form, "input", on_input);
    let is_sent = Rc::clone(&following.is_sent);
    listen(&following.form, "submit", move |_| is_sent.set(true));
    let on_key = following.clone();
    window_event_listener(ev::keydown, move |event| on_key.pressed(&event));
    window_event_listener(ev::beforeunload, move |event| {
        let is_changed = following.touched.with_value(|touched| !touched.is_empty());
        if is_changed && !following.is_sent.get() {
            event.prevent_default();
        }
    });
    focus_problems();
}

fn listen(form: &HtmlFormElement, event: &str, on: impl FnMut(web_sys::Event) + 'static) {
    let on = Closure::<dyn FnMut(web_sys::Event)>::new(on);
    // The form lives as long as the page, and so does the listener.
    let on = on.into_js_value();
    drop(form.add_event_listener_with_callback(event, on.unchecked_ref()));
}

/// A form that came back says first what is wrong.
fn focus_problems() {
    let problems = document().get_element_by_id("form-problems");
    if let Some(problems) = problems.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        drop(problems.focus());
    }
}

impl Following {
    fn changed(&self, event: &web_sys::Event) {
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(name) = target.and_then(|target| target.get_attribute("name")) {
            self.touched.update_value(|touched| {
                touched.insert(name);
            });
        }
        self.freshness.set(Freshness::Asking);
        if let Some(pending) = self.pending.take() {
            pending.clear();
        }
        let asking = self.clone();
        let pending = set_timeout_with_handle(move || asking.ask(), PAUSE);
        self.pending.set(pending.ok());
    }

    /// Ctrl Enter and Ctrl S send the form.
    fn pressed(&self, event: &ev::KeyboardEvent) {
        let is_command = event.ctrl_key() || event.meta_key();
        let sends = matches!(event.key().as_str(), "Enter" | "s" | "S");
        if is_command && sends {
            event.prevent_default();
            drop(self.form.request_submit());
        }
    }

    fn ask(self) {
        self.asked.set(self.asked.get() + 1);
        let question = self.asked.get();
        spawn_local(async move {
            let preview = self.answer().await;
            if self.asked.get() != question {
                return;
            }
            match preview {
                Some(preview) => {
                    self.mark(&preview);
                    self.preview.set(preview);
                    self.freshness.set(Freshness::Current);
                }
                None => self.freshness.set(Freshness::Unknown),
            }
        });
    }

    async fn answer(&self) -> Option<Preview> {
        let fields: JsValue = FormData::new_with_form(&self.form).ok()?.into();
        let fields = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(&fields);
        let response = browser::fetch(&self.check, &init).await.ok()?;
        let answer = browser::body(&response).await.ok()?;
        serde_json::from_str(&answer).ok()
    }

    /// Says at every field that was changed whether it is right now.
    fn mark(&self, preview: &Preview) {
        self.touched.with_value(|touched| {
            for field in touched {
                let problems = preview.errors.iter();
                let own = problems.filter(|problem| problem.field.as_ref() == Some(field));
                let messages: Vec<_> = own.map(|problem| problem.message.as_str()).collect();
                mark_field(field, &messages.join("; "));
            }
        });
    }
}

fn mark_field(field: &str, message: &str) {
    let by_id = |id: &str| document().get_element_by_id(id);
    let Some(error) = by_id(&format!("{field}-error")) else {
        return;
    };
    error.set_text_content(Some(message));
    if message.is_empty() {
        drop(error.set_attribute("hidden", ""));
    } else {
        drop(error.remove_attribute("hidden"));
    }
    let Some(control) = by_id(field) else {
        return;
    };
    if message.is_empty() {
        drop(control.remove_attribute("aria-invalid"));
    } else {
        drop(control.set_attribute("aria-invalid", "true"));
    }
}
