//! Asking a provider: what is sent to it, and how its answer comes back.
//!
//! The request is built from nothing: no header of the caller travels on, so neither baggage nor
//! cookies nor the caller's own credentials can leak to a provider.

mod address;
mod clients;
mod key;

use std::{error::Error, pin::pin, time::Duration};

use api::{money::Usd, plan::ResourceId};
use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use reqwest::Url;
use serde_json::Value;

pub(super) use self::clients::Clients;

use self::{address::Dialect, clients::ClientError, key::Key};
use super::{
    GatewayError,
    answer::{self, Bill},
    provider::StreamUsage,
    stream,
};

/// How long a provider may take until it begins to answer in a stream.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long it may take for an answer in one piece, which begins when it is complete.
const WHOLE_TIMEOUT: Duration = Duration::from_mins(5);
/// How long it may take for a list.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer read in one piece: lists of vectors are long.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How much of an error's body is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How much of it is shown when it is not OpenAI's kind.
const EXCERPT_CHARS: usize = 500;
/// The largest list of models read.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;
/// Where `LiteLLM` says what an answer costs.
const COST_HEADER: &str = "x-litellm-response-cost";

/// What a provider can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// An answer in a conversation.
    Chat,
    /// Vectors of texts.
    Embeddings,
}

/// A question that is ready to be sent.
pub(super) struct Question<'a> {
    pub(super) endpoint: Endpoint,
    /// The model, as the provider calls it.
    pub(super) model: &'a str,
    pub(super) streams: bool,
    pub(super) body: Bytes,
}

/// A provider as one `ModelAPI` uses it.
pub(super) struct Upstream {
    pub(super) id: ResourceId,
    base: Url,
    /// Host and port, nothing else of the URL.
    pub(super) host: String,
    /// Where conversations are, unless each model has a place of its own.
    chat: Option<Uri>,
    dialect: Dialect,
    key: Option<Key>,
    pub(super) stream_usage: StreamUsage,
}

impl Upstream {
    /// Asks, and passes the answer on as it comes, with what it costs in its usage.
    pub(super) async fn ask(
        &self,
        clients: &Clients,
        question: Question<'_>,
        bill: Bill,
    ) -> Result<Response, GatewayError> {
        let Question {
            endpoint,
            model,
            streams,
            body,
        } = question;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = self.key.as_ref().map(Key::for_questions) {
            headers.insert(name, value.clone());
        }
        let patience = if streams {
            FIRST_BYTE_TIMEOUT
        } else {
            WHOLE_TIMEOUT
        };
        let uri = self.uri(endpoint, model)?;
        let answer = self
            .wait(patience, clients.post(&uri, headers, body))
            .await?;
        if !answer.status().is_success() {
            return self.pass_on_error(&clients.long, answer, model).await;
        }
        if is_stream(&answer) {
            Ok(self.pass_on_stream(answer, bill))
        } else {
            self.pass_on_whole(answer, bill).await
        }
    }

    /// The names of the models the provider offers.
    pub(super) async fn list_models(
        &self,
        client: &reqwest::Client,
    ) -> Result<Vec<String>, GatewayError> {
        let headers = self.key.as_ref().map(Key::for_lists).unwrap_or_default();
        let call = client.get(self.url(&["models"], "")).headers(headers);
        let answer = self.wait(LIST_TIMEOUT, call.send()).await?;
        let status = answer.status();
        let body = self
            .read(Body::new(reqwest::Body::from(answer)), MAX_LIST_BYTES)
            .await?;
        let list: Option<Value> = serde_json::from_slice(&body).ok();
        let data = list.as_ref().and_then(|list| list.get("data")?.as_array());
        match data {
            Some(data) if status.is_success() => Ok(data
                .iter()
                .filter_map(|model| Some(model.get("id")?.as_str()?.to_owned()))
                .collect()),
            Some(_) | None => Err(self.foreign_error(status, &body)),
        }
    }

    /// Waits until an answer begins.
    async fn wait<T, E: Into<ClientError>>(
        &self,
        patience: Duration,
        asking: impl Future<Output = Result<T, E>>,
    ) -> Result<T, GatewayError> {
        match tokio::time::timeout(patience, pin!(asking)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.unreachable(&*error.into())),
            Err(_) => Err(GatewayError::AwaitModel {
                id: self.id.clone(),
                host: self.host.clone(),
                seconds: patience.as_secs(),
            }),
        }
    }

    async fn pass_on_whole(&self, answer: Response, bill: Bill) -> Result<Response, GatewayError> {
        let content_type = content_type(&answer);
        let cost = cost(answer.headers());
        let body = self.read(answer.into_body(), MAX_ANSWER_BYTES + 1).await?;
        if body.len() > MAX_ANSWER_BYTES {
            return Err(self.not_understood(&content_type, b"an answer that has no end"));
        }
        let body = answer::priced(body, cost, bill)
            .map_err(|body| self.not_understood(&content_type, &body))?;
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Ok(response)
    }

    /// The provider's events. When it breaks off, a last event says so, because the status has
    /// long been sent.
    fn pass_on_stream(&self, answer: Response, bill: Bill) -> Response {
        let (id, host) = (self.id.clone(), self.host.clone());
        let broken = move |reason: String| GatewayError::ReachModel {
            id: id.clone(),
            host: host.clone(),
            reason: format!("the answer broke off ({reason})"),
        };
        let pieces = answer.into_body().into_data_stream();
        let pieces = pieces.map_err(|error| innermost(&error));
        let mut response = Response::new(Body::from_stream(stream::priced(pieces, bill, broken)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// The provider's error, as it is when it is OpenAI's kind, else told in our words.
    async fn pass_on_error(
        &self,
        client: &reqwest::Client,
        answer: Response,
        model: &str,
    ) -> Result<Response, GatewayError> {
        let status = answer.status();
        let retry_after = answer.headers().get(RETRY_AFTER).cloned();
        let body = self.read(answer.into_body(), MAX_ERROR_BYTES).await?;
        if status == StatusCode::NOT_FOUND {
            self.find_model(client, model).await?;
        }
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let message = parsed
            .as_ref()
            .and_then(|body| body.pointer("/error/message"));
        if !message.is_some_and(Value::is_string) || status.is_redirection() {
            return Err(self.foreign_error(status, &body));
        }
        let mut response = Response::new(Body::from(self.without_key(&body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(retry_after) = retry_after {
            headers.insert(RETRY_AFTER, retry_after);
        }
        Ok(response)
    }

    /// Fails when the provider lists its models and this is not among them.
    async fn find_model(&self, client: &reqwest::Client, model: &str) -> Result<(), GatewayError> {
        let Ok(offered) = self.list_models(client).await else {
            // What the provider said itself has to do.
            return Ok(());
        };
        if offered.is_empty() || offered.iter().any(|name| name == model) {
            return Ok(());
        }
        Err(GatewayError::FindModel {
            id: self.id.clone(),
            host: self.host.clone(),
            model: model.to_owned(),
            offered,
        })
    }

    fn foreign_error(&self, status: StatusCode, body: &[u8]) -> GatewayError {
        let failed = status.is_client_error() || status.is_server_error();
        GatewayError::RelayError {
            id: self.id.clone(),
            host: self.host.clone(),
            // A success or redirection that makes no sense is still no answer.
            status: if failed {
                status
            } else {
                StatusCode::BAD_GATEWAY
            },
            excerpt: self.excerpt(body),
        }
    }

    fn not_understood(&self, content_type: &str, body: &[u8]) -> GatewayError {
        GatewayError::Understand {
            id: self.id.clone(),
            host: self.host.clone(),
            content_type: content_type.to_owned(),
            excerpt: self.excerpt(body),
        }
    }

    /// At most `limit` bytes of the body.
    async fn read(&self, body: Body, limit: usize) -> Result<Bytes, GatewayError> {
        let mut pieces = body.into_data_stream();
        let mut piece = async || {
            let piece = pieces.try_next().await;
            piece.map_err(|error| self.unreachable(&error))
        };
        let mut read = BytesMut::from(piece().await?.unwrap_or_default());
        while read.len() < limit
            && let Some(piece) = piece().await?
        {
            read.extend_from_slice(&piece);
        }
        read.truncate(limit);
        Ok(read.freeze())
    }

    fn excerpt(&self, body: &[u8]) -> String {
        let text = self.without_key(body);
        text.trim().chars().take(EXCERPT_CHARS).collect()
    }

    /// Some providers repeat a wrong key in their error.
    fn without_key(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        match &self.key {
            Some(key) => key.hide_in(&text),
            None => text.into_owned(),
        }
    }

    fn unreachable(&self, error: &(dyn Error + 'static)) -> GatewayError {
        GatewayError::ReachModel {
            id: self.id.clone(),
            host: self.host.clone(),
            reason: innermost(error),
        }
    }
}

impl Endpoint {
    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Chat => &["chat", "completions"],
            Self::Embeddings => &["embeddings"],
        }
    }
}

fn is_stream(answer: &Response) -> bool {
    content_type(answer).starts_with("text/event-stream")
}

/// The type of the answer; some servers do not say it of their JSON.
fn content_type(answer: &Response) -> String {
    let value = answer.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or("application/json").to_owned()
}

fn cost(headers: &HeaderMap) -> Option<Usd> {
    let text = headers.get(COST_HEADER)?.to_str().ok()?;
    text.parse().ok().map(Usd::from_dollars)
}

/// The innermost cause, which names the reason where the outer ones repeat the URL.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
