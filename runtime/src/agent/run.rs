//! Carries out a turn: asks the model, makes the calls, and records all of it.
//!
//! Whoever waits for a run may go away: dropping the guard of its token cancels whatever the run waits
//! for, and its spans end as cancelled.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use api::{
    attributes::{key, span},
    chat::{ToolDefinition, Usage},
    replay::Replay,
    run::RunEventKind,
};
use opentelemetry::{Context, KeyValue, trace::SpanKind};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Agent, conversation::Asked, delegation::Ancestors, error::ChatError, events::Events, replay,
};
use crate::{
    memory::{EventKind, EventMetadata, NewEvent},
    telemetry::{Span, SpanSpec, millis, preview, within},
    turn::{Answer, Bounds},
};

/// What is asked of an agent.
pub(super) struct Request {
    /// The messages, checked.
    pub(super) asked: Asked,
    /// Fields that go to the model as they are.
    pub(super) rest: Map<String, Value>,
    /// Tools the caller makes itself.
    pub(super) tools: Arc<[ToolDefinition]>,
    /// How far the run may go.
    pub(super) bounds: Bounds,
    /// The session the caller wants to continue.
    pub(super) session: Option<String>,
    /// The model name to echo.
    pub(super) model: Option<String>,
    /// Whether the answer is streamed.
    pub(super) streams: bool,
    /// What it lives as long as.
    pub(super) life: Life,
    /// Set when it goes on from the middle of an earlier run.
    pub(super) replay: Option<Replay>,
}

/// What a run lives as long as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// The connection that asked for it.
    Attached,
    /// It goes on when the client goes; whoever knows its id can follow and stop it.
    Detached,
}

/// One run under way.
pub(super) struct Run {
    pub(super) agent: Arc<Agent>,
    pub(super) session: String,
    /// Whether there may be something to remember.
    pub(super) continues: bool,
    pub(super) events: Events,
    pub(super) cancel: CancellationToken,
    pub(super) ancestors: Ancestors,
    /// Fields that go to the model as they are.
    pub(super) rest: Map<String, Value>,
    /// Tools the caller makes itself.
    pub(super) tools: Arc<[ToolDefinition]>,
    /// How far it may go.
    pub(super) bounds: Bounds,
    pub(super) began: Instant,
    /// How many steps have begun.
    pub(super) steps_begun: AtomicU32,
    /// Set when it goes on from the middle of an earlier run.
    pub(super) replay: Option<Replay>,
}

impl Run {
    /// The run with its SERVER span, metrics and first and last event.
    pub(super) async fn observed(
        self,
        run_id: String,
        mut server: Span,
        asked: Asked,
        streams: bool,
    ) -> Result<Answer, ChatError> {
        let agent = &self.agent;
        let instruments = agent.service.instruments();
        server.set_attribute(KeyValue::new(key::RUN_ID, run_id.clone()));
        let span = self.start_loop(server.context(), streams);
        self.events
            .emit(RunEventKind::RunStarted {
                run_id,
                trace_id: server.trace_id(),
                session_id: self.session.clone(),
                span_id: span.span_id(),
            })
            .await;
        let active = server.log(|| {
            let session = &self.session;
            tracing::info!("Processing message for session {session}, streaming={streams}");
            instruments.request_began()
        });
        let outcome = self.looped(asked, span).await;
        let elapsed = self.began.elapsed();
        let error = outcome.as_ref().err().map(ChatError::kind);
        server.log(|| {
            drop(active);
            instruments.request(elapsed, self.steps_begun.load(Ordering::Relaxed), error);
        });
        match &outcome {
            Ok(answer) => {
                server.set_attribute(KeyValue::new(key::HTTP_STATUS, 200));
                self.events
                    .emit(RunEventKind::RunFinished {
                        finish_reason: answer.finish.as_str().to_owned(),
                        usage: answer.usage,
                        duration_ms: millis(elapsed),
                    })
                    .await;
                server.end_ok();
            }
            Err(error) => {
                let status = i64::from(error.status().as_u16());
                server.set_attribute(KeyValue::new(key::HTTP_STATUS, status));
                let (kind, message) = (error.kind().to_owned(), error.to_string());
                self.events
                    .emit(RunEventKind::RunError {
                        error: kind,
                        message,
                    })
                    .await;
                end(server, error);
            }
        }
        outcome
    }

    fn start_loop(&self, parent: &Context, streams: bool) -> Span {
        let plan = &self.agent.plan;
        let mut attributes = vec![
            KeyValue::new(key::MAX_STEPS, i64::from(self.bounds.steps)),
            KeyValue::new(key::STREAM, streams),
            KeyValue::new(key::SESSION_ID, self.session.clone()),
            KeyValue::new(key::OPERATION, "invoke_agent"),
            KeyValue::new(key::GEN_AI_AGENT_NAME, plan.id.name.clone()),
            KeyValue::new(key::GEN_AI_AGENT_ID, plan.id.to_string()),
            KeyValue::new(key::CONVERSATION_ID, self.session.clone()),
            KeyValue::new(key::PROVIDER, "kaos"),
        ];
        attributes.extend(self.replay.iter().flat_map(replay::attributes));
        self.agent.service.start_span(SpanSpec {
            name: span::LOOP.into(),
            kind: SpanKind::Internal,
            parent,
            attributes,
        })
    }

    /// All steps, inside the span of the loop.
    async fn looped(&self, asked: Asked, mut span: Span) -> Result<Answer, ChatError> {
        let context = span.context().clone();
        let outcome = self.steps(asked, &context).await;
        match &outcome {
            Ok(answer) => {
                span.set_attribute(KeyValue::new(
                    key::FINISH_REASON,
                    answer.finish.as_str().to_owned(),
                ));
                record_totals(&mut span, answer.usage);
                span.end_ok();
            }
            Err(error) => {
                self.remember(EventKind::Error, json!(error.to_string()), &context);
                end(span, error);
            }
        }
        outcome
    }

    /// When its time is up.
    pub(super) fn deadline(&self) -> Instant {
        self.began + self.bounds.runtime
    }

    /// The beginning of a text as logs may show it: its size alone where content is not captured.
    pub(super) fn shown(&self, text: &str) -> String {
        if self.agent.service.captures_content() {
            preview(text)
        } else {
            format!("({} characters)", text.chars().count())
        }
    }

    /// Writes an event into the session's memory.
    pub(super) fn remember(&self, kind: EventKind, content: Value, span: &Context) {
        let event = NewEvent {
            session: &self.session,
            kind,
            content,
            metadata: EventMetadata::of(span),
        };
        within(span, || self.agent.memory.append(event));
    }
}

/// Ends a span the way its error ended it.
pub(super) fn end(span: Span, error: &ChatError) {
    match error {
        ChatError::Cancelled => span.cancelled(),
        other => span.fail(other.kind(), &other.to_string()),
    }
}

/// What all questions of a run used, those of its sub-agents included.
fn record_totals(span: &mut Span, usage: Usage) {
    span.set_attribute(count(key::TOTAL_INPUT_TOKENS, usage.prompt_tokens));
    span.set_attribute(count(key::TOTAL_OUTPUT_TOKENS, usage.completion_tokens));
    for (key, tokens) in [
        (key::TOTAL_CACHED_TOKENS, usage.cached_tokens),
        (key::TOTAL_REASONING_TOKENS, usage.reasoning_tokens),
    ] {
        if tokens > 0 {
            span.set_attribute(count(key, tokens));
        }
    }
    if let Some(cost) = usage.cost {
        span.set_attribute(KeyValue::new(key::TOTAL_COST_USD, cost.dollars()));
    }
}

/// An attribute that counts tokens.
pub(super) fn count(key: &'static str, tokens: u64) -> KeyValue {
    KeyValue::new(key, i64::try_from(tokens).unwrap_or(i64::MAX))
}
