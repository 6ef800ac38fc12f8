//! Traces and logs as pages and Jaeger's API show them, and the ports that read them.

pub mod facts;
pub mod kind;
mod logs;
mod summary;
mod work;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::StepKind;
pub use logs::{LogOrder, LogPosition, LogQuery, LogReader, LogRecord};
pub use work::{TraceFilter, Work};

/// 16 bytes, written as 32 hex digits; never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// 8 bytes, written as 16 hex digits; never all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

macro_rules! hex_id {
    ($id:ident, $bytes:literal) => {
        impl $id {
            /// Reads hex digits; shorter ones are padded with zeros in front, as Jaeger's 64-bit ids.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.as_bytes();
                if digits.is_empty() || digits.len() > 2 * $bytes {
                    return None;
                }
                let mut bytes = [0; $bytes];
                for (place, digit) in digits.iter().rev().enumerate() {
                    let value = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
                    bytes[$bytes - 1 - place / 2] |= value << (4 * (place % 2));
                }
                (bytes != [0; $bytes]).then_some(Self(bytes))
            }

            /// Reads raw bytes, as OTLP carries them.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                let bytes: [u8; $bytes] = bytes.try_into().ok()?;
                (bytes != [0; $bytes]).then_some(Self(bytes))
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut text = [0; 2 * $bytes];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = DIGITS[usize::from(byte >> 4)];
                    pair[1] = DIGITS[usize::from(byte & 15)];
                }
                f.pad(str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $id {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text)
                    .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is no id in hex")))
            }
        }
    };
}

hex_id!(TraceId, 16);
hex_id!(SpanId, 8);

/// A span's part in a call, as OpenTelemetry has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// Not said.
    Unspecified,
    /// Inside one process.
    #[default]
    Internal,
    /// The answering side.
    Server,
    /// The asking side.
    Client,
    /// Puts a message somewhere.
    Producer,
    /// Takes a message from somewhere.
    Consumer,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpanStatus {
    /// Not said.
    #[default]
    Unset,
    /// Well.
    Ok,
    /// Not well, and why.
    Error(String),
}

impl SpanStatus {
    /// Whether the span failed.
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

/// Key and value, in the order they were sent.
pub type Attributes = Vec<(String, Value)>;

/// One span. Times are nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// The span it was started from; that span may be missing.
    pub parent_id: Option<SpanId>,
    /// Who sent it.
    pub service: String,
    /// What it is about.
    pub name: String,
    /// Its part in a call.
    pub kind: SpanKind,
    /// When it started.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// How it ended.
    pub status: SpanStatus,
    /// What was recorded of it.
    pub attributes: Attributes,
    /// What happened during it, oldest first.
    pub events: Vec<SpanEvent>,
    /// Attributes of the service that sent it.
    pub resource: Attributes,
}

impl Span {
    /// The attribute `key`.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The attribute `key`, when it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attribute(key)?.as_str()
    }

    /// How long it took, in nanoseconds.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// What sort of step it is.
    pub fn step_kind(&self) -> StepKind {
        self.facts().kind
    }
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanEvent {
    /// When, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// What.
    pub name: String,
    /// Its details.
    pub attributes: Attributes,
}

/// All spans of one trace that have arrived, by start time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Its spans, sorted by start time, then by id.
    pub spans: Vec<Span>,
}

/// A line of the list of traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceSummary {
    /// Its id.
    pub id: TraceId,
    /// Service of the root span; of the earliest span while no root has arrived.
    pub root_service: String,
    /// Name of that span.
    pub root_name: String,
    /// Earliest start, in nanoseconds since the epoch.
    pub start_ns: u64,
    /// Latest end.
    pub end_ns: u64,
    /// Spans that have arrived.
    pub n_spans: u64,
    /// Those of them that failed.
    pub n_errors: u64,
    /// Those whose parent has not arrived.
    pub n_orphans: u64,
    /// Spans per service, by name.
    pub services: Vec<ServiceCount>,
    /// What agents did; `None` when the backend's list does not say.
    pub work: Option<Work>,
}

impl TraceSummary {
    /// From the earliest start to the latest end, in nanoseconds.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

/// What one service has in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCount {
    /// Name of the service.
    pub name: String,
    /// Its spans.
    pub n_spans: u64,
    /// Those of them that failed.
    pub n_errors: u64,
}

/// Which traces to list. A trace matches when one of its spans meets every condition but that on the
/// whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TraceQuery {
    /// Service of the span.
    pub service: Option<String>,
    /// Name of the span.
    pub operation: Option<String>,
    /// The span starts at or after this, in nanoseconds since the epoch.
    pub start_min_ns: Option<u64>,
    /// The span starts before this.
    pub start_max_ns: Option<u64>,
    /// The span takes at least this long, in nanoseconds.
    pub duration_min_ns: Option<u64>,
    /// The span takes at most this long.
    pub duration_max_ns: Option<u64>,
    /// Attributes of the span or its resource; `error` = `true` asks for failed spans.
    pub attributes: Vec<(String, String)>,
    /// `service.namespace` of the span's resource.
    pub namespace: Option<String>,
    /// What the trace has to have besides, in any of its spans.
    pub whole: TraceFilter,
    /// At most this many traces, the newest; 100 when 0.
    pub limit: u32,
}

/// Name of a span and its part in a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Name of the span.
    pub name: String,
    /// `server`, `client`, `internal`, …; empty where the backend does not keep it.
    pub span_kind: String,
}

/// Traces when a query does not say how many.
const DEFAULT_LIMIT: u32 = 100;

/// What a search found, and how far it looked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundTraces {
    /// Those that match, newest first.
    pub traces: Vec<TraceSummary>,
    /// As many were looked at one by one; a backend with an index looks at no others than it gives.
    pub n_looked_at: u64,
    /// Older traces than those that start at this moment were not looked at, and may match, too; `None`
    /// when all were.
    pub back_to_ns: Option<u64>,
}

/// Reading failed for a reason outside the question.
#[expect(missing_docs, reason = "the fields say themselves what they are")]
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store behind the reader answers with an error.
    #[error("failed to read {what}: {reason}")]
    Read { what: &'static str, reason: String },
    /// The backend cannot answer this question.
    #[error("{0}")]
    Unsupported(String),
}

/// Reads traces, from the built-in store or from a Jaeger.
///
/// "Not found" is `Ok(None)` or an empty list. A span is returned once, even if it was sent twice. A
/// span committed before the call is seen by it. Both readers are held to this by one suite of tests,
/// `traces/tests/it/contract.rs`.
#[async_trait]
pub trait TraceReader: Send + Sync {
    /// Names of all services that sent spans, sorted, each once.
    async fn services(&self) -> Result<Vec<String>, ReadError>;

    /// What a service does, sorted by name, then by kind; each once. Nothing for an unknown service.
    async fn operations(&self, service: &str) -> Result<Vec<Operation>, ReadError>;

    /// One trace with all its spans, sorted by start time.
    async fn trace(&self, id: TraceId) -> Result<Option<Trace>, ReadError>;

    /// The newest traces that match, newest first; at most [`most`](Self::most), whatever the
    /// query's limit.
    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError>;

    /// The same, and how far was looked for them.
    async fn find(&self, query: &TraceQuery) -> Result<FoundTraces, ReadError> {
        let traces = self.search(query).await?;
        let limit = match query.limit {
            0 => DEFAULT_LIMIT,
            limit => limit.min(self.most()),
        };
        let is_cut = traces.len() >= limit as usize;
        Ok(FoundTraces {
            n_looked_at: u64::try_from(traces.len()).unwrap_or(u64::MAX),
            back_to_ns: traces.last().filter(|_| is_cut).map(|last| last.start_ns),
            traces,
        })
    }

    /// How many traces a search gives at most. An answer of so many, or of as many as the query's
    /// limit, may lack older ones that match too; whoever shows it says so.
    fn most(&self) -> u32 {
        10_000
    }
}
