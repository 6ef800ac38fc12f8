//! Sends the question and reads what comes back.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{
    AbortController, Event, FormData, Headers, HtmlFormElement, RequestInit, Response,
    UrlSearchParams,
};

use super::{Answer, Asked, Phase, Said, add};
use crate::{browser, sse::Lines};

/// The fields that name the models.
const MODELS: [&str; 2] = ["model", "compare"];

/// The question that is under way.
pub(super) type Request = StoredValue<Option<AbortController>, LocalStorage>;

/// Asks whenever the form is sent.
pub(super) fn ask(form: &str, asked: Asked) -> Request {
    let request = StoredValue::new_local(None);
    let form = document().get_element_by_id(form);
    let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return request;
    };
    let own = form.clone();
    let on_submit = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        event.prevent_default();
        if asked.phase.get_untracked() != Phase::Asking {
            send(own.clone(), asked, request);
        }
    });
    // The form lives as long as the page, and so does its listener.
    let on_submit = on_submit.into_js_value();
    drop(form.add_event_listener_with_callback("submit", on_submit.unchecked_ref()));
    request
}

/// Lets go of the answers, which ends them.
pub(super) fn stop(request: Request, asked: Asked) {
    asked.phase.set(Phase::Stopped);
    request.update_value(|request| {
        if let Some(controller) = request.take() {
            controller.abort();
        }
    });
}

fn send(form: HtmlFormElement, asked: Asked, request: Request) {
    let controller = AbortController::new().ok();
    request.set_value(controller.clone());
    asked.answers.set(models(&form));
    asked.phase.set(Phase::Asking);
    spawn_local(async move {
        let end = match post(&form, controller.as_ref()).await {
            Ok(response) if is_stream(&response) => read(&response, asked).await,
            // What is wrong with the form is on the page that it posts itself to.
            Ok(_) => form.submit(),
            Err(error) => Err(error),
        };
        if let Err(error) = end
            && asked.phase.get_untracked() == Phase::Asking
        {
            asked.phase.set(Phase::Broken(browser::reason(&error)));
        }
    });
}

fn models(form: &HtmlFormElement) -> Vec<Answer> {
    let fields = FormData::new_with_form(form).ok();
    let named = |field: &&str| fields.as_ref()?.get(field).as_string();
    let models = MODELS.iter().filter_map(named);
    let answer = |model: String| Answer {
        model: model.trim().to_owned(),
        ..Answer::default()
    };
    let answers = models.map(answer);
    answers.filter(|answer| !answer.model.is_empty()).collect()
}

async fn post(
    form: &HtmlFormElement,
    controller: Option<&AbortController>,
) -> Result<Response, JsValue> {
    let fields: JsValue = FormData::new_with_form(form)?.into();
    let headers = Headers::new()?;
    headers.set("accept", "text/event-stream")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&UrlSearchParams::new_with_str_sequence_sequence(&fields)?.into());
    init.set_signal(controller.map(AbortController::signal).as_ref());
    browser::fetch(&window().location().pathname()?, &init).await
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get("content-type").ok().flatten();
    response.ok() && kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

async fn read(response: &Response, asked: Asked) -> Result<(), JsValue> {
    let mut lines = Lines::default();
    let mut end = None;
    browser::pieces(response, |piece| {
        for data in lines.feed(piece) {
            match serde_json::from_str(&data) {
                Ok(Said::Words {
                    answer,
                    text,
                    first_token_ms,
                }) => asked
                    .answers
                    .update(|answers| add(answers, answer, &text, first_token_ms)),
                Ok(Said::End { href }) => end = Some(href),
                Err(_) => {}
            }
        }
    })
    .await?;
    match end {
        Some(href) => browser::open(&href),
        None => return Err(js_sys::Error::new("it broke the answer off").into()),
    }
    Ok(())
}
