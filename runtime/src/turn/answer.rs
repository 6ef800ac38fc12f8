//! How a turn ended.

use api::chat::{ToolCall, Usage};

use super::Limit;

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The words.
    pub(crate) content: String,
    /// The caller's tools the model asks for; then the caller makes the calls.
    pub(crate) calls: Vec<ToolCall>,
    /// Why it ended.
    pub(crate) finish: Finish,
    /// Tokens used by all questions to the model.
    pub(crate) usage: Usage,
}

/// Why a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model answered; its own word for why it stopped.
    Model(String),
    /// The model asks for tools of the caller.
    CallersTools,
    /// A limit was reached.
    Limit(Limit),
    /// The model kept sending arguments that are no JSON.
    MalformedCalls,
}

impl Finish {
    /// OpenAI's `finish_reason`; limits have words of their own.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Model(reason) => reason,
            Self::CallersTools => "tool_calls",
            Self::Limit(limit) => limit.as_str(),
            Self::MalformedCalls => "error",
        }
    }
}
