//! A session as an agent remembers it, as questions with what followed each of them.

#[cfg(test)]
mod tests;

use api::traces::{StepKind, TraceId};
use serde::Deserialize;
use serde_json::Value;

use crate::components::chat::run_state::one_line;

/// One event of an agent's memory.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct MemoryEvent {
    #[serde(default)]
    pub(crate) event_id: String,
    /// ISO 8601.
    #[serde(default)]
    pub(crate) timestamp: String,
    #[serde(default)]
    pub(crate) session_id: Option<String>,
    /// `user_message`, `tool_call`, …
    pub(crate) event_type: String,
    /// Text, or an object whose fields depend on the type.
    #[serde(default)]
    pub(crate) content: Value,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

impl MemoryEvent {
    /// Whether the event begins a run.
    pub(crate) fn asks(&self) -> bool {
        matches!(
            self.event_type.as_str(),
            "user_message" | "task_delegation_received"
        )
    }

    /// What is asked by an event that begins a run.
    pub(crate) fn question(&self) -> String {
        words(&self.content, &["content", "task", "message"])
    }
}

/// Where in the traces an event belongs.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) trace_id: Option<String>,
    #[serde(default)]
    pub(crate) span_id: Option<String>,
}

/// How a remembered run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not yet, or the program stopped before.
    #[default]
    Open,
    Answer(String),
    Error(String),
    /// Whoever asked went away; only the trace knows.
    Stopped,
}

/// A remembered call of a tool or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PastStep {
    pub(crate) kind: StepKind,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What came of it, once it ended.
    pub(crate) outcome: Option<Result<String, String>>,
}

/// A message and what followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PastRun {
    pub(crate) question: String,
    /// Who asks: another agent, when a task was delegated to this one.
    pub(crate) delegated: bool,
    /// ISO 8601.
    pub(crate) asked_at: String,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) steps: Vec<PastStep>,
    pub(crate) ending: Ending,
}

/// Groups events by the message they follow. Events before the first message have been forgotten in
/// part, and are left out.
pub(crate) fn runs(events: &[MemoryEvent]) -> Vec<PastRun> {
    let mut runs: Vec<PastRun> = Vec::new();
    for event in events {
        if event.asks() {
            runs.push(PastRun {
                question: event.question(),
                delegated: event.event_type == "task_delegation_received",
                asked_at: event.timestamp.clone(),
                ..PastRun::default()
            });
        }
        let Some(run) = run_of(&mut runs, event) else {
            continue;
        };
        run.trace_id = run.trace_id.or_else(|| trace_id(event));
        if !event.asks() {
            run.add(event);
        }
    }
    runs
}

/// The run with the event's trace; two runs of one session may overlap.
fn run_of<'a>(runs: &'a mut [PastRun], event: &MemoryEvent) -> Option<&'a mut PastRun> {
    let last = runs.len().checked_sub(1)?;
    let same =
        trace_id(event).and_then(|trace| runs.iter().rposition(|run| run.trace_id == Some(trace)));
    // A message opens the last run, which has no trace yet.
    let asks = runs[last].trace_id.is_none();
    runs.get_mut(if asks { last } else { same.unwrap_or(last) })
}

fn trace_id(event: &MemoryEvent) -> Option<TraceId> {
    TraceId::parse(event.metadata.trace_id.as_deref()?)
}

impl PastRun {
    fn add(&mut self, event: &MemoryEvent) {
        let content = &event.content;
        match event.event_type.as_str() {
            "tool_call" => self.begin(StepKind::Tool, content, ["tool", "arguments"]),
            "tool_result" => self.end(content, "tool", Ok(words(content, &["result"]))),
            "tool_error" => self.end(content, "tool", Err(words(content, &["error"]))),
            "delegation_request" => self.begin(StepKind::Delegate, content, ["agent", "task"]),
            "delegation_response" => self.end(content, "agent", Ok(words(content, &["response"]))),
            "delegation_error" => self.end(content, "agent", Err(words(content, &["error"]))),
            "agent_response" => {
                self.ending = Ending::Answer(words(content, &["content", "response"]));
            }
            "error" => self.ending = Ending::Error(words(content, &["message", "error"])),
            // Other types are notes of the runtime to itself.
            _ => {}
        }
    }

    fn begin(&mut self, kind: StepKind, content: &Value, [title, detail]: [&str; 2]) {
        self.steps.push(PastStep {
            kind,
            title: words(&content[title], &[]),
            detail: one_line(&words(&content[detail], &[])),
            outcome: None,
        });
    }

    /// Results come in the order of their calls, as far as the same name goes.
    fn end(&mut self, content: &Value, title: &str, outcome: Result<String, String>) {
        let title = words(&content[title], &[]);
        let open = self
            .steps
            .iter_mut()
            .find(|step| step.outcome.is_none() && step.title == title);
        if let Some(step) = open {
            step.outcome = Some(outcome);
        }
    }
}

/// The text of a value: itself, the first of `fields` it has, or its JSON.
fn words(value: &Value, fields: &[&str]) -> String {
    let field = fields.iter().find_map(|field| value.get(field));
    match field.unwrap_or(value) {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
