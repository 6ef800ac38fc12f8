//! Sends a message to an agent where no scripts run: begins a run that goes on by itself, and leads to
//! its session, which shows what comes of it.

use api::chat::{ChatRequest, Message, Role};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use tower::ServiceExt;

use super::{Fields, Refused, Sent};
use crate::{
    components::instead::Why,
    kinds::Kind,
    site::{Ports, render_again},
    url::Encoded,
};

/// More than an error ever says.
const LONGEST_ERROR: usize = 64 * 1024;

/// `POST /ns/{ns}/agents/{name}/chat`.
pub(in crate::site) async fn begin(
    State(ports): State<Ports>,
    Path((namespace, name)): Path<(String, String)>,
    sent: Sent,
) -> Response {
    post(ports, (namespace, name, None), sent).await
}

/// `POST /ns/{ns}/agents/{name}/chat/{session}`.
pub(in crate::site) async fn go_on(
    State(ports): State<Ports>,
    Path((namespace, name, session)): Path<(String, String, String)>,
    sent: Sent,
) -> Response {
    post(ports, (namespace, name, Some(session)), sent).await
}

async fn post(
    ports: Ports,
    (namespace, name, session): (String, String, Option<String>),
    Sent { head, fields }: Sent,
) -> Response {
    let text = fields.text("message");
    let page = format!("{}/chat", Kind::Agent.href(&namespace, &name));
    if text.is_empty() {
        return Redirect::to(head.uri.path()).into_response();
    }
    let asked = ChatRequest {
        messages: vec![Message::text(Role::User, text)],
        stream: Some(true),
        session_id: session,
        rest: options(&fields),
        ..ChatRequest::default()
    };
    match start(&ports, &namespace, &name, &asked).await {
        Ok(begun) => Redirect::to(&format!("{page}/{}", Encoded(&begun.session))).into_response(),
        Err(message) => {
            let what = "The answer".to_owned();
            let refused = Refused::Failure(Why::Failed { what, message });
            render_again(ports, head, StatusCode::BAD_GATEWAY, refused).await
        }
    }
}

/// What the request asks besides the message. What is no number is left to the agent to refuse.
fn options(fields: &Fields) -> Map<String, Value> {
    let names = ["seed", "temperature", "max_steps"];
    let set = names.into_iter().filter_map(|name| {
        let text = fields.text(name);
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text.clone()));
        (!text.is_empty()).then(|| (name.to_owned(), value))
    });
    set.collect()
}

/// A run that goes on by itself.
pub(super) struct Begun {
    session: String,
    pub(super) trace_id: String,
}

/// Begins a run; why the agent refused otherwise.
pub(super) async fn start(
    ports: &Ports,
    namespace: &str,
    name: &str,
    asked: &ChatRequest,
) -> Result<Begun, String> {
    let body = serde_json::to_string(asked).map_err(|error| error.to_string())?;
    let uri = format!(
        "/agents/{}/{}/v1/chat/completions",
        Encoded(namespace),
        Encoded(name)
    );
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        // It goes on when nobody reads its stream, which nobody will.
        .header("x-kaos-run", "detached")
        .body(Body::from(body))
        .map_err(|error| error.to_string())?;
    // A router's error type has no values.
    let Ok(response) = ports.agents.clone().oneshot(request).await;
    let status = response.status();
    let headers = response.headers();
    let ids = id(headers, "x-session-id").zip(id(headers, "x-trace-id"));
    if let Some((session, trace_id)) = ids.filter(|_| status.is_success()) {
        return Ok(Begun { session, trace_id });
    }
    let body = axum::body::to_bytes(response.into_body(), LONGEST_ERROR).await;
    let body = body.unwrap_or_default();
    let error = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let message = error["error"]["message"].as_str();
    Err(match message {
        Some(message) => message.to_owned(),
        None => format!("{name} answered with HTTP {status}"),
    })
}

fn id(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
