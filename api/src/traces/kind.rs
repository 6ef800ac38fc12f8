//! What sort of step a span is, whoever named it: the seed's names and the field's standard ones.
//!
//! One table for the server and the browser, so that a span has one colour everywhere.

use serde::{Deserialize, Serialize};

use super::Span;
use crate::attributes::{key, span};

/// What sort of step a span is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// An agent at work: its loop or one step of it.
    Agent,
    /// A call of a model.
    Model,
    /// A call of a tool.
    Tool,
    /// A call of another agent.
    Delegate,
    /// Transport.
    #[default]
    Http,
}

impl StepKind {
    /// The word used in class names, queries and `data-kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Delegate => "delegate",
            Self::Http => "http",
        }
    }

    /// The letter on its tile.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Agent => "A",
            Self::Model => "M",
            Self::Tool => "T",
            Self::Delegate => "D",
            Self::Http => "H",
        }
    }
}

/// The words a person reads instead of the span's name: `web_search`, `→ researcher`, `step 2`.
pub fn title(of: &Span) -> String {
    let name = of.name.as_str();
    match of.step_kind() {
        StepKind::Model => of.text(key::REQUEST_MODEL).unwrap_or(name).to_owned(),
        StepKind::Tool => of
            .text(key::TOOL_NAME)
            .unwrap_or_else(|| strip(name, span::TOOL_PREFIX))
            .to_owned(),
        StepKind::Delegate => format!("→ {}", strip(name, span::DELEGATE_PREFIX)),
        StepKind::Agent if name == span::LOOP => "agent loop".to_owned(),
        StepKind::Agent => match name.strip_prefix(span::STEP_PREFIX) {
            Some(step) => format!("step {step}"),
            None => name.to_owned(),
        },
        StepKind::Http => name.to_owned(),
    }
}

fn strip<'a>(name: &'a str, prefix: &str) -> &'a str {
    name.strip_prefix(prefix).unwrap_or(name)
}
