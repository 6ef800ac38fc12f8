//! One request to a model and its answer, whole or streamed, none of it waited for too long.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::chat::{ChatChunk, ChatRequest, ChatResponse, ErrorBody};
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::{
    Listener, Reply, Timeouts,
    assemble::Assembly,
    error::{ModelError, Waited},
};
use crate::{transport::Transport, turn::ModelAnswer};

/// The longest answer that is read, and the longest piece of one.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The longest error body that is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Where and how a question is asked.
#[derive(Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) transport: &'a Transport,
    /// Base URL, without `/v1`.
    pub(super) base_url: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) timeouts: &'a Timeouts,
    /// When the answer must have ended.
    pub(super) deadline: Instant,
}

impl Exchange<'_> {
    /// Asks, and hears the answer to its end. A request that streams is heard by `listener` as it
    /// comes.
    pub(super) async fn ask(
        self,
        request: &ChatRequest,
        listener: &mut dyn Listener,
    ) -> Result<Reply, ModelError> {
        let deadline = self.deadline;
        let late = self.late(Waited::End, self.timeouts.total);
        let exchange = pin!(self.exchange(request, listener));
        timeout_at(deadline, exchange).await.unwrap_or(Err(late))
    }

    async fn exchange(
        self,
        request: &ChatRequest,
        listener: &mut dyn Listener,
    ) -> Result<Reply, ModelError> {
        let post = self.post(request)?;
        let sending = pin!(self.transport.send(post));
        // Who answers in one piece says nothing until the answer is complete.
        let (begun_by, sent) = if request.streams() {
            let limit = self.timeouts.first_byte;
            let begun_by = Instant::now() + limit;
            let sent = timeout_at(begun_by, sending).await;
            (
                begun_by,
                sent.map_err(|_| self.late(Waited::FirstByte, limit))?,
            )
        } else {
            (self.deadline, sending.await)
        };
        let response = sent.map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(self.refusal(response, begun_by).await);
        }
        let pieces = self.pieces(response.into_body(), begun_by);
        if request.streams() {
            read_stream(pieces, listener).await
        } else {
            read_whole(pieces).await
        }
    }

    fn post(&self, request: &ChatRequest) -> Result<Request<Body>, ModelError> {
        let body = serde_json::to_vec(request)
            .map_err(|error| ModelError::Understand(format!("the question is no JSON: {error}")))?;
        let url = format!(
            "{}/v1/chat/completions",
            self.base_url.trim_end_matches('/')
        );
        let mut post = Request::builder()
            .method(Method::POST)
            .uri(&url)
            .body(Body::from(body))
            .map_err(|error| self.unreachable(&error))?;
        *post.headers_mut() = self.headers.clone();
        let json = HeaderValue::from_static("application/json");
        post.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(post)
    }

    fn unreachable(&self, error: &dyn std::error::Error) -> ModelError {
        ModelError::Reach {
            url: self.base_url.to_owned(),
            reason: error.to_string(),
        }
    }

    fn late(&self, waited: Waited, limit: Duration) -> ModelError {
        ModelError::TimeOut {
            url: self.base_url.to_owned(),
            waited,
            limit,
        }
    }

    async fn refusal(&self, response: Response<Body>, begun_by: Instant) -> ModelError {
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
        let body = timeout_at(begun_by, to_bytes(response.into_body(), MAX_ERROR_BYTES)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let (message, code) = match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(ErrorBody { error }) => (error.message, error.code),
            Err(_) => (format!("the model API answered {status}"), None),
        };
        ModelError::Refuse {
            status,
            message,
            code,
            retry_after,
        }
    }

    /// The bytes of an answer; it ends with an error when they stop coming.
    fn pieces(
        &self,
        body: Body,
        begun_by: Instant,
    ) -> impl Stream<Item = Result<Bytes, ModelError>> + Unpin + use<> {
        let (url, idle) = (self.base_url.to_owned(), self.timeouts.idle);
        let first_byte = self.timeouts.first_byte;
        let beginning = Some(begun_by);
        let body = body.into_data_stream();
        Box::pin(stream::try_unfold(
            (body, beginning),
            move |(mut body, beginning)| {
                // The time the listener took for the last piece is not the model's.
                let by = beginning.unwrap_or_else(|| Instant::now() + idle);
                let (waited, limit) = match beginning {
                    Some(_) => (Waited::FirstByte, first_byte),
                    None => (Waited::NextByte, idle),
                };
                let url = url.clone();
                async move {
                    let piece = timeout_at(by, body.next())
                        .await
                        .map_err(|_| ModelError::TimeOut { url, waited, limit })?
                        .transpose()
                        .map_err(|error| ModelError::BreakOff(error.to_string()))?;
                    Ok(piece.map(|piece| (piece, (body, None))))
                }
            },
        ))
    }
}

async fn read_whole(
    mut pieces: impl Stream<Item = Result<Bytes, ModelError>> + Unpin,
) -> Result<Reply, ModelError> {
    let mut body = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        if body.len() + piece.len() > MAX_ANSWER_BYTES {
            return Err(too_long());
        }
        body.extend_from_slice(&piece);
    }
    let response: ChatResponse = serde_json::from_slice(&body)
        .map_err(|error| ModelError::Understand(format!("it is no chat completion: {error}")))?;
    let choice = response
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| ModelError::Understand("it has no choices".to_owned()))?;
    Ok(Reply {
        answer: ModelAnswer {
            content: choice.message.words(),
            calls: choice.message.tool_calls,
            finish_reason: choice.finish_reason,
            usage: response.usage.unwrap_or_default(),
        },
        id: response.id,
        model: response.model,
        asked: String::new(),
    })
}

async fn read_stream(
    pieces: impl Stream<Item = Result<Bytes, ModelError>> + Unpin,
    listener: &mut dyn Listener,
) -> Result<Reply, ModelError> {
    let unread = Arc::new(AtomicUsize::new(0));
    let mut events = bounded(pieces, Arc::clone(&unread)).eventsource();
    let mut assembly = Assembly::default();
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| match error {
            EventStreamError::Transport(error) => error,
            EventStreamError::Utf8(error) => ModelError::Understand(error.to_string()),
            EventStreamError::Parser(error) => ModelError::Understand(error.to_string()),
        })?;
        unread.store(0, Ordering::Relaxed);
        if event.data == "[DONE]" {
            return Ok(assembly.finish());
        }
        if let Ok(ErrorBody { error }) = serde_json::from_str(&event.data) {
            return Err(ModelError::Refuse {
                status: StatusCode::BAD_GATEWAY,
                message: error.message,
                code: error.code,
                retry_after: None,
            });
        }
        let mut chunk: ChatChunk = serde_json::from_str(&event.data).map_err(|error| {
            ModelError::Understand(format!("a piece of it is no chat chunk: {error}"))
        })?;
        let choice = chunk.choices.first_mut();
        if let Some(event) = choice.and_then(|choice| choice.delta.kaos.take()) {
            listener.event(event).await;
        }
        let text = assembly.add(chunk);
        if assembly.bytes() > MAX_ANSWER_BYTES {
            return Err(too_long());
        }
        if let Some(text) = text {
            listener.text(&text).await;
        }
    }
    if assembly.is_finished() {
        return Ok(assembly.finish());
    }
    let message = "the stream stopped in the middle".to_owned();
    Err(ModelError::BreakOff(message))
}

/// The pieces, until an event that does not end becomes too long. `unread` counts the bytes since the
/// last event.
fn bounded(
    pieces: impl Stream<Item = Result<Bytes, ModelError>> + Unpin,
    unread: Arc<AtomicUsize>,
) -> impl Stream<Item = Result<Bytes, ModelError>> + Unpin {
    pieces.map(move |piece| {
        let piece = piece?;
        let before = unread.fetch_add(piece.len(), Ordering::Relaxed);
        if before + piece.len() > MAX_ANSWER_BYTES {
            return Err(too_long());
        }
        Ok(piece)
    })
}

fn too_long() -> ModelError {
    ModelError::Understand(format!("it is longer than {MAX_ANSWER_BYTES} bytes"))
}
