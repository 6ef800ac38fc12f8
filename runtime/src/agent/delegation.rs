//! Hands a task to another agent: the same request any client would send, with the trace's headers.

use std::pin::pin;

use api::{
    attributes::{key, span},
    chat::{ChatRequest, Message, Usage},
    run::{RunEvent, RunEventKind},
};
use async_trait::async_trait;
use http::StatusCode;
use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    trace::{FutureExt, SpanKind},
};
use serde_json::json;

use super::{
    calls::{Failure, OTHER, Open, error_type},
    conversation,
    replay::is_recorded,
    run::Run,
};
use crate::{
    memory::EventKind,
    model::{self, Listener, ModelError},
    telemetry::{Span, SpanSpec, inject, millis, preview},
};

/// Delegations below each other before one is refused.
const MAX_DEPTH: usize = 8;
/// The baggage entry that carries the agents on the way here, outermost first.
const PATH_BAGGAGE: &str = "kaos.delegation.path";
const PATH_SEPARATOR: char = '/';

/// The agents a request came through, outermost first, ending with the one at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ancestors(Vec<String>);

impl Ancestors {
    /// Those a caller's context names.
    pub(super) fn of(context: &Context) -> Self {
        let path = context.baggage().get(PATH_BAGGAGE).map(ToString::to_string);
        let path = path.unwrap_or_default();
        Self(
            path.split(PATH_SEPARATOR)
                .filter(|name| !name.is_empty())
                .map(Into::into)
                .collect(),
        )
    }

    /// Whether nobody delegated this.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more agent at work.
    pub(super) fn with(mut self, agent: &str) -> Self {
        self.0.push(agent.to_owned());
        self
    }

    /// Why `target` may not be asked from here, if so.
    fn objection(&self, target: &str) -> Option<Failure> {
        let path = format!("{} → {target}", self.0.join(" → "));
        if self.0.iter().any(|name| name == target) {
            let message = format!("{target} is at work on this already: {path}");
            return Some(Failure::new("DelegationCycle", message));
        }
        if self.0.len() > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} delegations below each other: {path}");
            return Some(Failure::new("DelegationTooDeep", message));
        }
        None
    }

    fn entry(&self) -> KeyValue {
        KeyValue::new(PATH_BAGGAGE, self.0.join(&PATH_SEPARATOR.to_string()))
    }
}

/// A task for another agent.
pub(super) struct Task<'a> {
    pub(super) target: &'a str,
    pub(super) words: &'a str,
    /// What stands for its outcome in a replay that does not hand it over.
    pub(super) instead: Option<Result<String, Failure>>,
}

impl Run {
    /// Hands a task to an agent that may be asked; its answer and the tokens it used.
    pub(super) async fn delegate(
        &self,
        task: Task<'_>,
        messages: &[Message],
        parent: &Context,
    ) -> Result<(String, Usage), Failure> {
        let Task {
            target,
            words: task,
            instead,
        } = task;
        let mut open = Open::new(self.start_delegation(target, task, parent).await);
        if is_recorded(instead.as_ref()) {
            open.span
                .set_attribute(KeyValue::new(key::REPLAY_RECORDED, true));
        }
        let context = open.span.context().clone();
        let span_id = open.span.span_id();
        let asking = pin!(async {
            tracing::info!("Delegating to sub-agent: {target}");
            tracing::debug!("Delegation task: {}", self.shown(task));
            self.remember(
                EventKind::DelegationRequest,
                json!({"agent": target, "task": task}),
                &context,
            );
            if let Some(instead) = instead {
                return instead.map(|answer| (answer, Usage::default()));
            }
            if let Some(objection) = self.ancestors.objection(target) {
                return Err(objection);
            }
            self.ask_peer(target, task, messages, &span_id).await
        });
        let outcome = asking.with_context(context.clone()).await;
        self.finish_delegation(open, target, target, outcome).await
    }

    /// Records a delegation to an agent that does not exist.
    pub(super) async fn refuse_delegation(
        &self,
        target: &str,
        failure: Failure,
        parent: &Context,
    ) -> Result<(String, Usage), Failure> {
        let open = Open::new(self.start_delegation(target, "", parent).await);
        self.finish_delegation(open, target, OTHER, Err(failure))
            .await
    }

    async fn start_delegation(&self, target: &str, task: &str, parent: &Context) -> Span {
        let mut attributes = vec![
            KeyValue::new(key::DELEGATION_TARGET, target.to_owned()),
            KeyValue::new(key::OPERATION, "invoke_agent"),
            KeyValue::new(key::GEN_AI_AGENT_NAME, target.to_owned()),
        ];
        if self.agent.service.captures_content() {
            attributes.push(KeyValue::new(key::DELEGATION_TASK, task.to_owned()));
        }
        let span = self.agent.service.start_span(SpanSpec {
            name: format!("{}{target}", span::DELEGATE_PREFIX).into(),
            kind: SpanKind::Client,
            parent,
            attributes,
        });
        self.events
            .emit(RunEventKind::DelegateStarted {
                target: target.to_owned(),
                task: task.to_owned(),
                span_id: span.span_id(),
            })
            .await;
        span
    }

    async fn ask_peer(
        &self,
        target: &str,
        task: &str,
        messages: &[Message],
        span_id: &str,
    ) -> Result<(String, Usage), Failure> {
        let plan = &self.agent.plan;
        let url = plan.peers.iter().find(|peer| peer.name == target);
        let Some(url) = url.and_then(|peer| peer.url.as_deref()) else {
            return Err(unavailable(
                target,
                "it does not exist, or may not be asked",
            ));
        };
        let streams = self.events.are_heard();
        let limit = plan.memory.context_limit as usize;
        let request = ChatRequest {
            messages: conversation::delegation(messages, limit, task),
            stream: streams.then_some(true),
            stream_options: streams.then_some(api::chat::StreamOptions {
                include_usage: true,
            }),
            session_id: Some(self.session.clone()),
            ..ChatRequest::default()
        };
        let mut headers = http::HeaderMap::new();
        inject(
            &Context::current().with_baggage([self.ancestors.entry()]),
            &mut headers,
        );
        headers.insert("x-kaos-progress", http::HeaderValue::from_static("events"));
        let mut listener = SubAgent {
            run: self,
            target,
            span_id,
        };
        let transport = &self.agent.context.transport;
        let asking = pin!(model::ask_agent(
            transport,
            url,
            headers,
            &request,
            &mut listener
        ));
        match self.cancel.run_until_cancelled(asking).await {
            Some(Ok(reply)) => Ok((reply.answer.content, reply.answer.usage)),
            Some(Err(error)) => Err(failure_of(target, &error)),
            None => Err(Failure::cancelled()),
        }
    }

    async fn finish_delegation(
        &self,
        mut open: Open,
        target: &str,
        counted: &str,
        outcome: Result<(String, Usage), Failure>,
    ) -> Result<(String, Usage), Failure> {
        let (elapsed, span_id) = (open.started.elapsed(), open.span.span_id());
        let (duration_ms, target) = (millis(elapsed), target.to_owned());
        let instruments = self.agent.service.instruments();
        open.span
            .log(|| instruments.delegation(counted, elapsed, error_type(&outcome)));
        let context = open.span.context().clone();
        match &outcome {
            Ok((answer, _)) => {
                self.remember(
                    EventKind::DelegationResponse,
                    json!({"agent": target, "response": answer}),
                    &context,
                );
                if self.agent.service.captures_content() {
                    let answer = KeyValue::new(key::DELEGATION_ANSWER, answer.clone());
                    open.span.set_attribute(answer);
                }
                let answer = preview(answer);
                let event = RunEventKind::DelegateFinished {
                    target,
                    span_id,
                    answer,
                    duration_ms,
                };
                self.events.emit(event).await;
                open.span.end_ok();
            }
            Err(failure) => {
                let Failure { kind, message } = failure;
                open.span
                    .log(|| tracing::error!("Delegation to {target} failed: {kind}: {message}"));
                self.remember(
                    EventKind::DelegationError,
                    json!({"agent": target, "error": message}),
                    &context,
                );
                let error = message.clone();
                let event = RunEventKind::DelegateFailed {
                    target,
                    span_id,
                    error,
                    duration_ms,
                };
                self.events.emit(event).await;
                open.fail(failure);
            }
        }
        outcome
    }
}

/// Why a sub-agent gave no answer, without its address: the model is told, and can do nothing with it.
fn failure_of(target: &str, error: &ModelError) -> Failure {
    let named = |kind, what: &str| Failure::new(kind, format!("Sub-agent '{target}' {what}"));
    match error {
        ModelError::Reach { .. } => unavailable(target, "it cannot be reached"),
        ModelError::Refuse {
            status: StatusCode::NOT_FOUND,
            message,
            ..
        } => unavailable(target, message),
        ModelError::Refuse { message, .. } => Failure::new("AgentFailed", message),
        ModelError::TimeOut { .. } => named("Timeout", "took too long to answer"),
        ModelError::BreakOff(_) => named("AnswerIncomplete", "broke off its answer"),
        ModelError::Understand(_) | ModelError::CircuitOpen { .. } => {
            named("AnswerInvalid", "gave an answer that cannot be used")
        }
    }
}

fn unavailable(target: &str, reason: &str) -> Failure {
    let message = format!("Sub-agent '{target}' is unavailable: {reason}");
    Failure::new("AgentUnavailable", message)
}

/// Passes on what a sub-agent tells while it works.
struct SubAgent<'a> {
    run: &'a Run,
    target: &'a str,
    span_id: &'a str,
}

#[async_trait]
impl Listener for SubAgent<'_> {
    async fn text(&mut self, text: &str) {
        let event = RunEvent {
            seq: 0,
            at_ms: 0,
            agent: self.target.to_owned(),
            path: Vec::new(),
            kind: RunEventKind::MessageDelta {
                text: text.to_owned(),
            },
        };
        self.run.events.forward(self.span_id, event).await;
    }

    async fn event(&mut self, event: RunEvent) {
        self.run.events.forward(self.span_id, event).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_at_work_is_not_asked_again() {
        let path = Ancestors::default().with("coordinator").with("analyst");
        assert_eq!(path.objection("researcher"), None);
        let refusal = path.objection("coordinator").unwrap();
        assert_eq!(
            refusal.message,
            "coordinator is at work on this already: coordinator → analyst → coordinator"
        );
    }

    #[test]
    fn delegations_end_at_a_depth() {
        let path = (0..=MAX_DEPTH).fold(Ancestors::default(), |path, n| path.with(&n.to_string()));
        let refusal = path.objection("one-more").unwrap();
        assert!(
            refusal.message.ends_with("→ 8 → one-more"),
            "{}",
            refusal.message
        );
    }

    #[test]
    fn the_path_travels_as_baggage() {
        let path = Ancestors::default().with("coordinator").with("analyst");
        let context = Context::new().with_baggage([path.entry()]);
        assert_eq!(Ancestors::of(&context), path);
        assert_eq!(Ancestors::of(&Context::new()), Ancestors::default());
    }
}
