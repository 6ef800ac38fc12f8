//! What telemetry adds up to, and the ports that read it: exceptions, metrics, calls between services,
//! tokens and money, sessions.
//!
//! Traces and logs themselves are in [`crate::traces`].

mod alerts;
mod calls;
mod exceptions;
mod metrics;
mod notebook;
mod reader;
mod sessions;
mod usage;

use serde::{Deserialize, Serialize};

pub use alerts::{
    Alert, AlertMeasure, AlertRule, AlertState, Alerting, Episode, Measured, RuleRefused, Webhook,
    WebhookRefused,
};
pub use calls::{
    CallReader, Calls, DurationQuery, Durations, ServiceEdge, ServiceGraph, ServiceNode,
};
pub use exceptions::{
    ExceptionGroup, ExceptionGroupId, ExceptionQuery, ExceptionReader, Occurrence,
};
pub use metrics::{Aggregate, MetricPoint, MetricQuery, MetricReader, MetricSeries};
pub use notebook::{Decision, GroupStatus, NotNoted, Notebook, SavedSearch};
pub use reader::{NothingKept, TelemetryReader};
pub use sessions::{SessionQuery, SessionReader, SessionSummary};
pub use usage::{UsageKey, UsageQuery, UsageReader, UsageRow};

/// A span of time, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its first nanosecond.
    pub from_ns: u64,
    /// The nanosecond after its last.
    pub to_ns: u64,
}

impl Window {
    /// All of time.
    pub const ALL: Self = Self {
        from_ns: 0,
        to_ns: u64::MAX,
    };

    /// Whether a moment is in it.
    pub fn contains(&self, ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&ns)
    }

    /// How long it is, in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.to_ns.saturating_sub(self.from_ns)
    }

    /// Which of `n` equal pieces a moment falls into; none outside the window.
    pub fn piece(&self, ns: u64, n: u32) -> Option<usize> {
        if !self.contains(ns) {
            return None;
        }
        let at = u128::from(ns - self.from_ns) * u128::from(n) / u128::from(self.length_ns());
        usize::try_from(at).ok()
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_into_equal_pieces() {
        let window = Window {
            from_ns: 100,
            to_ns: 200,
        };
        let check = |ns, expected| assert_eq!(window.piece(ns, 4), expected, "{ns}");
        check(99, None);
        check(100, Some(0));
        check(124, Some(0));
        check(125, Some(1));
        check(199, Some(3));
        check(200, None);
        assert_eq!(Window::ALL.piece(u64::MAX - 1, 3), Some(2));
    }
}
