//! What an event says of the one step it is about.

use api::{chat::Usage, run::RunEventKind, traces::StepKind};

use super::StepState;
use crate::format;

/// What an event says of a step that begins.
pub(super) struct Begun {
    pub(super) kind: StepKind,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) span_id: String,
}

impl Begun {
    pub(super) fn of(kind: &RunEventKind) -> Option<Self> {
        let (kind, title, detail, span_id) = match kind {
            RunEventKind::ModelStarted { model, span_id } => {
                (StepKind::Model, model, String::new(), span_id)
            }
            RunEventKind::ToolStarted {
                name,
                arguments,
                span_id,
            } => (StepKind::Tool, name, arguments.to_string(), span_id),
            RunEventKind::DelegateStarted {
                target,
                task,
                span_id,
            } => (StepKind::Delegate, target, task.clone(), span_id),
            RunEventKind::RunStarted { .. }
            | RunEventKind::StepStarted { .. }
            | RunEventKind::ModelRetrying { .. }
            | RunEventKind::ModelFallback { .. }
            | RunEventKind::ModelFinished { .. }
            | RunEventKind::ModelFailed { .. }
            | RunEventKind::ToolFinished { .. }
            | RunEventKind::ToolFailed { .. }
            | RunEventKind::DelegateFinished { .. }
            | RunEventKind::DelegateFailed { .. }
            | RunEventKind::MessageDelta { .. }
            | RunEventKind::RunFinished { .. }
            | RunEventKind::RunError { .. } => return None,
        };
        Some(Self {
            kind,
            title: title.clone(),
            detail,
            span_id: span_id.clone(),
        })
    }
}

/// What an event says of a model that failed while its question goes on.
pub(super) struct Setback {
    pub(super) span_id: String,
    /// The model asked now, when it is another.
    pub(super) title: Option<String>,
    pub(super) detail: String,
    /// Why it failed.
    pub(super) error: String,
}

impl Setback {
    pub(super) fn of(kind: &RunEventKind) -> Option<Self> {
        let (span_id, title, status, error, next) = match kind {
            RunEventKind::ModelRetrying {
                span_id,
                wait_ms,
                status,
                error,
                ..
            } => {
                let wait = format::duration(wait_ms.saturating_mul(1_000_000));
                let next = format!("asking again in {wait}");
                (span_id, None, status, error, next)
            }
            RunEventKind::ModelFallback {
                span_id,
                to,
                status,
                error,
                ..
            } => {
                let next = format!("asking {to} instead");
                (span_id, Some(to.clone()), status, error, next)
            }
            RunEventKind::RunStarted { .. }
            | RunEventKind::StepStarted { .. }
            | RunEventKind::ModelStarted { .. }
            | RunEventKind::ModelFinished { .. }
            | RunEventKind::ModelFailed { .. }
            | RunEventKind::ToolStarted { .. }
            | RunEventKind::ToolFinished { .. }
            | RunEventKind::ToolFailed { .. }
            | RunEventKind::DelegateStarted { .. }
            | RunEventKind::DelegateFinished { .. }
            | RunEventKind::DelegateFailed { .. }
            | RunEventKind::MessageDelta { .. }
            | RunEventKind::RunFinished { .. }
            | RunEventKind::RunError { .. } => return None,
        };
        let what = status.map_or_else(
            || "failed".to_owned(),
            |status| format!("answered {status}"),
        );
        Some(Self {
            span_id: span_id.clone(),
            title,
            detail: format!("{what}, {next}"),
            error: error.clone(),
        })
    }
}

/// What an event says of a step that ended.
pub(super) struct Ended {
    pub(super) span_id: String,
    pub(super) state: StepState,
    /// In place of what was known when it began.
    pub(super) detail: Option<String>,
    pub(super) outcome: String,
    pub(super) duration_ms: u64,
}

impl Ended {
    pub(super) fn of(kind: RunEventKind) -> Option<Self> {
        let (span_id, duration_ms, detail, end) = match kind {
            RunEventKind::ModelFinished {
                span_id,
                usage,
                duration_ms,
                calls,
            } => (
                span_id,
                duration_ms,
                Some(chosen(usage, calls)),
                Ok(String::new()),
            ),
            RunEventKind::ToolFinished {
                span_id,
                result: outcome,
                duration_ms,
                ..
            }
            | RunEventKind::DelegateFinished {
                span_id,
                answer: outcome,
                duration_ms,
                ..
            } => (span_id, duration_ms, None, Ok(outcome)),
            RunEventKind::ModelFailed {
                span_id,
                error,
                duration_ms,
            }
            | RunEventKind::ToolFailed {
                span_id,
                error,
                duration_ms,
                ..
            }
            | RunEventKind::DelegateFailed {
                span_id,
                error,
                duration_ms,
                ..
            } => (span_id, duration_ms, None, Err(error)),
            RunEventKind::RunStarted { .. }
            | RunEventKind::StepStarted { .. }
            | RunEventKind::ModelStarted { .. }
            | RunEventKind::ModelRetrying { .. }
            | RunEventKind::ModelFallback { .. }
            | RunEventKind::ToolStarted { .. }
            | RunEventKind::DelegateStarted { .. }
            | RunEventKind::MessageDelta { .. }
            | RunEventKind::RunFinished { .. }
            | RunEventKind::RunError { .. } => return None,
        };
        let (state, outcome) = match end {
            Ok(outcome) => (StepState::Done, outcome),
            Err(error) => (StepState::Failed, error),
        };
        Some(Self {
            span_id,
            state,
            detail,
            outcome,
            duration_ms,
        })
    }
}

/// What a model call led to: `chose 2 calls · 512 tokens`.
fn chosen(usage: Usage, calls: u32) -> String {
    let calls = match calls {
        0 => "answered".to_owned(),
        1 => "chose 1 call".to_owned(),
        more => format!("chose {more} calls"),
    };
    if usage.total_tokens == 0 {
        return calls;
    }
    let tokens = format::counted(usage.total_tokens, "token", "tokens");
    format!("{calls} · {tokens}")
}
