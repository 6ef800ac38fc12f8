//! The bounds of a turn, and which of them was reached.

use std::time::Duration;

use api::{chat::Usage, money::Usd};

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
    /// What all questions may cost; `None` is unbounded.
    pub(crate) cost: Option<Usd>,
}

impl Bounds {
    /// The bound of what is used up that `usage` has come to, if any.
    pub(super) fn used_up(&self, usage: Usage) -> Option<Limit> {
        // Some models leave the total out.
        let parts = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        let used = usage.total_tokens.max(parts);
        if self.tokens.is_some_and(|tokens| used >= tokens) {
            return Some(Limit::Tokens);
        }
        let spent = usage.cost.unwrap_or_default();
        self.cost
            .is_some_and(|cost| spent >= cost)
            .then_some(Limit::Cost)
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
    /// The money is spent.
    Cost,
}

impl Limit {
    /// The run's `finish_reason`, and the label of the metric.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "max_steps",
            Self::Runtime => "max_runtime",
            Self::ToolCalls => "max_tool_calls",
            Self::Tokens => "max_tokens",
            Self::Cost => "max_cost",
        }
    }

    /// What the bound is, in steps, seconds, calls, tokens or dollars.
    #[expect(
        clippy::cast_precision_loss,
        reason = "telemetry needs no more than a double"
    )]
    pub(crate) fn value(self, bounds: &Bounds) -> f64 {
        match self {
            Self::Steps => f64::from(bounds.steps),
            Self::Runtime => bounds.runtime.as_secs_f64(),
            Self::ToolCalls => f64::from(bounds.calls),
            Self::Tokens => bounds.tokens.unwrap_or(u64::MAX) as f64,
            Self::Cost => bounds.cost.unwrap_or_default().dollars(),
        }
    }
}
