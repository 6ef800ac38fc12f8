//! Exceptions, grouped by what went wrong.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Window;
use crate::traces::{ReadError, SpanId, TraceId};

/// A group's id: the same for the same type, template and top frame, in every store. 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExceptionGroupId(pub u64);

impl ExceptionGroupId {
    /// Reads hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        u64::from_str_radix(text, 16)
            .ok()
            .filter(|_| is_hex)
            .map(Self)
    }
}

impl fmt::Display for ExceptionGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ExceptionGroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ExceptionGroupId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExceptionGroupId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is no id of a group")))
    }
}

/// Which exceptions to list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExceptionQuery {
    /// When they happened.
    pub window: Window,
    /// Of this service.
    pub service: Option<String>,
    /// `service.namespace` of the resource.
    pub namespace: Option<String>,
    /// Of this type.
    pub exception_type: Option<String>,
    /// Of this group, however rare it is among the others.
    pub group: Option<ExceptionGroupId>,
    /// Pieces that the window is cut into for [`ExceptionGroup::counts`]; no counts when 0.
    pub n_pieces: u32,
    /// At most this many groups, the most frequent; 100 when 0.
    pub limit: u32,
}

/// Exceptions of one type, one template of a message and one top frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionGroup {
    /// Its id.
    pub id: ExceptionGroupId,
    /// `ValueError`, …
    pub exception_type: String,
    /// The message with `‹*›` for what changes.
    pub template: String,
    /// Where it was raised, without line numbers; empty when no stack trace was sent.
    pub top_frame: String,
    /// How often it happened in the window.
    pub n: u64,
    /// In how many traces.
    pub n_traces: u64,
    /// First time in the window, in nanoseconds since the epoch.
    pub first_ns: u64,
    /// Last time in the window.
    pub last_ns: u64,
    /// First time as far back as the store goes: new is what was first seen lately.
    pub first_ever_ns: u64,
    /// Where it happened, by name.
    pub services: Vec<String>,
    /// How often in each piece of the window.
    pub counts: Vec<u64>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// When, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// Where.
    pub service: String,
    /// The trace it happened in.
    pub trace_id: Option<TraceId>,
    /// The span it happened in.
    pub span_id: Option<SpanId>,
    /// The message as it was sent.
    pub message: String,
    /// The stack trace as it was sent; empty when there is none.
    pub stacktrace: String,
}

/// Reads exceptions.
///
/// One that was sent as the event of a span and as a log record of it is one.
#[async_trait]
pub trait ExceptionReader: Send + Sync {
    /// The groups with the most exceptions that match, the largest first.
    async fn exceptions(&self, query: &ExceptionQuery) -> Result<Vec<ExceptionGroup>, ReadError>;

    /// The newest exceptions of a group that match, newest first, at most the query's limit.
    async fn occurrences(
        &self,
        group: ExceptionGroupId,
        query: &ExceptionQuery,
    ) -> Result<Vec<Occurrence>, ReadError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_sixteen_hex_digits() {
        let id = ExceptionGroupId(0x1f);
        assert_eq!(id.to_string(), "000000000000001f");
        assert_eq!(ExceptionGroupId::parse("000000000000001F"), Some(id));
        for wrong in [
            "",
            "1f",
            "+00000000000001f",
            "000000000000001g",
            "000000000000001f0",
        ] {
            assert_eq!(ExceptionGroupId::parse(wrong), None, "{wrong}");
        }
    }
}
