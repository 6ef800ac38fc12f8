//! One question to the model.

use std::time::Instant;

use api::{
    attributes::{key, span},
    chat::{ChatRequest, Message, StreamOptions},
    run::RunEventKind,
};
use opentelemetry::{
    Array, Context, KeyValue, StringValue,
    trace::{FutureExt, SpanKind},
};
use serde_json::json;

use super::{
    error::ChatError,
    events::Events,
    run::{Run, count, end},
};
use crate::{
    catalog::Catalog,
    model::{self, Listener, Reply},
    telemetry::{Span, SpanSpec, inject, millis, preview},
    turn::{ModelAnswer, Offer},
};

impl Run {
    /// One question to the model, inside its span.
    pub(super) async fn ask(
        &self,
        messages: &[Message],
        catalog: &Catalog,
        offer: Offer,
        parent: &Context,
    ) -> Result<ModelAnswer, ChatError> {
        let plan = &self.agent.plan;
        let mut span = self
            .agent
            .service
            .start_span(self.model_span(messages, parent));
        let started = Instant::now();
        let (model, span_id) = (plan.model.clone(), span.span_id());
        self.events
            .emit(RunEventKind::ModelStarted { model, span_id })
            .await;
        tracing::debug!(
            "Model call: {}, messages count: {}",
            plan.model,
            messages.len()
        );
        let context = span.context().clone();
        let request = self.question(messages, catalog, offer);
        let mut headers = http::HeaderMap::new();
        inject(&context, &mut headers);
        let mut listener = Words {
            events: &self.events,
            started,
            first_chunk: None,
        };
        let asking = model::ask(
            &self.agent.context.transport,
            &plan.model_api_url,
            headers,
            &request,
            &mut listener,
        );
        let outcome = self
            .cancel
            .run_until_cancelled(asking.with_context(context.clone()))
            .await;
        let first_chunk = listener.first_chunk;
        let elapsed = started.elapsed();
        let outcome = match outcome {
            Some(outcome) => outcome.map_err(ChatError::from),
            None => Err(ChatError::Cancelled),
        };
        self.agent
            .service
            .instruments()
            .model(&plan.model, elapsed, outcome.is_ok());
        if let Some(seconds) = first_chunk {
            span.set_attribute(KeyValue::new(key::TIME_TO_FIRST_CHUNK, seconds));
        }
        self.finish_question(span, outcome, millis(elapsed)).await
    }

    async fn finish_question(
        &self,
        mut span: Span,
        outcome: Result<Reply, ChatError>,
        duration_ms: u64,
    ) -> Result<ModelAnswer, ChatError> {
        let span_id = span.span_id();
        match outcome {
            Ok(reply) => {
                self.record_reply(&mut span, &reply);
                let usage = reply.answer.usage;
                let calls = u32::try_from(reply.answer.calls.len()).unwrap_or(u32::MAX);
                self.events
                    .emit(RunEventKind::ModelFinished {
                        span_id,
                        usage,
                        duration_ms,
                        calls,
                    })
                    .await;
                span.end_ok();
                Ok(reply.answer)
            }
            Err(error) => {
                let text = error.to_string();
                self.events
                    .emit(RunEventKind::ModelFailed {
                        span_id,
                        error: text,
                        duration_ms,
                    })
                    .await;
                end(span, &error);
                Err(error)
            }
        }
    }

    fn question(&self, messages: &[Message], catalog: &Catalog, offer: Offer) -> ChatRequest {
        let streams = self.events.are_heard();
        ChatRequest {
            model: Some(self.agent.plan.model.clone()),
            messages: messages.to_vec(),
            stream: streams.then_some(true),
            stream_options: streams.then_some(StreamOptions {
                include_usage: true,
            }),
            tools: match offer {
                Offer::Everything => catalog.definitions(),
                Offer::Nothing => Vec::new(),
            },
            session_id: None,
            rest: self.rest.clone(),
        }
    }

    fn model_span<'a>(&self, messages: &[Message], parent: &'a Context) -> SpanSpec<'a> {
        let plan = &self.agent.plan;
        let mut attributes = vec![
            KeyValue::new(key::OPERATION, "chat"),
            KeyValue::new(key::PROVIDER, plan.provider.clone()),
            KeyValue::new(key::SYSTEM, plan.provider.clone()),
            KeyValue::new(key::REQUEST_MODEL, plan.model.clone()),
        ];
        if self.agent.service.captures_content() {
            let text = serde_json::to_string(messages).unwrap_or_default();
            attributes.push(KeyValue::new(key::INPUT_MESSAGES, text));
        }
        SpanSpec {
            name: span::MODEL.into(),
            kind: SpanKind::Client,
            parent,
            attributes,
        }
    }

    fn record_reply(&self, span: &mut Span, reply: &Reply) {
        let Reply { answer, id, model } = reply;
        let instruments = self.agent.service.instruments();
        instruments.tokens(&self.agent.plan.model, answer.usage);
        span.set_attribute(KeyValue::new(key::RESPONSE_ID, id.clone()));
        span.set_attribute(KeyValue::new(key::RESPONSE_MODEL, model.clone()));
        span.set_attribute(count(key::INPUT_TOKENS, answer.usage.prompt_tokens));
        span.set_attribute(count(key::OUTPUT_TOKENS, answer.usage.completion_tokens));
        if let Some(reason) = &answer.finish_reason {
            let reasons = Array::String(vec![StringValue::from(reason.clone())]);
            let reasons = opentelemetry::Value::Array(reasons);
            span.set_attribute(KeyValue::new(key::FINISH_REASONS, reasons));
        }
        if self.agent.service.captures_content() {
            let said = json!([{"role": "assistant", "content": answer.content,
                "tool_calls": answer.calls}]);
            span.set_attribute(KeyValue::new(key::OUTPUT_MESSAGES, said.to_string()));
        }
        tracing::debug!(
            "Model response ({} chars): {}",
            answer.content.chars().count(),
            preview(&answer.content)
        );
    }
}

/// Passes the model's words on as they come.
struct Words<'a> {
    events: &'a Events,
    started: Instant,
    /// Seconds until the first of them.
    first_chunk: Option<f64>,
}

#[async_trait::async_trait]
impl Listener for Words<'_> {
    async fn text(&mut self, text: &str) {
        self.first_chunk
            .get_or_insert_with(|| self.started.elapsed().as_secs_f64());
        self.events.text(text).await;
    }
}
