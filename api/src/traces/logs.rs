//! Log records, and the port that reads them.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Attributes, ReadError, SpanId, TraceId};

/// A log record. The time is in nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// When it was written.
    pub time_ns: u64,
    /// Who wrote it.
    pub service: String,
    /// `INFO`, `ERROR`, …
    pub severity: String,
    /// OpenTelemetry's number: 9 is `INFO`, 17 is `ERROR`.
    pub severity_number: i32,
    /// The message.
    pub body: String,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it was written in.
    pub span_id: Option<SpanId>,
    /// Its details.
    pub attributes: Attributes,
    /// Its place among all records, in the order they arrived.
    pub position: LogPosition,
}

/// The place of a log record in the order of arrival.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct LogPosition {
    /// The part of the store, which counts up.
    pub segment: u64,
    /// The place in it.
    pub ordinal: u64,
}

/// Which logs to list; every condition has to be met.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogQuery {
    /// Of this trace.
    pub trace_id: Option<TraceId>,
    /// Of one of these spans; any when empty.
    pub span_ids: Vec<SpanId>,
    /// Of this span of the trace and of those below it.
    pub under: Option<SpanId>,
    /// Of this service.
    pub service: Option<String>,
    /// `service.namespace` of the resource.
    pub namespace: Option<String>,
    /// At least this severe.
    pub min_severity: Option<i32>,
    /// Written at or after this, in nanoseconds since the epoch.
    pub from_ns: Option<u64>,
    /// Written before this.
    pub to_ns: Option<u64>,
    /// The message has all these words, in any order; upper and lower case are alike.
    pub text: Option<String>,
    /// Arrived after this record, whenever it was written: for whoever follows the logs.
    pub after: Option<LogPosition>,
    /// Which come first.
    pub order: LogOrder,
    /// At most this many; 1,000 when 0.
    pub limit: u32,
}

/// Which log records come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogOrder {
    /// By time; of one time by arrival.
    #[default]
    Oldest,
    /// The other way round.
    Newest,
}

/// Reads logs.
#[async_trait]
pub trait LogReader: Send + Sync {
    /// The logs that match, in the query's order.
    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ReadError>;
}
