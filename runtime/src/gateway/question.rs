//! What telemetry tells of one question: a span of the model API, from its coming to the end of its
//! answer.
//!
//! It says nothing of tokens and costs, nor anything else by which viewers know a call of a model: the
//! span of whoever asked does, and nothing is to be counted twice.

use std::sync::{Arc, Mutex, PoisonError};

use api::attributes::{key, span};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use opentelemetry::{KeyValue, trace::SpanKind};

use super::{GatewayError, served::Served, upstream::Endpoint};
use crate::telemetry::{Span, SpanSpec, extract_span};

/// The span of a question. Clones are the same; whoever first knows how the answer ended ends it, and
/// one that nobody ended was given up.
#[derive(Clone, Default)]
pub(super) struct QuestionSpan(Arc<Mutex<Option<Span>>>);

impl QuestionSpan {
    /// A question came with these headers.
    pub(super) fn start(served: &Served, endpoint: Endpoint, headers: &HeaderMap) -> Self {
        let (name, route) = match endpoint {
            Endpoint::Chat => (span::GATEWAY_CHAT, "/v1/chat/completions"),
            Endpoint::Embeddings => (span::GATEWAY_EMBEDDINGS, "/v1/embeddings"),
        };
        let started = served.service.start_span(SpanSpec {
            name: name.into(),
            kind: SpanKind::Server,
            parent: &extract_span(headers),
            attributes: vec![
                KeyValue::new(key::HTTP_METHOD, "POST"),
                KeyValue::new(key::HTTP_ROUTE, route),
                KeyValue::new(key::MODEL_API, served.plan.id.to_string()),
            ],
        });
        Self(Arc::new(Mutex::new(Some(started))))
    }

    /// Which model is asked, as its provider calls it.
    pub(super) fn asks_for(&self, model: &str) {
        self.set(KeyValue::new(key::MODEL, model.to_owned()));
    }

    /// Who is asked for it.
    pub(super) fn is_passed_on_to(&self, host: &str) {
        self.set(KeyValue::new(key::UPSTREAM_ADDRESS, host.to_owned()));
    }

    /// The answer is complete.
    pub(super) fn answered(&self) {
        if let Some(span) = self.end_with(StatusCode::OK) {
            span.end_ok();
        }
    }

    /// There is no answer, or no more of it.
    pub(super) fn failed(&self, error: &GatewayError) {
        if let Some(span) = self.end_with(error.status()) {
            span.end_failed(error.kind().1, &error.to_string());
        }
    }

    /// An answer is on its way to whoever asked. When it is an error of the provider's, that is all.
    pub(super) fn passed_on(&self, response: &Response) {
        let status = response.status();
        if !status.is_success()
            && let Some(span) = self.end_with(status)
        {
            span.end_failed(status.as_str(), &format!("the provider answered {status}"));
        }
    }

    fn set(&self, attribute: KeyValue) {
        if let Some(span) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            span.set_attribute(attribute);
        }
    }

    fn end_with(&self, status: StatusCode) -> Option<Span> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut span = open.take()?;
        span.set_attribute(KeyValue::new(key::HTTP_STATUS, i64::from(status.as_u16())));
        Some(span)
    }
}
