//! The steps of a run: from the first question to the model to its last answer.

use std::sync::Arc;

use api::{
    attributes::{key, span},
    chat::{Message, Usage},
    plan::ResourceId,
    run::RunEventKind,
};
use opentelemetry::{
    Context, KeyValue,
    trace::{FutureExt, SpanKind},
};
use serde_json::json;

use super::{
    conversation::Asked,
    error::ChatError,
    run::{Run, end},
};
use crate::{
    catalog::{Catalog, CatalogTool},
    mcp::McpState,
    memory::EventKind,
    telemetry::{Span, SpanSpec},
    turn::{Answer, Event, Finish, Step, Turn},
};

impl Run {
    /// Runs the turn to its end.
    pub(super) async fn steps(&self, asked: Asked, parent: &Context) -> Result<Answer, ChatError> {
        let plan = &self.agent.plan;
        let catalog = Arc::new(self.catalog());
        let messages = self.opening(asked, parent).await;
        let mut turn = Turn::new(Arc::clone(&catalog), plan.max_steps, messages);
        let mut event = Event::Started;
        let mut delegated = Usage::default();
        let mut open: Option<Span> = None;
        loop {
            match turn.next(event) {
                Step::AskModel { step, offer } => {
                    close(open.take());
                    let span = self.start_step(step, parent).await;
                    let context = span.context().clone();
                    let asking = self.ask(turn.messages(), &catalog, offer, &context);
                    match asking.with_context(context.clone()).await {
                        Ok(answer) => event = Event::ModelAnswered(answer),
                        Err(error) => {
                            end(span, &error);
                            return Err(error);
                        }
                    }
                    open = Some(span);
                }
                Step::Call(calls) => {
                    let context = open.as_ref().map_or(parent, Span::context).clone();
                    let made = self
                        .make(calls, turn.messages(), &context)
                        .with_context(context.clone())
                        .await;
                    delegated += made.usage;
                    if self.cancel.is_cancelled() {
                        // A span that is dropped ends as cancelled.
                        return Err(ChatError::Cancelled);
                    }
                    if let Some(failure) = made.failure
                        && let Some(span) = open.take()
                    {
                        span.fail(&failure.kind, &failure.message);
                    }
                    event = Event::CallsFinished(made.results);
                }
                Step::Done(mut answer) => {
                    close(open.take());
                    answer.usage += delegated;
                    return self.conclude(answer, parent);
                }
            }
        }
    }

    /// What the turn's end means for the run.
    fn conclude(&self, answer: Answer, context: &Context) -> Result<Answer, ChatError> {
        match answer.finish {
            Finish::MalformedCalls => return Err(ChatError::MalformedCalls),
            Finish::MaxSteps => {
                let max_steps = self.agent.plan.max_steps;
                tracing::warn!("Reached maximum reasoning steps ({max_steps})");
            }
            Finish::Model(_) => {}
        }
        self.remember(EventKind::AgentResponse, json!(answer.content), context);
        Ok(answer)
    }

    /// The conversation before the first question, which is remembered from here on.
    async fn opening(&self, asked: Asked, context: &Context) -> Vec<Message> {
        let plan = &self.agent.plan;
        let history = if asked.wants_history() && plan.memory.enabled {
            let limit = plan.memory.context_limit as usize;
            self.agent
                .context
                .memory
                .history(&plan.id, &self.session, limit)
                .await
        } else {
            Vec::new()
        };
        let kind = if asked.is_delegation {
            EventKind::TaskDelegationReceived
        } else {
            EventKind::UserMessage
        };
        self.remember(kind, json!(asked.question), context);
        asked.conversation(&plan.instructions, history)
    }

    fn catalog(&self) -> Catalog {
        let plan = &self.agent.plan;
        let mut offered = Vec::new();
        for server in &plan.mcp_servers {
            let id = ResourceId::new(&plan.id.namespace, &server.name);
            match self.agent.context.mcp.state(&id) {
                Some(McpState::Running { tools }) => {
                    offered.extend(tools.into_iter().map(|tool| CatalogTool {
                        server: server.name.clone(),
                        name: tool.name,
                        description: tool.description,
                        input_schema: tool.input_schema,
                    }));
                }
                Some(McpState::Starting | McpState::Failed { .. }) | None => {
                    tracing::warn!(
                        "MCP server {} is not there; its tools are left out",
                        server.name
                    );
                }
            }
        }
        Catalog::new(offered, plan.peers.clone())
    }

    async fn start_step(&self, step: u32, parent: &Context) -> Span {
        let max_steps = self.agent.plan.max_steps;
        let span = self.agent.service.start_span(SpanSpec {
            name: format!("{}{step}", span::STEP_PREFIX).into(),
            kind: SpanKind::Internal,
            parent,
            attributes: vec![
                KeyValue::new(key::STEP, i64::from(step)),
                KeyValue::new(key::STEP_MAX, i64::from(max_steps)),
            ],
        });
        tracing::debug!("Agentic loop step {step}/{max_steps}");
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
