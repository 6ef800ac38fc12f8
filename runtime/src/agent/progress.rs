//! How a stream tells what its run is doing: in a field of its own, or in the original's way.

use api::{
    chat::Delta,
    run::{RunEvent, RunEventKind},
};
use serde::Serialize;

use super::events::Update;

/// What a client asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Events in a field that plain clients ignore.
    #[default]
    Field,
    /// The original's JSON among the words, for clients made for it.
    Content,
}

/// Turns what a run tells into pieces of its answer.
#[derive(Debug)]
pub(super) struct Teller {
    form: Form,
    step: u32,
    max_steps: u32,
}

/// The original's piece of JSON.
#[derive(Serialize)]
struct Progress<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    step: u32,
    max_steps: u32,
    action: &'static str,
    target: &'a str,
}

impl Teller {
    /// Before the first step.
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            step: 0,
            max_steps: 0,
        }
    }

    /// The piece for `update`; `None` when this form has no words for it.
    pub(super) fn piece(&mut self, update: Update) -> Option<Delta> {
        let (content, kaos) = match (self.form, update) {
            (_, Update::Text(text)) => (Some(text), None),
            (Form::Field, Update::Event(event)) => (None, Some(event)),
            (Form::Content, Update::Event(event)) => (Some(self.json(&event)?), None),
        };
        Some(Delta {
            content,
            kaos,
            ..Delta::default()
        })
    }

    /// The original tells only of calls, and only of the agent that was asked.
    fn json(&mut self, event: &RunEvent) -> Option<String> {
        if !event.path.is_empty() {
            return None;
        }
        let (action, target) = match &event.kind {
            RunEventKind::StepStarted {
                step, max_steps, ..
            } => {
                (self.step, self.max_steps) = (*step, *max_steps);
                return None;
            }
            RunEventKind::ToolStarted { name, .. } => ("tool_call", name),
            RunEventKind::DelegateStarted { target, .. } => ("delegate", target),
            _ => return None,
        };
        let progress = Progress {
            kind: "progress",
            step: self.step,
            max_steps: self.max_steps,
            action,
            target,
        };
        serde_json::to_string(&progress).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn event(path: &[&str], kind: RunEventKind) -> Update {
        Update::Event(RunEvent {
            seq: 1,
            at_ms: 0,
            agent: "a".to_owned(),
            path: path.iter().map(ToString::to_string).collect(),
            kind,
        })
    }

    fn step() -> RunEventKind {
        RunEventKind::StepStarted {
            step: 2,
            max_steps: 5,
            span_id: "s".to_owned(),
        }
    }

    fn tool() -> RunEventKind {
        RunEventKind::ToolStarted {
            name: "echo".to_owned(),
            arguments: Value::Null,
            span_id: "t".to_owned(),
        }
    }

    #[test]
    fn progress_is_a_field_that_plain_clients_ignore() {
        let mut teller = Teller::new(Form::Field);
        let piece = teller.piece(event(&[], step())).unwrap();
        assert_eq!(piece.content, None);
        assert!(piece.kaos.is_some());
    }

    #[test]
    fn the_originals_form_is_json_among_the_words() {
        let mut teller = Teller::new(Form::Content);
        assert_eq!(teller.piece(event(&[], step())), None);
        assert_eq!(teller.piece(event(&["d"], tool())), None);
        let content = teller.piece(event(&[], tool())).unwrap().content.unwrap();
        assert_eq!(
            content,
            r#"{"type":"progress","step":2,"max_steps":5,"action":"tool_call","target":"echo"}"#
        );
        let words = teller.piece(Update::Text("hi".to_owned())).unwrap();
        assert_eq!(words.content.as_deref(), Some("hi"));
    }
}
