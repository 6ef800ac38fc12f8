//! Conversations, from their traces. Their words are in the agents' memory.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Window;
use crate::traces::{ReadError, Work};

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionQuery {
    /// With a trace that started in it.
    pub window: Window,
    /// With this agent at work.
    pub agent: Option<String>,
    /// With spans of this `service.namespace`.
    pub namespace: Option<String>,
    /// At most this many, those with the latest trace; 100 when 0.
    pub limit: u32,
}

/// A line of the list of sessions. Its traces are found with [`crate::traces::TraceFilter::session`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// Its id.
    pub id: String,
    /// When its first trace in the window started, in nanoseconds since the epoch.
    pub first_ns: u64,
    /// When the last span of its traces in the window ended.
    pub last_ns: u64,
    /// Its traces in the window.
    pub n_traces: u64,
    /// Those with a span that failed.
    pub n_failed_traces: u64,
    /// How long its traces took together, in nanoseconds.
    pub duration_ns: u64,
    /// What was done in them.
    pub work: Work,
}

/// Reads sessions.
#[async_trait]
pub trait SessionReader: Send + Sync {
    /// The sessions that match, the one with the latest trace first.
    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, ReadError>;
}
