//! A trace without its details: 24 bytes a span, small enough that the browser has all of them.
//!
//! Four bytes say how long the head is; the head is JSON, with a table of all titles; the spans follow,
//! parents before children, so that a span's descendants come right after it.

use api::traces::StepKind;
use serde::{Deserialize, Serialize};

/// The eight bytes of a span's id; all zero for the parent that has not arrived.
pub type SpanKey = [u8; 8];

/// The parent of what hangs at the top.
pub const NONE: u32 = u32::MAX;

/// Bytes of one span.
const SPAN: usize = 24;
/// Labels that three bytes can tell apart.
const MOST_LABELS: u32 = 1 << 24;

/// What is special about a span, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// It failed.
    pub const ERROR: Self = Self(1);
    /// Some of its own time is on the critical path.
    pub const CRITICAL: Self = Self(1 << 1);
    /// Transport: without a row unless that is asked for.
    pub const TRANSPORT: Self = Self(1 << 2);
    /// Part of the row above it unless all spans are asked for.
    pub const FOLDED: Self = Self(1 << 3);
    /// It has not ended.
    pub const OPEN: Self = Self(1 << 4);
    /// It lies outside its parent, so one of two clocks is wrong.
    pub const SKEWED: Self = Self(1 << 5);

    /// Whether all of `other` is said.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and `other`, when that is so.
    #[must_use]
    pub fn and(self, other: Self, is_so: bool) -> Self {
        if is_so { Self(self.0 | other.0) } else { self }
    }

    /// Whether it has no row of its own.
    pub fn is_hidden(self) -> bool {
        self.0 & (Self::TRANSPORT.0 | Self::FOLDED.0) != 0
    }
}

/// What many spans have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Label {
    /// The words a person reads, made visible.
    pub title: String,
    /// Who sent it.
    pub service: String,
    /// Which of the trace's services that is, from 0, by when each began.
    pub color: u8,
    /// What sort of step it is; none for the missing parent.
    pub kind: Option<StepKind>,
}

/// One span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Its id.
    pub span: SpanKey,
    /// Place of the span above it.
    pub parent: u32,
    /// Place of its words in the table.
    pub label: u32,
    /// What is special about it.
    pub flags: Flags,
    /// From the trace's start, in units.
    pub start: u32,
    /// How long it took, in units.
    pub length: u32,
}

/// A whole trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    /// How the trace is as a whole.
    pub head: Head,
    /// Its spans, parents before children.
    pub nodes: Vec<Node>,
}

/// How a trace is as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// From its start to its end, or to the time it was asked for while it goes on; in nanoseconds.
    pub length_ns: u64,
    /// Nanoseconds in a unit of time.
    pub unit_ns: u64,
    /// The longest piece of work on the critical path.
    pub slowest: Option<u32>,
    /// Whether its run goes on.
    pub is_running: bool,
    /// All the words.
    pub labels: Vec<Label>,
    /// What was logged: the place of the span, and when, in units; by place.
    pub ticks: Vec<(u32, u32)>,
}

/// Bytes that are no skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trace cannot be read; reload the page")]
pub struct Unreadable;

impl Head {
    /// A trace of this length, with units in which it can be told.
    pub fn of_length(length_ns: u64) -> Self {
        Self {
            length_ns,
            unit_ns: length_ns / u64::from(u32::MAX) + 1,
            ..Self::default()
        }
    }

    /// A time in units; what is too long becomes the longest.
    pub fn units(&self, ns: u64) -> u32 {
        u32::try_from(ns / self.unit_ns.max(1)).unwrap_or(u32::MAX)
    }
}

impl Skeleton {
    /// A time in nanoseconds.
    pub fn ns(&self, units: u32) -> u64 {
        u64::from(units) * self.head.unit_ns
    }

    /// When something was logged in a span, in units.
    pub fn ticks(&self, node: u32) -> impl Iterator<Item = u32> {
        let from = self.head.ticks.partition_point(|(at, _)| *at < node);
        let of_node = self.head.ticks[from..].iter();
        of_node
            .take_while(move |(at, _)| *at == node)
            .map(|(_, at)| *at)
    }

    /// The words of a span.
    pub fn label(&self, node: u32) -> Option<&Label> {
        let node = self.nodes.get(node as usize)?;
        self.head.labels.get(node.label as usize)
    }

    /// The place of the span of this id.
    pub fn place_of(&self, span: SpanKey) -> Option<u32> {
        let place = self.nodes.iter().position(|node| node.span == span)?;
        u32::try_from(place).ok()
    }

    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        let mut bytes = Vec::with_capacity(4 + head.len() + self.nodes.len() * SPAN);
        bytes.extend(u32::try_from(head.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(head);
        for node in &self.nodes {
            bytes.extend(node.span);
            bytes.extend(node.parent.to_le_bytes());
            bytes.extend(node.start.to_le_bytes());
            bytes.extend(node.length.to_le_bytes());
            let label = node.label.min(MOST_LABELS - 1);
            bytes.extend(&label.to_le_bytes()[..3]);
            bytes.push(node.flags.0);
        }
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Unreadable)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (head, spans) = rest.split_at_checked(length).ok_or(Unreadable)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| Unreadable)?;
        if spans.len() % SPAN != 0 {
            return Err(Unreadable);
        }
        let nodes: Vec<Node> = spans.chunks_exact(SPAN).map(node).collect();
        let are_in_order = nodes
            .iter()
            .enumerate()
            .all(|(place, node)| node.parent == NONE || (node.parent as usize) < place);
        are_in_order
            .then_some(Self { head, nodes })
            .ok_or(Unreadable)
    }
}

/// Reads one span of exactly 24 bytes.
fn node(bytes: &[u8]) -> Node {
    let number = |at: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(four)
    };
    let mut span = [0; 8];
    span.copy_from_slice(&bytes[..8]);
    let last = number(20);
    Node {
        span,
        parent: number(8),
        start: number(12),
        length: number(16),
        label: last & (MOST_LABELS - 1),
        flags: Flags(bytes[23]),
    }
}
