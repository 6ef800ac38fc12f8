//! The bounds of a turn, and which of them was reached.

use std::time::Duration;

use api::chat::Usage;

/// How far a turn may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Questions to the model with tools; one without may follow.
    pub(crate) steps: u32,
    /// From its beginning.
    pub(crate) runtime: Duration,
    /// Calls of tools and of other agents.
    pub(crate) calls: u32,
    /// Tokens used by all questions; `None` is unbounded.
    pub(crate) tokens: Option<u64>,
}

impl Bounds {
    /// Whether as many tokens are used as may be.
    pub(super) fn are_tokens_used(&self, usage: Usage) -> bool {
        // Some models leave the total out.
        let parts = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        let used = usage.total_tokens.max(parts);
        self.tokens.is_some_and(|tokens| used >= tokens)
    }
}

/// A bound that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The steps are used up.
    Steps,
    /// The time is up.
    Runtime,
    /// The calls are used up.
    ToolCalls,
    /// The tokens are used up.
    Tokens,
}

impl Limit {
    /// The run's `finish_reason`, and the label of the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "max_steps",
            Self::Runtime => "max_runtime",
            Self::ToolCalls => "max_tool_calls",
            Self::Tokens => "max_tokens",
        }
    }

    /// What the bound is, in steps, seconds, calls or tokens.
    pub(crate) fn value(self, bounds: &Bounds) -> u64 {
        match self {
            Self::Steps => u64::from(bounds.steps),
            Self::Runtime => bounds.runtime.as_secs(),
            Self::ToolCalls => u64::from(bounds.calls),
            Self::Tokens => bounds.tokens.unwrap_or(u64::MAX),
        }
    }
}
