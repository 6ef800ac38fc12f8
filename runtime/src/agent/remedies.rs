//! What a run shows of a model that failed while the question is not given up.

use api::{
    attributes::{event, key},
    run::RunEventKind,
};
use opentelemetry::{Context, KeyValue, trace::TraceContextExt};

use super::run::Run;
use crate::{
    model::{ModelError, Remedy},
    telemetry::millis,
};

impl Run {
    /// Shows a failure and what is done about it, in the question's span and to whoever listens.
    pub(super) async fn goes_on(&self, span_id: &str, error: &ModelError, remedy: Remedy<'_>) {
        self.record(error, remedy);
        let (span_id, error_text) = (span_id.to_owned(), error.to_string());
        let status = error.answered().map(|status| status.as_u16());
        let kind = match remedy {
            Remedy::Retry {
                model,
                attempt,
                wait,
            } => RunEventKind::ModelRetrying {
                span_id,
                model: model.to_owned(),
                attempt,
                wait_ms: millis(wait),
                status,
                error: error_text,
            },
            Remedy::Fallback { from, to } => RunEventKind::ModelFallback {
                span_id,
                from: from.to_owned(),
                to: to.to_owned(),
                status,
                error: error_text,
            },
        };
        self.events.emit(kind).await;
    }

    /// Leaves it in the log, in the metrics, and in the current span.
    fn record(&self, error: &ModelError, remedy: Remedy<'_>) {
        let context = Context::current();
        let span = context.span();
        let (name, mut attributes) = match remedy {
            Remedy::Retry {
                model,
                attempt,
                wait,
            } => {
                let wait_ms = millis(wait);
                tracing::warn!(
                    "Model {model} failed, attempt {attempt} comes in {wait_ms} ms: {error}"
                );
                let instruments = self.agent.service.instruments();
                instruments.model_retry(model, &error.reason());
                let attributes = vec![
                    KeyValue::new(key::RETRY_ATTEMPT, i64::from(attempt)),
                    KeyValue::new(
                        key::RETRY_WAIT_MS,
                        i64::try_from(wait_ms).unwrap_or(i64::MAX),
                    ),
                ];
                (event::RETRY, attributes)
            }
            Remedy::Fallback { from, to } => {
                tracing::warn!("Model {from} failed, {to} is asked instead: {error}");
                let fallback = KeyValue::new(key::FALLBACK_MODEL, to.to_owned());
                span.set_attribute(fallback.clone());
                let from = KeyValue::new(key::FALLBACK_FROM, from.to_owned());
                (event::FALLBACK, vec![from, fallback])
            }
        };
        attributes.push(KeyValue::new(key::RETRY_REASON, error.reason()));
        attributes.push(KeyValue::new(key::EXCEPTION_MESSAGE, error.to_string()));
        span.add_event(name, attributes);
    }
}
