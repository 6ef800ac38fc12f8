//! What became of a resource, and how its status says so: alike for all kinds.
//!
//! Everything here is pure. A status changes only when what it says changes; otherwise writing it
//! would wake the reconciler that wrote it, for ever.

use api::resources::{Condition, Phase};
use api::validation::FieldError;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{Running, State};

/// Why something is as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// One word for programs.
    pub(crate) reason: &'static str,
    /// One sentence for people, without its full stop.
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

/// Why a resource has no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// Its spec cannot be carried out, until someone changes it.
    Refused(Cause),
    /// What it refers to is missing or not ready; never empty.
    Waiting(Vec<Cause>),
}

/// What became of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is no plan to apply.
    Blocked(Blocked),
    /// The plan was applied, without some of what the spec refers to.
    Applied {
        running: Running,
        without: Vec<Cause>,
    },
}

impl Outcome {
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Blocked(Blocked::Refused(_)) => Phase::Failed,
            Self::Blocked(Blocked::Waiting(_)) => Phase::Waiting,
            Self::Applied { running, .. } => match running.state {
                State::Starting | State::Progressing(_) => Phase::Pending,
                State::Ready => Phase::Ready,
                State::Failed(_) | State::NeedsCredentials(_) => Phase::Failed,
            },
        }
    }

    fn endpoint(&self) -> Option<String> {
        match self {
            Self::Blocked(_) => None,
            Self::Applied { running, .. } => Some(running.endpoint.clone()),
        }
    }

    fn message(&self) -> Option<String> {
        match self {
            Self::Blocked(Blocked::Refused(cause)) => Some(cause.message.clone()),
            Self::Blocked(Blocked::Waiting(causes)) => Some(sentence(causes)),
            Self::Applied { running, without } => {
                let failure = match &running.state {
                    State::Starting | State::Ready => None,
                    State::Progressing(message) => Some(message.clone()),
                    State::Failed(message) | State::NeedsCredentials(message) => {
                        Some(message.clone())
                    }
                };
                let all: Vec<_> = failure
                    .into_iter()
                    .chain(without.iter().map(|cause| cause.message.clone()))
                    .chain(running.warnings.iter().cloned())
                    .collect();
                (!all.is_empty()).then(|| all.join("; "))
            }
        }
    }

    fn verdicts(&self) -> [Verdict; 3] {
        match self {
            Self::Blocked(Blocked::Refused(cause)) => [
                Verdict::new("Ready", "False", cause.clone()),
                Verdict::plain("DependenciesReady", "Unknown", "NotChecked"),
                Verdict::plain("Progressing", "False", cause.reason),
            ],
            Self::Blocked(Blocked::Waiting(causes)) => [
                Verdict::plain("Ready", "False", "DependenciesNotReady"),
                Verdict::dependencies(causes),
                Verdict::plain("Progressing", "False", "DependenciesNotReady"),
            ],
            Self::Applied { running, without } => {
                let (ready, progressing) = match &running.state {
                    State::Starting => (
                        Verdict::plain("Ready", "False", "Starting"),
                        Verdict::plain("Progressing", "True", "Starting"),
                    ),
                    State::Progressing(message) => (
                        Verdict::plain("Ready", "False", "Starting"),
                        Verdict::new("Progressing", "True", Cause::new("Starting", message)),
                    ),
                    State::Ready => (
                        Verdict::plain("Ready", "True", "Serving"),
                        Verdict::plain("Progressing", "False", "Serving"),
                    ),
                    State::Failed(message) => Verdict::down("NotRunning", message),
                    State::NeedsCredentials(message) => Verdict::down("NeedsCredentials", message),
                };
                [ready, Verdict::dependencies(without), progressing]
            }
        }
    }
}

/// A condition before it knows when it began.
struct Verdict {
    kind: &'static str,
    status: &'static str,
    cause: Cause,
}

impl Verdict {
    fn new(kind: &'static str, status: &'static str, cause: Cause) -> Self {
        Self {
            kind,
            status,
            cause,
        }
    }

    fn plain(kind: &'static str, status: &'static str, reason: &'static str) -> Self {
        Self::new(kind, status, Cause::new(reason, ""))
    }

    /// That it is not ready and not on its way.
    fn down(reason: &'static str, message: &str) -> (Self, Self) {
        (
            Self::new("Ready", "False", Cause::new(reason, message)),
            Self::plain("Progressing", "False", reason),
        )
    }

    /// Kubernetes wants one word per condition, so the first cause lends its own to all.
    fn dependencies(causes: &[Cause]) -> Self {
        match causes {
            [] => Self::plain("DependenciesReady", "True", "AllReady"),
            [first, ..] => {
                let cause = Cause::new(first.reason, sentence(causes));
                Self::new("DependenciesReady", "False", cause)
            }
        }
    }
}

fn sentence(causes: &[Cause]) -> String {
    let messages: Vec<_> = causes.iter().map(|cause| cause.message.as_str()).collect();
    messages.join("; ")
}

/// Refuses a spec with errors and names each field.
pub(crate) fn refuse_invalid(errors: &[FieldError]) -> Result<(), Blocked> {
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message))
        .collect();
    Err(Blocked::Refused(Cause::new("Invalid", lines.join("; "))))
}

/// What a status is computed from, beside the outcome.
pub(crate) struct Before<'a> {
    /// The conditions reported last.
    pub(crate) conditions: &'a [Condition],
    /// The generation of the spec that was reconciled.
    pub(crate) generation: Option<i64>,
    /// The current time.
    pub(crate) now: Timestamp,
}

/// The fields that the statuses of all kinds share.
pub(crate) struct Common {
    pub(crate) phase: Phase,
    pub(crate) ready: bool,
    pub(crate) endpoint: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) observed_generation: Option<i64>,
}

/// What an outcome looks like in a status.
pub(crate) fn describe(outcome: &Outcome, before: &Before<'_>) -> Common {
    let phase = outcome.phase();
    Common {
        phase,
        ready: phase == Phase::Ready,
        endpoint: outcome.endpoint(),
        message: outcome.message(),
        conditions: outcome
            .verdicts()
            .into_iter()
            .map(|verdict| condition(verdict, before))
            .collect(),
        observed_generation: before.generation,
    }
}

fn condition(verdict: Verdict, before: &Before<'_>) -> Condition {
    let since = before
        .conditions
        .iter()
        .find(|known| known.kind == verdict.kind && known.status == verdict.status)
        .map_or_else(
            || whole_seconds(before.now),
            |known| known.last_transition_time,
        );
    Condition {
        kind: verdict.kind.to_owned(),
        status: verdict.status.to_owned(),
        reason: verdict.cause.reason.to_owned(),
        message: verdict.cause.message,
        last_transition_time: since,
        observed_generation: before.generation,
    }
}

/// Kubernetes keeps times of status to the second.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The JSON merge patch that makes `after` of `before`; `None` when they are alike.
pub(crate) fn merge_patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let removed = old
        .keys()
        .filter(|key| !new.contains_key(*key))
        .map(|key| (key.clone(), Value::Null));
    let changed = new.iter().filter_map(|(key, value)| {
        let known = old.get(key).unwrap_or(&Value::Null);
        Some((key.clone(), merge_patch(known, value)?))
    });
    let patch: Map<_, _> = removed.chain(changed).collect();
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests;
