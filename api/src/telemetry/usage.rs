//! Tokens and money.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Window;
use crate::{money::Usd, traces::ReadError};

/// What calls of models are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageKey {
    /// The agent that asked.
    Agent,
    /// The model that was asked.
    Model,
    /// The conversation.
    Session,
    /// The agent's namespace.
    Namespace,
}

/// Which calls of models to add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageQuery {
    /// When they began.
    pub window: Window,
    /// What to group by; with nothing there is one sum.
    pub by: Vec<UsageKey>,
    /// Sums for each step of so many nanoseconds from the window's beginning; one for the whole window
    /// when 0. A window has at most 1,000 steps: shorter ones are made longer.
    pub step_ns: u64,
    /// Asked by this agent.
    pub agent: Option<String>,
    /// Of this model.
    pub model: Option<String>,
    /// Of this conversation.
    pub session: Option<String>,
    /// Of agents in this namespace.
    pub namespace: Option<String>,
}

/// A sum.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// What it is of, in the order of [`UsageQuery::by`]; empty when the calls do not say.
    pub keys: Vec<String>,
    /// When its step begins, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// Calls of models.
    pub n_calls: u64,
    /// Those that failed.
    pub n_errors: u64,
    /// Tokens that models read, cached ones included.
    pub input_tokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
    /// Those read that were cached.
    pub cached_tokens: u64,
    /// What it cost, where a price is known.
    pub cost: Usd,
    /// Calls without a known price.
    pub n_without_price: u64,
}

/// Reads tokens and money.
#[async_trait]
pub trait UsageReader: Send + Sync {
    /// The sums, by time and then by keys. A call that was sent twice counts once.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, ReadError>;
}
