//! The same with `fetch`, in a browser.

use api::chat::{ChatRequest, ErrorDetail};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal, RequestInit, Response};

pub(in super::super) use crate::browser::replace_address;
use crate::{
    browser::{body, fetch, pieces, reason},
    components::chat::{
        run_state::Input,
        sse::{inputs, read_error},
    },
    markdown::Markdown,
    sse::Lines,
};

/// A message on its way, or a run that is followed.
pub(in super::super) struct Request(Option<AbortController>);

/// Lets go of the answer; the run goes on.
pub(in super::super) fn abort(request: Request) {
    if let Some(controller) = request.0 {
        controller.abort();
    }
}

/// Sends a message; `hear` is called with everything that comes back, and with the end.
pub(in super::super) fn send(
    path: String,
    asked: ChatRequest,
    hear: impl Fn(Input) + 'static,
) -> Request {
    let controller = AbortController::new().ok();
    let signal = controller.as_ref().map(AbortController::signal);
    spawn_local(async move {
        let response = post(&path, &asked, signal.as_ref()).await;
        hear(read(response, &hear).await);
    });
    Request(controller)
}

/// Reads the events of a run that goes on already, from the first on.
pub(in super::super) fn follow(run_id: &str, hear: impl Fn(Input) + 'static) -> Request {
    let path = format!("/api/runs/{run_id}/events?after=0");
    let controller = AbortController::new().ok();
    let init = RequestInit::new();
    init.set_signal(controller.as_ref().map(AbortController::signal).as_ref());
    spawn_local(async move {
        let response = fetch(&path, &init).await;
        hear(read(response, &hear).await);
    });
    Request(controller)
}

/// Stops a run. When nobody hears it, the run has ended or the program has.
pub(in super::super) fn cancel(run_id: &str) {
    let path = format!("/api/runs/{run_id}/cancel");
    spawn_local(async move {
        let init = RequestInit::new();
        init.set_method("POST");
        let _ = fetch(&path, &init).await;
    });
}

/// Reads a stream to its end, and says how it ended.
async fn read(response: Result<Response, JsValue>, hear: &impl Fn(Input)) -> Input {
    match response {
        Ok(response) if response.ok() => match read_stream(&response, hear).await {
            Ok(()) => Input::Ended,
            Err(error) => Input::Broken(broken(&error)),
        },
        Ok(response) => match body(&response).await {
            Ok(body) => Input::Failed(read_error(response.status(), &body)),
            Err(error) => Input::Broken(broken(&error)),
        },
        Err(error) => Input::Broken(broken(&error)),
    }
}

async fn read_stream(response: &Response, hear: &impl Fn(Input)) -> Result<(), JsValue> {
    let mut lines = Lines::default();
    pieces(response, |piece| {
        inputs(&mut lines, piece).into_iter().for_each(hear);
    })
    .await
}

async fn post(
    path: &str,
    asked: &ChatRequest,
    signal: Option<&AbortSignal>,
) -> Result<Response, JsValue> {
    let body = serde_json::to_string(asked).map_err(|error| error.to_string())?;
    let headers = web_sys::Headers::new()?;
    headers.set("content-type", "application/json")?;
    headers.set("accept", "text/event-stream")?;
    // The run goes on when this page goes, and says who it is before anything else.
    headers.set("x-kaos-run", "detached")?;
    // Steps are shown as they begin; an error then comes in the stream.
    headers.set("x-kaos-progress", "events")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&body.into());
    init.set_signal(signal);
    fetch(path, &init).await
}

/// The connection failed, or was let go of; the run knows which.
fn broken(error: &JsValue) -> ErrorDetail {
    ErrorDetail {
        message: format!("the connection to the agent broke: {}", reason(error)),
        kind: "connection_error".to_owned(),
        ..ErrorDetail::default()
    }
}

/// Shows what was heard: at once where nobody looks, as browsers draw no frames there, else before the next
/// frame, for which the first that is heard asks.
pub(in super::super) fn before_next_frame(is_first: bool, show: impl FnOnce() + 'static) {
    if document().hidden() {
        show();
    } else if is_first {
        request_animation_frame(show);
    }
}

/// Lets the server read an answer as Markdown; without it the answer stays plain words.
pub(in super::super) fn parse(answer: String, show: impl FnOnce(Markdown) + 'static) {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&answer.into());
    spawn_local(async move {
        let Ok(response) = fetch("/api/markdown", &init).await else {
            return;
        };
        let tree = body(&response).await.unwrap_or_default();
        if let Ok(markdown) = serde_json::from_str(&tree) {
            show(markdown);
        }
    });
}

/// The reader's clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "milliseconds since the epoch are positive and far below 2^53"
)]
pub(in super::super) fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}
