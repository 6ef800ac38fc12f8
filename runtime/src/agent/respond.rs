//! An answer in OpenAI's shapes: whole, or as server-sent events.

use std::{convert::Infallible, time::Duration};

use api::chat::{
    ChatChunk, ChatResponse, Choice, ChunkChoice, Delta, ErrorBody, Message, Role, Usage,
};
use axum::{
    Json,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;

use super::{error::ChatError, events::Update};
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
            message: Message::text(Role::Assistant, answer.content),
            finish_reason: Some(answer.finish.as_str().to_owned()),
        }],
        usage: Some(answer.usage),
        session_id: Some(envelope.session_id),
        trace_id: Some(envelope.trace_id),
    };
    (headers, Json(body)).into_response()
}

/// A run that is under way.
pub(super) struct Running {
    /// What it tells.
    pub(super) updates: mpsc::Receiver<Update>,
    /// How it ends.
    pub(super) outcome: oneshot::Receiver<Result<Answer, ChatError>>,
    /// Cancels it when the client goes away.
    pub(super) guard: DropGuard,
}

/// The answer while it comes. `first` is what the run told already.
pub(super) fn streamed(
    envelope: Envelope,
    first: Vec<Update>,
    run: Running,
    include_usage: bool,
) -> Response {
    let Running {
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
    let told = stream::iter(first).chain(stream::unfold(updates, |mut updates| async {
        updates.recv().await.map(|update| (update, updates))
    }));
    let pieces = {
        let envelope = envelope.clone();
        told.map(move |update| data(&envelope.piece(delta(update), None)))
    };
    let closing = stream::once(async move {
        let events = closing(&envelope, outcome.await, include_usage);
        drop(guard);
        stream::iter(events)
    })
    .flatten();
    let events = stream::once(async move { data(&opening) })
        .chain(pieces)
        .chain(closing);
    (headers, sse(events)).into_response()
}

fn delta(update: Update) -> Delta {
    match update {
        Update::Text(text) => Delta {
            content: Some(text),
            ..Delta::default()
        },
        Update::Event(event) => Delta {
            kaos: Some(event),
            ..Delta::default()
        },
    }
}

fn closing(
    envelope: &Envelope,
    outcome: Result<Result<Answer, ChatError>, oneshot::error::RecvError>,
    include_usage: bool,
) -> Vec<Event> {
    let mut events = match outcome.unwrap_or(Err(ChatError::Cancelled)) {
        Ok(answer) => {
            let finish = Some(answer.finish.as_str().to_owned());
            let last = data(&envelope.piece(Delta::default(), finish));
            let usage = include_usage.then(|| data(&envelope.chunk(vec![], Some(answer.usage))));
            std::iter::once(last).chain(usage).collect()
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

fn sse(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let stream = Sse::new(events.map(Ok::<_, Infallible>))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping"));
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
