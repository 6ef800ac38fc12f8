//! One thing that happened in a session.

use api::traces::{SpanId, TraceId};
use jiff::Timestamp;
use opentelemetry::{Context, trace::TraceContextExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event as `/memory/events` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique.
    pub event_id: String,
    /// The session it belongs to.
    pub session_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What kind of thing happened.
    pub event_type: EventKind,
    /// What was said or done: a text, or an object whose fields depend on the kind.
    pub content: Value,
    /// The span it happened in.
    pub metadata: EventMetadata,
}

/// An event to remember.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent<'a> {
    /// The session it belongs to.
    pub session: &'a str,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// What was said or done.
    pub content: Value,
    /// The span it happened in.
    pub metadata: EventMetadata,
}

impl Event {
    /// Its content as text.
    pub(super) fn words(&self) -> String {
        match &self.content {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A person asked.
    UserMessage,
    /// The agent answered.
    AgentResponse,
    /// It called a tool: `{tool, arguments}`.
    ToolCall,
    /// The tool answered: `{tool, result}`.
    ToolResult,
    /// The tool failed: `{tool, error}`.
    ToolError,
    /// It handed a task to another agent: `{agent, task}`.
    DelegationRequest,
    /// The other agent answered: `{agent, response}`.
    DelegationResponse,
    /// The other agent failed: `{agent, error}`.
    DelegationError,
    /// Another agent handed it a task.
    TaskDelegationReceived,
    /// The model wrote a call that could not be read.
    FormatWarning,
    /// The request failed.
    Error,
}

/// The span an event happened in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMetadata {
    /// Its trace, in 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Its id, in 16 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
}

impl EventMetadata {
    /// The span of `context`, if there is one.
    pub fn of(context: &Context) -> Self {
        let span = context.span();
        let span = Some(span.span_context()).filter(|span| span.is_valid());
        Self {
            trace_id: span.map(|span| TraceId(span.trace_id().to_bytes()).to_string()),
            span_id: span.map(|span| SpanId(span.span_id().to_bytes()).to_string()),
        }
    }
}
