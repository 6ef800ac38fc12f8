//! One question to the model.

use std::{pin::pin, sync::Arc, time::Duration};

use api::{
    attributes::{key, span},
    chat::{ChatRequest, Message, StreamOptions, ToolDefinition, Usage},
    money::Usd,
    resources::agent::ToolCallMode,
    run::RunEventKind,
};
use opentelemetry::{
    Array, Context, KeyValue, StringValue,
    trace::{FutureExt, SpanKind},
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{
    Agent,
    error::ChatError,
    run::{Run, count, end},
    speech::{Speech, read_blocks, refuses_functions},
};
use crate::{
    catalog::Catalog,
    gateway::AGENT_HEADER,
    model::{Listener, ModelError, Remedy, Reply, Target},
    telemetry::{ModelCall, Span, SpanSpec, inject, millis, within},
    turn::{
        ModelAnswer, Offer,
        fences::{self, Filter},
        native,
    },
};

/// What the model is asked.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// The conversation.
    pub(super) messages: &'a [Message],
    pub(super) catalog: &'a Catalog,
    /// Counts from 1.
    pub(super) step: u32,
    pub(super) offer: Offer,
}

impl Run {
    /// Asks the model; once more, with the tools in the text, when it turns out to know no function
    /// calls.
    pub(super) async fn ask(
        &self,
        question: Question<'_>,
        parent: &Context,
    ) -> Result<ModelAnswer, ChatError> {
        let Agent { plan, learned, .. } = &*self.agent;
        let offered = match question.offer {
            Offer::Everything => Arc::clone(question.catalog.definitions()),
            Offer::Nothing(_) => Arc::default(),
        };
        let speech = learned.speech(plan, self.model());
        let outcome = self.ask_in(speech, question, &offered, parent).await;
        let may_change = speech == Speech::Native
            && plan.tool_call_mode == ToolCallMode::Auto
            && !offered.is_empty();
        match outcome {
            Err(ChatError::Model(error)) if may_change && refuses_functions(&error) => {
                within(parent, || learned.learn(plan, self.model()));
                self.ask_in(Speech::Fences, question, &offered, parent)
                    .await
            }
            outcome => outcome,
        }
    }

    /// One question to the model, inside its span.
    async fn ask_in(
        &self,
        speech: Speech,
        question: Question<'_>,
        offered: &Arc<[ToolDefinition]>,
        parent: &Context,
    ) -> Result<ModelAnswer, ChatError> {
        let plan = &self.agent.plan;
        let request = self.request(speech, question, offered);
        let mut span = self
            .agent
            .service
            .start_span(self.model_span(&request.messages, parent));
        let started = Instant::now();
        let (model, span_id) = (self.model().to_owned(), span.span_id());
        let mut words = Words::new(self, span_id.clone(), started);
        self.events
            .emit(RunEventKind::ModelStarted { model, span_id })
            .await;
        span.log(|| {
            let count = request.messages.len();
            tracing::debug!("Model call: {}, messages count: {count}", self.model());
        });
        let context = span.context().clone();
        let mut headers = http::HeaderMap::new();
        inject(&context, &mut headers);
        if let Ok(name) = http::HeaderValue::from_str(&plan.id.to_string()) {
            headers.insert(AGENT_HEADER, name);
        }
        let target = Target {
            base_url: &plan.model_api_url,
            model: self.model(),
            fallbacks: self.fallbacks(),
            headers,
        };
        let answered = {
            // Pinned, because what waits for it would move it, and it is large.
            let asking = pin!(self.agent.models.ask(target, request, &mut words));
            let asking = timeout_at(self.deadline(), asking.with_context(context));
            self.cancel.run_until_cancelled(asking).await
        };
        let outcome = match answered {
            Some(Ok(outcome)) => outcome.map_err(ChatError::from),
            Some(Err(_)) => Err(self.out_of_time(words.shown.clone())),
            None => Err(ChatError::Cancelled),
        };
        let elapsed = started.elapsed();
        let call = ModelCall {
            model: self.model(),
            provider: &plan.provider,
            elapsed,
            first_chunk: words.first_chunk,
            error: outcome.as_ref().err().map(ChatError::kind),
        };
        span.log(|| self.agent.service.instruments().model(&call));
        if let Some(first_chunk) = words.first_chunk {
            let seconds = first_chunk.as_secs_f64();
            span.set_attribute(KeyValue::new(key::TIME_TO_FIRST_CHUNK, seconds));
        }
        let outcome = match outcome {
            Ok(reply) => Ok(self.read(&span, (speech, offered), reply, words).await),
            Err(error) => Err(error),
        };
        self.finish_question(span, outcome, millis(elapsed)).await
    }

    /// The end of a run whose time is up, after these words of its answer.
    pub(super) fn out_of_time(&self, words: String) -> ChatError {
        let seconds = self.bounds.runtime.as_secs();
        ChatError::OutOfTime { seconds, words }
    }

    /// Takes calls out of the text, and shows what was held back and is none.
    async fn read(
        &self,
        span: &Span,
        (speech, offered): (Speech, &[ToolDefinition]),
        mut reply: Reply,
        words: Words<'_>,
    ) -> Reply {
        let Agent { plan, learned, .. } = &*self.agent;
        let parts = match (speech, plan.tool_call_mode) {
            (Speech::Native, ToolCallMode::Native | ToolCallMode::String) => None,
            (Speech::Fences, _) | (_, ToolCallMode::Auto) => {
                read_blocks(speech, &reply.answer, offered)
            }
        };
        if let Some(parts) = parts {
            if speech == Speech::Native {
                span.log(|| learned.learn(plan, self.model()));
            }
            reply.answer.content = parts.text;
            reply.answer.calls.extend(parts.calls);
        }
        // What was shown is the beginning of it.
        let rest = reply.answer.content.get(words.shown.len()..);
        self.events.text(rest.unwrap_or_default()).await;
        if !reply.answer.calls.is_empty() {
            reply.answer.content = reply.answer.content.trim().to_owned();
        }
        reply
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
            // That the run was cancelled is told once, of the run; the model did not fail.
            Err(ChatError::Cancelled) => {
                span.cancelled();
                Err(ChatError::Cancelled)
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
                if matches!(error, ChatError::OutOfTime { .. }) {
                    span.cancelled();
                } else {
                    end(span, &error);
                }
                Err(error)
            }
        }
    }

    fn request(
        &self,
        speech: Speech,
        question: Question<'_>,
        offered: &Arc<[ToolDefinition]>,
    ) -> ChatRequest {
        let streams = self.events.are_heard();
        let (messages, tools) = match speech {
            Speech::Native => (native::write(question.messages), Arc::clone(offered)),
            Speech::Fences => (fences::write(question.messages, offered), Arc::default()),
        };
        let mut rest = self.rest.clone();
        let chooses = |choice: &Value| *choice != "auto" && *choice != "none";
        let is_forced = rest.get("tool_choice").is_some_and(chooses);
        // OpenAI refuses a choice where nothing is offered; one that is forced at every step would
        // never let the model answer.
        if tools.is_empty() || (question.step > 1 && is_forced) {
            rest.remove("tool_choice");
        }
        if tools.is_empty() {
            rest.remove("parallel_tool_calls");
        }
        ChatRequest {
            model: Some(self.model().to_owned()),
            messages,
            stream: streams.then_some(true),
            stream_options: streams.then_some(StreamOptions {
                include_usage: true,
            }),
            tools,
            session_id: None,
            rest,
        }
    }

    fn model_span<'a>(&self, messages: &[Message], parent: &'a Context) -> SpanSpec<'a> {
        let plan = &self.agent.plan;
        let mut attributes = vec![
            KeyValue::new(key::OPERATION, "chat"),
            KeyValue::new(key::PROVIDER, plan.provider.clone()),
            KeyValue::new(key::SYSTEM, plan.provider.clone()),
            KeyValue::new(key::REQUEST_MODEL, self.model().to_owned()),
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
        let Reply {
            answer,
            id,
            model,
            asked,
        } = reply;
        let instruments = self.agent.service.instruments();
        span.log(|| instruments.usage(asked, answer.usage));
        if asked != self.model() {
            span.set_attribute(KeyValue::new(key::REQUEST_MODEL, asked.clone()));
        }
        span.set_attribute(KeyValue::new(key::RESPONSE_ID, id.clone()));
        span.set_attribute(KeyValue::new(key::RESPONSE_MODEL, model.clone()));
        self.record_usage(span, answer.usage);
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
        let n_chars = answer.content.chars().count();
        let shown = self.shown(&answer.content);
        span.log(|| tracing::debug!("Model response ({n_chars} chars): {shown}"));
    }

    fn record_usage(&self, span: &mut Span, usage: Usage) {
        span.set_attribute(count(key::INPUT_TOKENS, usage.prompt_tokens));
        span.set_attribute(count(key::OUTPUT_TOKENS, usage.completion_tokens));
        for (key, tokens) in [
            (key::CACHED_TOKENS, usage.cached_tokens),
            (key::CACHE_WRITE_TOKENS, usage.cache_write_tokens),
            (key::REASONING_TOKENS, usage.reasoning_tokens),
        ] {
            if tokens > 0 {
                span.set_attribute(count(key, tokens));
            }
        }
        match usage.cost.map(Usd::dollars) {
            Some(cost) => {
                span.set_attribute(KeyValue::new(key::COST_USD, cost));
                span.set_attribute(KeyValue::new(key::GEN_AI_COST, cost));
            }
            None if self.bounds.cost.is_some() => {
                let model = self.model();
                span.log(|| {
                    tracing::warn!("What {model} costs is not known; max_cost cannot be kept to");
                });
            }
            None => {}
        }
    }
}

/// Passes the model's words on as they come, but for what may be a call.
struct Words<'a> {
    run: &'a Run,
    /// Of the question.
    span_id: String,
    started: Instant,
    /// `None` when text is never a call.
    filter: Option<Filter>,
    shown: String,
    /// The time until the first of them.
    first_chunk: Option<Duration>,
}

impl<'a> Words<'a> {
    fn new(run: &'a Run, span_id: String, started: Instant) -> Self {
        let filter = match run.agent.plan.tool_call_mode {
            ToolCallMode::Native => None,
            ToolCallMode::Auto | ToolCallMode::String => Some(Filter::default()),
        };
        Self {
            run,
            span_id,
            started,
            filter,
            shown: String::new(),
            first_chunk: None,
        }
    }
}

#[async_trait::async_trait]
impl Listener for Words<'_> {
    async fn text(&mut self, text: &str) {
        self.first_chunk
            .get_or_insert_with(|| self.started.elapsed());
        let text = match &mut self.filter {
            Some(filter) => filter.pass(text),
            None => text.to_owned(),
        };
        self.shown.push_str(&text);
        self.run.events.text(&text).await;
    }

    async fn failed(&mut self, error: &ModelError, remedy: Remedy<'_>) {
        self.run.goes_on(&self.span_id, error, remedy).await;
    }
}
