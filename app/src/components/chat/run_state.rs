//! A run as the conversation shows it, worked out from the events of its stream alone.
//!
//! Events of sub-agents carry the delegations that led to them, so that steps of two delegations to
//! the same agent never mix.

mod steps;
#[cfg(test)]
mod tests;

use api::{
    chat::{ErrorDetail, Usage},
    run::{RunEvent, RunEventKind},
    traces::StepKind,
};

use crate::format;
use steps::{Begun, Ended, Setback};

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Status {
    /// Sent; nothing has come back.
    #[default]
    Sent,
    /// The agent is at work.
    Running,
    /// It answered.
    Done,
    /// It ended without an answer.
    Failed(ErrorDetail),
    /// The reader stopped it.
    Stopped,
}

impl Status {
    /// Whether something may still come.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Sent | Self::Running => true,
            Self::Done | Self::Failed(_) | Self::Stopped => false,
        }
    }

    /// The word in `data-state`.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Stopped => "cancelled",
        }
    }
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StepState {
    Running,
    Done,
    Failed,
    Cancelled,
}

impl StepState {
    /// The word in `data-state`, also read out.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A call of a model, a tool or another agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) span_id: String,
    /// Delegations above it.
    pub(crate) depth: usize,
    pub(crate) kind: StepKind,
    /// Model, tool or agent.
    pub(crate) title: String,
    /// Arguments or task, on one line.
    pub(crate) detail: String,
    pub(crate) state: StepState,
    /// On the reader's own clock, in milliseconds.
    pub(crate) started_ms: u64,
    /// As the agent measured it, once it ended.
    pub(crate) duration_ms: Option<u64>,
    /// What came of it: a result, a sub-agent's words so far, or why it failed.
    pub(crate) outcome: String,
}

/// Everything known of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunState {
    pub(crate) status: Status,
    pub(crate) run_id: Option<String>,
    pub(crate) trace_id: Option<String>,
    pub(crate) session_id: Option<String>,
    /// In the order of the tree: steps of a delegation follow it.
    pub(crate) steps: Vec<Step>,
    /// Steps of reasoning, of all agents.
    pub(crate) n_steps: u32,
    pub(crate) answer: String,
    pub(crate) usage: Option<Usage>,
    pub(crate) duration_ms: Option<u64>,
}

/// The error of a run that somebody stopped.
const CANCELLED: &str = "Cancelled";

/// What can happen to a run.
#[cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser hears a stream")
)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// A typed event.
    Event(Box<RunEvent>),
    /// More words of the answer.
    Text(String),
    /// The conversation and the trace, as they stand in every chunk.
    Ids {
        session_id: Option<String>,
        trace_id: Option<String>,
    },
    /// The run failed.
    Failed(ErrorDetail),
    /// The connection broke; the run may go on.
    Broken(ErrorDetail),
    /// The reader stopped it.
    Stopped,
    /// The stream ended.
    Ended,
}

impl RunState {
    /// The state after `input`, which came when the reader's clock showed `now_ms`.
    #[must_use]
    pub(crate) fn after(mut self, input: Input, now_ms: u64) -> Self {
        match input {
            Input::Event(event) => self.apply(*event, now_ms),
            Input::Ids {
                session_id,
                trace_id,
            } => {
                self.session_id = session_id.or(self.session_id);
                self.trace_id = trace_id.or(self.trace_id);
            }
            Input::Text(text) => {
                self.begin_running();
                self.answer.push_str(&text);
            }
            Input::Failed(error) | Input::Broken(error) => self.fail(error),
            Input::Stopped => self.close(Status::Stopped),
            Input::Ended if self.answer.is_empty() && self.duration_ms.is_none() => {
                self.close(Status::Failed(broken_off()));
            }
            Input::Ended => self.close(Status::Done),
        }
        self
    }

    /// The run to go on reading when this input says only that nothing more is heard of it.
    pub(crate) fn to_resume(&self, input: &Input) -> Option<String> {
        let is_cut_off = match input {
            Input::Broken(_) => true,
            Input::Ended => self.duration_ms.is_none(),
            Input::Event(_)
            | Input::Text(_)
            | Input::Ids { .. }
            | Input::Failed(_)
            | Input::Stopped => false,
        };
        let run_id = self.run_id.clone()?;
        (is_cut_off && self.status.is_open()).then_some(run_id)
    }

    /// What is known of a run before its events are read from the first on.
    pub(crate) fn resumed(run_id: String) -> Self {
        Self {
            status: Status::Running,
            run_id: Some(run_id),
            ..Self::default()
        }
    }

    /// The numbers to say when the run has ended.
    pub(crate) fn counts(&self) -> Counts {
        let of = |kind| self.steps.iter().filter(|step| step.kind == kind).count();
        Counts {
            steps: self.n_steps as usize,
            model_calls: of(StepKind::Model),
            tool_calls: of(StepKind::Tool),
            delegations: of(StepKind::Delegate),
            duration_ms: self.duration_ms,
            tokens: self.usage.map(|usage| usage.total_tokens),
        }
    }

    fn close(&mut self, status: Status) {
        if !self.status.is_open() {
            return;
        }
        self.status = status;
        for step in &mut self.steps {
            if step.state == StepState::Running {
                step.state = StepState::Cancelled;
            }
        }
    }

    fn apply(&mut self, event: RunEvent, now_ms: u64) {
        let at_top = event.path.is_empty();
        self.begin_running();
        match event.kind {
            RunEventKind::RunStarted {
                run_id,
                trace_id,
                session_id,
                span_id: _,
            } if at_top => {
                self.run_id = Some(run_id);
                self.trace_id = Some(trace_id);
                self.session_id = Some(session_id);
            }
            RunEventKind::RunFinished {
                usage, duration_ms, ..
            } if at_top => {
                self.usage = Some(usage);
                self.duration_ms = Some(duration_ms);
            }
            RunEventKind::RunError { error, .. } if at_top && error == CANCELLED => {
                self.close(Status::Stopped);
            }
            RunEventKind::RunError { error, message } if at_top => self.fail(ErrorDetail {
                message,
                kind: error,
                ..ErrorDetail::default()
            }),
            // What a sub-agent reports of its whole run, its delegation reports too.
            RunEventKind::RunStarted { .. }
            | RunEventKind::RunFinished { .. }
            | RunEventKind::RunError { .. } => {}
            RunEventKind::StepStarted { .. } => self.n_steps += 1,
            RunEventKind::MessageDelta { text } if at_top => self.answer.push_str(&text),
            RunEventKind::MessageDelta { text } => {
                if let Some(step) = event.path.last().and_then(|span| self.step(span)) {
                    step.outcome.push_str(&text);
                }
            }
            kind => self.apply_step(&event.path, kind, now_ms),
        }
    }

    fn begin_running(&mut self) {
        if self.status == Status::Sent {
            self.status = Status::Running;
        }
    }

    /// An error chunk that follows the event of the same failure says more, and wins.
    fn fail(&mut self, error: ErrorDetail) {
        self.trace_id = error.trace_id.clone().or(self.trace_id.take());
        match self.status {
            Status::Failed(_) => self.status = Status::Failed(error),
            Status::Sent | Status::Running | Status::Done | Status::Stopped => {
                self.close(Status::Failed(error));
            }
        }
    }

    fn apply_step(&mut self, path: &[String], kind: RunEventKind, now_ms: u64) {
        if let Some(begun) = Begun::of(&kind) {
            self.begin(path, begun, now_ms);
        }
        if let Some(setback) = Setback::of(&kind) {
            self.set_back(setback);
        }
        if let Some(ended) = Ended::of(kind) {
            self.end(ended);
        }
    }

    fn step(&mut self, span_id: &str) -> Option<&mut Step> {
        self.steps.iter_mut().find(|step| step.span_id == span_id)
    }

    /// Puts a step behind everything that belongs to the same delegation.
    fn begin(&mut self, path: &[String], begun: Begun, now_ms: u64) {
        let above = path
            .last()
            .and_then(|span| self.steps.iter().position(|step| step.span_id == *span));
        let place = match above {
            None => self.steps.len(),
            Some(above) => {
                let depth = self.steps[above].depth;
                let mut after = (above + 1)..self.steps.len();
                after
                    .find(|place| self.steps[*place].depth <= depth)
                    .unwrap_or(self.steps.len())
            }
        };
        let step = Step {
            span_id: begun.span_id,
            depth: path.len(),
            kind: begun.kind,
            title: begun.title,
            detail: one_line(&begun.detail),
            state: StepState::Running,
            started_ms: now_ms,
            duration_ms: None,
            outcome: String::new(),
        };
        self.steps.insert(place, step);
    }

    /// Every failure stays to be read, after an answer too.
    fn set_back(&mut self, setback: Setback) {
        let Some(step) = self.step(&setback.span_id) else {
            return;
        };
        if !step.outcome.is_empty() {
            step.outcome.push('\n');
        }
        for words in [&setback.detail, ": ", &setback.error] {
            step.outcome.push_str(words);
        }
        step.detail = setback.detail;
        if let Some(title) = setback.title {
            step.title = title;
        }
    }

    fn end(&mut self, ended: Ended) {
        let Some(step) = self.step(&ended.span_id) else {
            return;
        };
        step.state = ended.state;
        step.duration_ms = Some(ended.duration_ms);
        if let Some(detail) = ended.detail {
            step.detail = detail;
        }
        if !ended.outcome.is_empty() {
            step.outcome = ended.outcome;
        }
    }
}

/// The numbers under a finished run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) steps: usize,
    pub(crate) model_calls: usize,
    pub(crate) tool_calls: usize,
    pub(crate) delegations: usize,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) tokens: Option<u64>,
}

impl Counts {
    /// `4 steps · 6 model calls · 2 tools · 15.2 s · 8,412 tokens`, without what there is none of.
    pub(crate) fn words(&self) -> String {
        let counted = |number: usize, one: &str, many: &str| {
            (number > 0).then(|| format::counted(number as u64, one, many))
        };
        let parts = [
            counted(self.steps, "step", "steps"),
            counted(self.model_calls, "model call", "model calls"),
            counted(self.tool_calls, "tool", "tools"),
            counted(self.delegations, "delegation", "delegations"),
            self.duration_ms.map(|ms| format::duration(ms * 1_000_000)),
            self.tokens
                .filter(|tokens| *tokens > 0)
                .map(|tokens| format::counted(tokens, "token", "tokens")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn broken_off() -> ErrorDetail {
    ErrorDetail {
        message: "the stream ended before an answer came; send the message again".to_owned(),
        kind: "stream_ended".to_owned(),
        ..ErrorDetail::default()
    }
}

/// Text on one line, cut where nobody reads on.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST {
            break;
        }
    }
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
