//! What a run is doing, as typed events from its start to its end.
//!
//! An event names its span when the step **begins**, so that a page can draw it before the span has
//! been exported.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::Usage;

/// A run as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// 32 hex digits.
    pub id: String,
    /// Namespace of the agent.
    pub namespace: String,
    /// Name of the agent.
    pub agent: String,
    /// The conversation it belongs to.
    pub session_id: String,
    /// Its trace, in 32 hex digits.
    pub trace_id: String,
    /// How far it has come.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The number of its newest event; 0 before the first.
    pub last_seq: u64,
    /// What is being done in it, while something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doing: Option<Doing>,
}

/// What an agent waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// The agent that waits: the one that was asked, or one below it.
    pub agent: String,
    /// The tool, the agent or the model it waits for.
    pub what: String,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// The agent is at work.
    Running,
    /// It answered.
    Finished,
    /// It ended without an answer.
    Failed,
    /// Somebody pressed Stop, or the client that waited for it went away.
    Cancelled,
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Events a reader asked for are no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The reader has the events up to this one.
    pub after: u64,
    /// The next one there is.
    pub next: u64,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEvent {
    /// Counts from 1 in the run the client asked for.
    pub seq: u64,
    /// When it happened, in milliseconds since the epoch; 0 when the agent does not say.
    #[serde(default)]
    pub at_ms: u64,
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
    /// The run began; its trace can be opened from now on. The span is that of all its steps; an agent
    /// of an older version does not name it.
    #[serde(rename = "run.started")]
    RunStarted {
        run_id: String,
        trace_id: String,
        session_id: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        span_id: String,
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
    /// The model failed and is asked once more. `attempt` counts from 2, `status` is what it answered.
    #[serde(rename = "model.retrying")]
    ModelRetrying {
        span_id: String,
        model: String,
        attempt: u32,
        wait_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        error: String,
    },
    /// The model failed and another one is asked instead.
    #[serde(rename = "model.fallback")]
    ModelFallback {
        span_id: String,
        from: String,
        to: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        error: String,
    },
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
    /// More words of an answer. In a chat stream those of the top agent come as `content` instead.
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

impl RunEventKind {
    /// The span of something that begins here and takes its time, and what it waits for.
    pub fn begins(&self) -> Option<(&str, &str)> {
        match self {
            Self::ModelStarted { model, span_id } => Some((span_id, model)),
            Self::ToolStarted { name, span_id, .. } => Some((span_id, name)),
            Self::DelegateStarted {
                target, span_id, ..
            } => Some((span_id, target)),
            _ => None,
        }
    }

    /// The span of what ends here.
    pub fn ends(&self) -> Option<&str> {
        match self {
            Self::ModelFinished { span_id, .. }
            | Self::ModelFailed { span_id, .. }
            | Self::ToolFinished { span_id, .. }
            | Self::ToolFailed { span_id, .. }
            | Self::DelegateFinished { span_id, .. }
            | Self::DelegateFailed { span_id, .. } => Some(span_id),
            _ => None,
        }
    }
}
