//! An answer in OpenAI's shapes: whole, or as server-sent events.

use std::time::Duration;

use api::chat::{
    ChatChunk, ChatResponse, Choice, ChunkChoice, Content, Delta, ErrorBody, FunctionDelta,
    Message, Role, ToolCall, ToolCallDelta, Usage,
};
use axum::{
    Json,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, future, stream};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;

use super::{
    error::ChatError,
    events::{FellBehind, Update},
    progress::{Form, Teller},
    start::Started,
};
use crate::turn::Answer;

/// Carries the trace id of every answer.
pub(super) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-trace-id");
/// Carries the session, in both directions.
pub(super) const SESSION_HEADER: HeaderName = HeaderName::from_static("x-session-id");

/// Proxies between us and the client close connections that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What all pieces of one answer say alike.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
    pub(super) session_id: String,
    pub(super) trace_id: String,
}

impl Envelope {
    /// The headers every answer of this run carries.
    pub(super) fn headers(&self) -> HeaderMap {
        let values = [
            (TRACE_HEADER, &self.trace_id),
            (SESSION_HEADER, &self.session_id),
        ];
        values
            .into_iter()
            .filter_map(|(name, text)| Some((name, HeaderValue::from_str(text).ok()?)))
            .collect()
    }

    fn chunk(&self, choices: Vec<ChunkChoice>, usage: Option<Usage>) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            choices,
            usage,
            session_id: Some(self.session_id.clone()),
            trace_id: Some(self.trace_id.clone()),
        }
    }

    fn piece(&self, delta: Delta, finish_reason: Option<String>) -> ChatChunk {
        self.chunk(
            vec![ChunkChoice {
                index: 0,
                delta,
                finish_reason,
            }],
            None,
        )
    }
}

/// The whole answer at once.
pub(super) fn whole(envelope: Envelope, answer: Answer) -> Response {
    let headers = envelope.headers();
    let body = ChatResponse {
        id: envelope.id,
        object: "chat.completion".to_owned(),
        created: envelope.created,
        model: envelope.model,
        choices: vec![Choice {
            index: 0,
            finish_reason: Some(answer.finish.as_str().to_owned()),
            message: message(answer.content, answer.calls),
        }],
        usage: Some(answer.usage),
        session_id: Some(envelope.session_id),
        trace_id: Some(envelope.trace_id),
    };
    (headers, Json(body)).into_response()
}

fn message(content: String, tool_calls: Vec<ToolCall>) -> Message {
    // Who only calls says nothing at all, in OpenAI's answers.
    let only_calls = content.is_empty() && !tool_calls.is_empty();
    Message {
        content: (!only_calls).then_some(Content::Text(content)),
        tool_calls,
        ..Message::text(Role::Assistant, "")
    }
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastChunk {
    /// With the chunk that says why.
    FinishReason,
    /// With one more that carries the usage.
    Usage,
}

/// The answer while it comes. `first` is what the run told already.
pub(super) fn streamed(
    run: Started,
    first: Vec<Result<Update, FellBehind>>,
    form: Form,
    last: LastChunk,
) -> Response {
    let Started {
        envelope,
        updates,
        outcome,
        guard,
    } = run;
    let headers = envelope.headers();
    let role = Delta {
        role: Some(Role::Assistant),
        ..Delta::default()
    };
    let opening = envelope.piece(role, None);
    let pieces = {
        let envelope = envelope.clone();
        let told = stream::iter(first).chain(updates);
        let mut teller = Teller::new(form);
        told.filter_map(move |update| {
            let piece = update.map(|update| teller.piece(update)).transpose();
            let event = |piece| data(&envelope.piece(piece, None));
            future::ready(piece.map(|piece| piece.map(event)))
        })
    };
    let closing = stream::once(async move {
        let events = closing(&envelope, outcome.await, last);
        drop(guard);
        stream::iter(events).map(Ok)
    })
    .flatten();
    let events = stream::once(async move { Ok(data(&opening)) })
        .chain(pieces)
        .chain(closing);
    (headers, sse(events)).into_response()
}

/// The calls the caller is to make, each in one piece.
fn calls(calls: Vec<ToolCall>) -> Option<Delta> {
    let piece = |(index, call): (u32, ToolCall)| ToolCallDelta {
        index,
        id: Some(call.id),
        kind: Some(call.kind),
        function: Some(FunctionDelta {
            name: Some(call.function.name),
            arguments: Some(call.function.arguments),
        }),
    };
    (!calls.is_empty()).then(|| Delta {
        tool_calls: (0..).zip(calls).map(piece).collect(),
        ..Delta::default()
    })
}

fn closing(envelope: &Envelope, outcome: Result<Answer, ChatError>, last: LastChunk) -> Vec<Event> {
    let mut events = match outcome {
        Ok(answer) => {
            let finish = Some(answer.finish.as_str().to_owned());
            let calls = calls(answer.calls).map(|calls| data(&envelope.piece(calls, None)));
            let why = data(&envelope.piece(Delta::default(), finish));
            let usage = match last {
                LastChunk::FinishReason => None,
                LastChunk::Usage => Some(data(&envelope.chunk(vec![], Some(answer.usage)))),
            };
            calls.into_iter().chain([why]).chain(usage).collect()
        }
        Err(error) => {
            let body: ErrorBody = error.body(Some(envelope.trace_id.clone()));
            vec![data(&body)]
        }
    };
    events.push(Event::default().data("[DONE]"));
    events
}

fn data(value: &impl Serialize) -> Event {
    // The types of a chunk always serialise; a comment is the harmless way to be wrong about it.
    Event::default()
        .json_data(value)
        .unwrap_or_else(|error| Event::default().comment(error.to_string()))
}

/// An error breaks the connection off, so that nobody takes half an answer for a whole one.
fn sse(events: impl Stream<Item = Result<Event, FellBehind>> + Send + 'static) -> Response {
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping"));
    let no_cache = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        // Nginx and others buffer a stream unless told not to.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (no_cache, stream).into_response()
}
