//! What a run is doing, as typed events from its start to its end.
//!
//! An event names its span when the step **begins**, so that a page can draw it before the span has
//! been exported.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::Usage;

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Counts from 1 in the run the client asked for.
    pub seq: u64,
    /// The agent that is at work.
    pub agent: String,
    /// Span ids of the delegations that led to this agent, outermost first; empty at the top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// What happened.
    #[serde(flatten)]
    pub kind: RunEventKind,
}

/// What happened in a run. Durations are in milliseconds, span and trace ids in hex.
#[expect(missing_docs, reason = "the fields say themselves what they are")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum RunEventKind {
    /// The run began; its trace can be opened from now on.
    #[serde(rename = "run.started")]
    RunStarted {
        run_id: String,
        trace_id: String,
        session_id: String,
    },
    /// A step of reasoning began.
    #[serde(rename = "step.started")]
    StepStarted {
        step: u32,
        max_steps: u32,
        span_id: String,
    },
    /// The model was asked.
    #[serde(rename = "model.started")]
    ModelStarted { model: String, span_id: String },
    /// The model answered.
    #[serde(rename = "model.finished")]
    ModelFinished {
        span_id: String,
        usage: Usage,
        duration_ms: u64,
        calls: u32,
    },
    /// The model could not answer.
    #[serde(rename = "model.failed")]
    ModelFailed {
        span_id: String,
        error: String,
        duration_ms: u64,
    },
    /// A tool was called.
    #[serde(rename = "tool.started")]
    ToolStarted {
        name: String,
        arguments: Value,
        span_id: String,
    },
    /// A tool answered.
    #[serde(rename = "tool.finished")]
    ToolFinished {
        name: String,
        span_id: String,
        result: String,
        duration_ms: u64,
    },
    /// A tool failed; the model is told and the run goes on.
    #[serde(rename = "tool.failed")]
    ToolFailed {
        name: String,
        span_id: String,
        error: String,
        duration_ms: u64,
    },
    /// A task was handed to another agent.
    #[serde(rename = "delegate.started")]
    DelegateStarted {
        target: String,
        task: String,
        span_id: String,
    },
    /// The other agent answered.
    #[serde(rename = "delegate.finished")]
    DelegateFinished {
        target: String,
        span_id: String,
        answer: String,
        duration_ms: u64,
    },
    /// The other agent failed; the model is told and the run goes on.
    #[serde(rename = "delegate.failed")]
    DelegateFailed {
        target: String,
        span_id: String,
        error: String,
        duration_ms: u64,
    },
    /// More words of a sub-agent's answer; those of the top agent come as `content`.
    #[serde(rename = "message.delta")]
    MessageDelta { text: String },
    /// The run ended with an answer.
    #[serde(rename = "run.finished")]
    RunFinished {
        finish_reason: String,
        usage: Usage,
        duration_ms: u64,
    },
    /// The run ended without one.
    #[serde(rename = "run.error")]
    RunError { error: String, message: String },
}
