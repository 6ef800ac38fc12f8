//! Makes the calls of one step, in parallel up to a limit.
//!
//! A call that fails is told to the model, and the run goes on; its span and its step are marked.

use std::time::Instant;

use api::{
    attributes::{key, span},
    chat::{Message, Usage},
    plan::ResourceId,
    run::RunEventKind,
};
use futures::{StreamExt, stream};
use opentelemetry::{
    Context, KeyValue,
    trace::{FutureExt, SpanKind},
};
use serde_json::{Map, Value, json};

use super::{delegation::Task, replay::is_recorded, run::Run};
use crate::{
    mcp::{McpError, ToolRequest},
    memory::EventKind,
    telemetry::{Span, SpanSpec, inject_map, millis, preview},
    turn::{
        Action, Call,
        fences::{DELEGATION_FAILED, TOOL_FAILED},
    },
};

/// Calls of one step that run at the same time.
const MAX_PARALLEL: usize = 8;
/// What stands for a name the model invented where names are counted.
pub(super) const OTHER: &str = "_other";

/// What the calls of one step came to.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// What the model is told, in the order of the calls.
    pub(super) results: Vec<String>,
    /// Tokens used by sub-agents.
    pub(super) usage: Usage,
    /// The first call that failed.
    pub(super) failure: Option<Failure>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The type of the exception in telemetry.
    pub(super) kind: String,
    /// What went wrong, for the model and for people.
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.into(),
        }
    }

    /// The run was stopped meanwhile.
    pub(super) fn cancelled() -> Self {
        Self::new("Cancelled", "the run was cancelled")
    }

    fn is_cancelled(&self) -> bool {
        self.kind == "Cancelled"
    }
}

/// A call under way: its span, and when it began.
pub(super) struct Open {
    pub(super) span: Span,
    pub(super) started: Instant,
}

impl Open {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            started: Instant::now(),
        }
    }

    /// Ends the span the way the failure ended it.
    pub(super) fn fail(self, failure: &Failure) {
        if failure.is_cancelled() {
            self.span.cancelled();
        } else {
            self.span.fail(&failure.kind, &failure.message);
        }
    }
}

/// The type of the error that a call failed with.
pub(super) fn error_type<T>(outcome: &Result<T, Failure>) -> Option<&str> {
    outcome.as_ref().err().map(|failure| &*failure.kind)
}

impl Run {
    /// Makes all calls of a step.
    pub(super) async fn make(
        &self,
        calls: Vec<Call>,
        messages: &[Message],
        parent: &Context,
    ) -> Made {
        // Boxed, because the stream would move what is large.
        let making = calls
            .into_iter()
            .map(|call| Box::pin(self.make_one(call, messages, parent)));
        let mut outcomes = stream::iter(making).buffered(MAX_PARALLEL);
        let mut made = Made::default();
        while let Some((told, usage, failure)) = outcomes.next().await {
            made.results.push(told);
            made.usage += usage;
            made.failure = made.failure.or(failure);
        }
        made
    }

    async fn make_one(
        &self,
        call: Call,
        messages: &[Message],
        parent: &Context,
    ) -> (String, Usage, Option<Failure>) {
        let instead = self.instead(&call, messages);
        match call.action {
            Action::Tool {
                server,
                name,
                arguments,
            } => {
                let tool = ToolCall {
                    id: &call.id,
                    server: Some(&server),
                    name: &name,
                    instead,
                };
                told_tool(self.call_tool(tool, Ok(arguments), parent).await)
            }
            Action::UnknownTool { name, problem } => {
                let tool = ToolCall {
                    id: &call.id,
                    server: None,
                    name: &name,
                    instead: None,
                };
                let failure = Failure::new("ValueError", problem);
                told_tool(self.call_tool(tool, Err(failure), parent).await)
            }
            Action::BadArguments { name, problem } => {
                let tool = ToolCall {
                    id: &call.id,
                    server: None,
                    name: &name,
                    instead: None,
                };
                let failure = Failure::new("InvalidArguments", problem);
                told_tool(self.call_tool(tool, Err(failure), parent).await)
            }
            Action::Delegate { agent, task } => {
                let task = Task {
                    target: &agent,
                    words: &task,
                    instead,
                };
                let done = self.delegate(task, messages, parent).await;
                told_delegation(done)
            }
            Action::UnknownAgent { name, problem } => {
                let failure = Failure::new("ValueError", problem);
                told_delegation(self.refuse_delegation(&name, failure, parent).await)
            }
        }
    }

    /// A call of a tool, inside its span; one that cannot be made fails in it.
    async fn call_tool(
        &self,
        mut tool: ToolCall<'_>,
        arguments: Result<Map<String, Value>, Failure>,
        parent: &Context,
    ) -> Result<String, Failure> {
        let shown = arguments.clone().map_or(Value::Null, Value::Object);
        let open = Open::new(
            self.agent
                .service
                .start_span(self.tool_span(&tool, &shown, parent)),
        );
        let context = open.span.context().clone();
        let name = tool.name.to_owned();
        self.events
            .emit(RunEventKind::ToolStarted {
                name: name.clone(),
                arguments: shown.clone(),
                span_id: open.span.span_id(),
            })
            .await;
        let instead = tool.instead.take();
        let outcome = async {
            let arguments_shown = self.shown(&shown.to_string());
            tracing::info!("Executing tool: {name}, args: {arguments_shown}");
            self.remember(
                EventKind::ToolCall,
                json!({"tool": name, "arguments": shown}),
                &context,
            );
            match (tool.server, arguments, instead) {
                (_, _, Some(instead)) => instead,
                (Some(server), Ok(arguments), None) => {
                    self.ask_server(server, &name, arguments, &context).await
                }
                (_, Err(failure), None) => Err(failure),
                (None, Ok(_), None) => Err(Failure::new("ValueError", "the tool has no server")),
            }
        }
        .with_context(context.clone())
        .await;
        self.finish_tool(open, tool, outcome).await
    }

    async fn finish_tool(
        &self,
        mut open: Open,
        tool: ToolCall<'_>,
        outcome: Result<String, Failure>,
    ) -> Result<String, Failure> {
        let name = tool.name.to_owned();
        let span_id = open.span.span_id();
        let elapsed = open.started.elapsed();
        let duration_ms = millis(elapsed);
        let counted = if tool.server.is_some() {
            tool.name
        } else {
            OTHER
        };
        let instruments = self.agent.service.instruments();
        open.span
            .log(|| instruments.tool(counted, elapsed, error_type(&outcome)));
        let context = open.span.context().clone();
        match &outcome {
            Ok(text) => {
                open.span
                    .log(|| tracing::debug!("Tool {name} result: {}", self.shown(text)));
                self.remember(
                    EventKind::ToolResult,
                    json!({"tool": name, "result": text}),
                    &context,
                );
                if self.agent.service.captures_content() {
                    open.span
                        .set_attribute(KeyValue::new(key::TOOL_RESULT, text.clone()));
                }
                let result = preview(text);
                let event = RunEventKind::ToolFinished {
                    name,
                    span_id,
                    result,
                    duration_ms,
                };
                self.events.emit(event).await;
                open.span.end_ok();
            }
            Err(failure) => {
                let Failure { kind, message } = failure;
                open.span
                    .log(|| tracing::error!("Tool {name} failed: {kind}: {message}"));
                self.remember(
                    EventKind::ToolError,
                    json!({"tool": name, "error": message}),
                    &context,
                );
                let error = message.clone();
                let event = RunEventKind::ToolFailed {
                    name,
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

    async fn ask_server(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
        context: &Context,
    ) -> Result<String, Failure> {
        let id = ResourceId::new(&self.agent.plan.id.namespace, server);
        let cancel = self.cancel.child_token();
        let request = ToolRequest {
            tool: tool.to_owned(),
            arguments,
            trace_context: inject_map(context),
        };
        match self.agent.context.mcp.call(&id, request, cancel).await {
            Ok(outcome) if outcome.is_error() => Err(Failure::new("ToolError", outcome.text())),
            Ok(outcome) => Ok(outcome.text()),
            Err(_) if self.cancel.is_cancelled() => Err(Failure::cancelled()),
            Err(error @ McpError::TimeOut { .. }) => {
                Err(Failure::new("Timeout", error.to_string()))
            }
            Err(error) => Err(Failure::new("McpError", error.to_string())),
        }
    }

    fn tool_span<'a>(
        &self,
        tool: &ToolCall<'_>,
        arguments: &Value,
        parent: &'a Context,
    ) -> SpanSpec<'a> {
        let mut attributes = vec![
            KeyValue::new(key::TOOL_NAME, tool.name.to_owned()),
            KeyValue::new(key::OPERATION, "execute_tool"),
            KeyValue::new(key::GEN_AI_TOOL_NAME, tool.name.to_owned()),
            KeyValue::new(key::TOOL_CALL_ID, tool.id.to_owned()),
            KeyValue::new(key::TOOL_TYPE, "function"),
        ];
        if let Some(server) = tool.server {
            attributes.push(KeyValue::new(key::MCP_SERVER, server.to_owned()));
            attributes.push(KeyValue::new(key::MCP_METHOD, "tools/call"));
        }
        if is_recorded(tool.instead.as_ref()) {
            attributes.push(KeyValue::new(key::REPLAY_RECORDED, true));
        }
        if self.agent.service.captures_content() {
            attributes.push(KeyValue::new(key::TOOL_ARGUMENTS, arguments.to_string()));
        }
        let name = format!("{}{}", span::TOOL_PREFIX, tool.name).into();
        SpanSpec {
            name,
            kind: SpanKind::Client,
            parent,
            attributes,
        }
    }
}

/// Which tool is called, and by which call.
struct ToolCall<'a> {
    id: &'a str,
    /// `None` when no server has such a tool.
    server: Option<&'a str>,
    name: &'a str,
    /// What stands for its outcome in a replay that does not make it.
    instead: Option<Result<String, Failure>>,
}

fn told_tool(outcome: Result<String, Failure>) -> (String, Usage, Option<Failure>) {
    match outcome {
        Ok(text) => (text, Usage::default(), None),
        Err(failure) => {
            let told = format!("{TOOL_FAILED}{}", failure.message);
            (told, Usage::default(), Some(failure))
        }
    }
}

fn told_delegation(outcome: Result<(String, Usage), Failure>) -> (String, Usage, Option<Failure>) {
    match outcome {
        Ok((answer, usage)) => (answer, usage, None),
        Err(failure) => {
            let told = format!("{DELEGATION_FAILED}{}", failure.message);
            (told, Usage::default(), Some(failure))
        }
    }
}
