//! The steps of a run: from the first question to the model to its last answer.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use api::{
    attributes::{event, key, span},
    chat::Message,
    run::RunEventKind,
};
use opentelemetry::{
    Context, KeyValue,
    trace::{FutureExt, SpanKind, TraceContextExt},
};
use serde_json::json;
use tokio::time::timeout_at;

use super::{
    ask::Question,
    conversation::Asked,
    error::ChatError,
    run::{Run, end},
};
use crate::{
    catalog::Catalog,
    memory::EventKind,
    telemetry::{Span, SpanSpec, within},
    turn::{Answer, Event, Finish, Limit, Offer, Step, Turn},
};

impl Run {
    /// Runs the turn to its end.
    pub(super) async fn steps(&self, asked: Asked, parent: &Context) -> Result<Answer, ChatError> {
        let catalog = within(parent, || self.catalog());
        let catalog = Arc::new(catalog.with_callers(Arc::clone(&self.tools))?);
        let messages = self.opening(asked, parent).await;
        let mut turn = Turn::new(Arc::clone(&catalog), self.bounds, messages);
        let mut event = Event::Started;
        let mut open: Option<Span> = None;
        loop {
            match turn.next(event, self.began.elapsed()) {
                Step::AskModel { step, offer } => {
                    close(open.take());
                    let question = Question {
                        messages: turn.messages(),
                        catalog: &catalog,
                        step,
                        offer,
                    };
                    let (span, answered) = self.ask_in_step(question, parent).await?;
                    open = Some(span);
                    event = answered;
                }
                Step::Call(calls) => {
                    let context = open.as_ref().map_or(parent, Span::context).clone();
                    let making = pin!(self.make(calls, turn.messages(), &context));
                    // What is given up at the end of the time ends as cancelled, by being dropped.
                    let Ok(made) = timeout_at(self.deadline(), making).await else {
                        let words = String::new();
                        event = Event::TimeRanOut { words };
                        continue;
                    };
                    if self.cancel.is_cancelled() {
                        // A span that is dropped ends as cancelled.
                        return Err(ChatError::Cancelled);
                    }
                    if let Some(failure) = made.failure
                        && let Some(span) = open.take()
                    {
                        span.fail(&failure.kind, &failure.message);
                    }
                    event = Event::CallsFinished {
                        results: made.results,
                        usage: made.usage,
                    };
                }
                Step::Done(answer) => {
                    close(open.take());
                    return self.conclude(answer, parent);
                }
            }
        }
    }

    /// One question to the model, in the step it begins.
    async fn ask_in_step(
        &self,
        question: Question<'_>,
        parent: &Context,
    ) -> Result<(Span, Event), ChatError> {
        if let Offer::Nothing(limit) = question.offer {
            self.reached(limit, parent);
        }
        let span = self.start_step(question.step, parent).await;
        let context = span.context().clone();
        match self.ask(question, &context).await {
            Ok(answer) => Ok((span, Event::ModelAnswered(answer))),
            Err(ChatError::OutOfTime { words, .. }) => Ok((span, Event::TimeRanOut { words })),
            Err(error) => {
                end(span, &error);
                Err(error)
            }
        }
    }

    /// Shows that the run is at a limit, in the span of `context`.
    fn reached(&self, limit: Limit, context: &Context) {
        let value = limit.value(&self.bounds);
        let attributes = vec![
            KeyValue::new(key::LIMIT, limit.as_str()),
            KeyValue::new(key::LIMIT_VALUE, value),
        ];
        context.span().add_event(event::LIMIT, attributes);
        within(context, || {
            self.agent.service.instruments().limit(limit.as_str());
            match limit {
                Limit::Steps => tracing::warn!("Reached maximum reasoning steps ({value})"),
                Limit::Runtime | Limit::ToolCalls | Limit::Tokens | Limit::Cost => {
                    tracing::warn!("Reached the limit {} ({value})", limit.as_str());
                }
            }
        });
    }

    /// What the turn's end means for the run.
    fn conclude(&self, answer: Answer, context: &Context) -> Result<Answer, ChatError> {
        match answer.finish {
            Finish::MalformedCalls => return Err(ChatError::MalformedCalls),
            Finish::Limit(Limit::Runtime) => {
                self.reached(Limit::Runtime, context);
                if answer.content.is_empty() {
                    return Err(self.out_of_time(String::new()));
                }
            }
            // The answer comes when the caller has made its calls.
            Finish::CallersTools => return Ok(answer),
            Finish::Limit(Limit::Steps | Limit::ToolCalls | Limit::Tokens | Limit::Cost)
            | Finish::Model(_) => {}
        }
        self.remember(EventKind::AgentResponse, json!(answer.content), context);
        Ok(answer)
    }

    /// The conversation before the first question, which is remembered from here on.
    async fn opening(&self, asked: Asked, context: &Context) -> Vec<Message> {
        let plan = &self.agent.plan;
        let history = if self.continues && asked.wants_history() {
            let reading = self.agent.memory.history(&self.session);
            reading.with_context(context.clone()).await
        } else {
            Vec::new()
        };
        let kind = if asked.is_delegation {
            EventKind::TaskDelegationReceived
        } else {
            EventKind::UserMessage
        };
        self.remember(kind, json!(asked.question), context);
        if self.replay.is_some() {
            return asked.sent_messages();
        }
        asked.conversation(&plan.instructions, history)
    }

    fn catalog(&self) -> Catalog {
        let (tools, left_out) = self.agent.tools();
        for server in left_out {
            tracing::warn!("MCP server {server} is not there; its tools are left out");
        }
        Catalog::new(tools, self.agent.plan.peers.clone())
    }

    async fn start_step(&self, step: u32, parent: &Context) -> Span {
        let max_steps = self.bounds.steps;
        let span = self.agent.service.start_span(SpanSpec {
            name: format!("{}{step}", span::STEP_PREFIX).into(),
            kind: SpanKind::Internal,
            parent,
            attributes: vec![
                KeyValue::new(key::STEP, i64::from(step)),
                KeyValue::new(key::STEP_MAX, i64::from(max_steps)),
            ],
        });
        self.steps_begun.store(step, Ordering::Relaxed);
        within(parent, || {
            self.agent.service.instruments().step();
            tracing::debug!("Agentic loop step {step}/{max_steps}");
        });
        self.events
            .emit(RunEventKind::StepStarted {
                step,
                max_steps,
                span_id: span.span_id(),
            })
            .await;
        span
    }
}

/// Ends the span of a step in which nothing failed.
fn close(step: Option<Span>) {
    if let Some(span) = step {
        span.end_ok();
    }
}
