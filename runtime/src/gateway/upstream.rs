//! Asking a provider: what is sent to it, and how its answer comes back.
//!
//! The request is built from nothing: no header of the caller travels on, so neither baggage nor
//! cookies nor the caller's own credentials can leak to a provider.

use std::{error::Error, time::Duration};

use api::plan::ModelApiPlan;
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use reqwest::RequestBuilder;
use serde_json::{Map, Value};

use super::{GatewayError, KeyHeader, provider};

/// How long a provider may take until it begins to answer.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_mins(1);
/// How much of an error's body is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How much of it is shown when it is not OpenAI's kind.
const EXCERPT_CHARS: usize = 500;
/// The largest list of models read.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;

/// Asks for a completion and passes the answer on as it comes.
pub(super) async fn complete(
    client: &reqwest::Client,
    plan: &ModelApiPlan,
    request: &Map<String, Value>,
) -> Result<Response, GatewayError> {
    let upstream = Upstream::of(plan)?;
    let call = client.post(upstream.url("/chat/completions")).json(request);
    let answer = upstream.send(call).await?;
    if answer.status().is_success() {
        Ok(upstream.pass_on(answer))
    } else {
        upstream.pass_on_error(answer).await
    }
}

/// The names of the models the provider offers.
pub(super) async fn list_models(
    client: &reqwest::Client,
    plan: &ModelApiPlan,
) -> Result<Vec<String>, GatewayError> {
    let upstream = Upstream::of(plan)?;
    let answer = upstream.send(client.get(upstream.url("/models"))).await?;
    let status = answer.status();
    let body = upstream.read(answer, MAX_LIST_BYTES).await?;
    let list: Option<Value> = serde_json::from_slice(&body).ok();
    let data = list.as_ref().and_then(|list| list.get("data")?.as_array());
    match data {
        Some(data) if status.is_success() => Ok(data
            .iter()
            .filter_map(|model| Some(model.get("id")?.as_str()?.to_owned()))
            .collect()),
        Some(_) | None => Err(upstream.foreign_error(status, &body)),
    }
}

/// A provider as one `ModelAPI` uses it.
struct Upstream<'a> {
    plan: &'a ModelApiPlan,
    base_url: &'a str,
    host: String,
    key: Option<(HeaderName, HeaderValue)>,
}

impl<'a> Upstream<'a> {
    fn of(plan: &'a ModelApiPlan) -> Result<Self, GatewayError> {
        let known = provider(&plan.provider);
        let unknown = || GatewayError::LocateProvider {
            id: plan.id.clone(),
            provider: plan.provider.clone(),
        };
        let base_url = plan
            .api_base
            .as_deref()
            .or(known.and_then(|provider| provider.base_url))
            .ok_or_else(unknown)?
            .trim_end_matches('/');
        let parsed = base_url.parse::<http::Uri>().map_err(|_| unknown())?;
        let host = parsed.authority().ok_or_else(unknown)?;
        // What stands before an @ is a password.
        let host = host.as_str().rsplit('@').next().unwrap_or_default();
        let header = known.map_or(KeyHeader::Bearer, |provider| provider.key_header);
        Ok(Self {
            plan,
            base_url,
            host: host.to_owned(),
            key: key_header(plan, header)?,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Sends the call with the provider's key and waits until the answer begins.
    async fn send(&self, mut call: RequestBuilder) -> Result<reqwest::Response, GatewayError> {
        if let Some((name, value)) = &self.key {
            call = call.header(name, value);
        }
        match tokio::time::timeout(FIRST_BYTE_TIMEOUT, call.send()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.unreachable(&error)),
            Err(_) => Err(GatewayError::AwaitModel {
                id: self.plan.id.clone(),
                host: self.host.clone(),
                seconds: FIRST_BYTE_TIMEOUT.as_secs(),
            }),
        }
    }

    fn pass_on(&self, answer: reqwest::Response) -> Response {
        let content_type = content_type(&answer);
        let streams = content_type
            .to_str()
            .is_ok_and(|value| value.starts_with("text/event-stream"));
        let status = answer.status();
        let body = if streams {
            Body::from_stream(self.stream(answer))
        } else {
            Body::from_stream(answer.bytes_stream())
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// The provider's events. When it breaks off, a last event says so, because the status has
    /// long been sent.
    fn stream(
        &self,
        answer: reqwest::Response,
    ) -> impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> + use<> {
        let (id, host) = (self.plan.id.clone(), self.host.clone());
        answer.bytes_stream().map(move |piece| {
            Ok(piece.unwrap_or_else(|error| {
                let broken = GatewayError::ReachModel {
                    id: id.clone(),
                    host: host.clone(),
                    reason: format!("the answer broke off ({})", innermost(&error)),
                };
                let body = serde_json::to_string(&broken.body()).unwrap_or_default();
                Bytes::from(format!("\n\ndata: {body}\n\n"))
            }))
        })
    }

    /// The provider's error, as it is when it is OpenAI's kind, else told in our words.
    async fn pass_on_error(&self, answer: reqwest::Response) -> Result<Response, GatewayError> {
        let status = answer.status();
        let retry_after = answer.headers().get(RETRY_AFTER).cloned();
        let body = self.read(answer, MAX_ERROR_BYTES).await?;
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

    fn foreign_error(&self, status: StatusCode, body: &[u8]) -> GatewayError {
        let text = self.without_key(body);
        let failed = status.is_client_error() || status.is_server_error();
        GatewayError::RelayError {
            id: self.plan.id.clone(),
            host: self.host.clone(),
            // A success or redirection that makes no sense is still no answer.
            status: if failed {
                status
            } else {
                StatusCode::BAD_GATEWAY
            },
            excerpt: text.trim().chars().take(EXCERPT_CHARS).collect(),
        }
    }

    /// At most `limit` bytes of the body.
    async fn read(&self, answer: reqwest::Response, limit: usize) -> Result<Vec<u8>, GatewayError> {
        let mut pieces = answer.bytes_stream();
        let mut body = Vec::new();
        while body.len() < limit {
            match pieces.try_next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => break,
                Err(error) => return Err(self.unreachable(&error)),
            }
        }
        body.truncate(limit);
        Ok(body)
    }

    /// Some providers repeat a wrong key in their error.
    fn without_key(&self, body: &[u8]) -> String {
        let text = String::from_utf8_lossy(body);
        match &self.plan.api_key {
            Some(key) => key.hide_in(&text),
            None => text.into_owned(),
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> GatewayError {
        GatewayError::ReachModel {
            id: self.plan.id.clone(),
            host: self.host.clone(),
            reason: innermost(error),
        }
    }
}

fn key_header(
    plan: &ModelApiPlan,
    header: KeyHeader,
) -> Result<Option<(HeaderName, HeaderValue)>, GatewayError> {
    let Some(key) = &plan.api_key else {
        return Ok(None);
    };
    let key = key.expose().trim();
    let (name, value) = match header {
        KeyHeader::Bearer => (
            AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {key}")),
        ),
        KeyHeader::ApiKey => (
            HeaderName::from_static("api-key"),
            HeaderValue::from_str(key),
        ),
    };
    let mut value = value.map_err(|_| GatewayError::UseKey(plan.id.clone()))?;
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn content_type(answer: &reqwest::Response) -> HeaderValue {
    answer
        .headers()
        .get(CONTENT_TYPE)
        .cloned()
        .unwrap_or(HeaderValue::from_static("application/json"))
}

/// The innermost cause, which names the reason where the outer ones repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
