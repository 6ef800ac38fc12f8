//! Some tens or hundreds of spans that were committed together.
//!
//! A block has two parts. The columns hold what lists, durations and graphs are made of, for every span:
//! ids, times, who and what. The data is the rest of each span as OTLP bytes, compressed, and is read only
//! for those spans that somebody looks at.

use api::traces::{SpanId, TraceId};

use super::extract::Extract;
use super::facts::{PackedFacts, Texts};
use super::varint::{Cursor, Damaged, put, put_signed};

/// Bytes of uncompressed data after which a block is full: enough to compress well, and little enough
/// to be read for one span.
const FULL_BYTES: usize = 48 << 10;

/// Spans after which a block is full, however small they are.
const FULL_SPANS: u64 = 1_024;

/// Spans before a child that its parent is looked for among. Parents that are farther away cost a few
/// bytes more.
const PARENT_DISTANCE: usize = 64;

/// How the columns are written.
const FORMAT: u8 = 1;

mod flag {
    /// The span failed.
    pub(super) const ERROR: u8 = 1;
    /// The trace id follows; else it is that of the span before.
    pub(super) const TRACE: u8 = 2;
    /// The distance to the parent, which is earlier in the block, follows.
    pub(super) const NEAR_PARENT: u8 = 4;
    /// The parent's id follows.
    pub(super) const FAR_PARENT: u8 = 8;
    /// Facts about agents, models and tools come last.
    pub(super) const FACTS: u8 = 16;
}

/// What the columns say of a span. Times are nanoseconds since the epoch, as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpanColumns {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent_id: Option<SpanId>,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) is_error: bool,
    /// Row in `sources`.
    pub(super) source: i64,
    /// Row in `operations`.
    pub(super) operation: i64,
    pub(super) facts: PackedFacts,
    /// Where its bytes begin in the uncompressed data.
    pub(super) offset: usize,
    /// Its bytes in the uncompressed data.
    pub(super) length: usize,
}

impl SpanColumns {
    /// When it started; times beyond the year 2262 do not fit SQLite's integers and are cut.
    pub(super) fn started_ns(&self) -> u64 {
        self.start_ns.min(i64::MAX.cast_unsigned())
    }

    /// How long it took; nothing when it ends before it starts.
    pub(super) fn duration_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

/// A block under construction.
pub(super) struct SpanBlock {
    pub(super) first: u64,
    pub(super) n: u64,
    /// The earliest and the latest start.
    pub(super) start_ns: (u64, u64),
    pub(super) columns: Vec<u8>,
    pub(super) data: Vec<u8>,
    trace_id: Option<TraceId>,
    last_start_ns: u64,
    /// The spans of the trace so far.
    of_trace: Vec<SpanId>,
    texts: Texts,
}

impl SpanBlock {
    pub(super) fn new(first: u64) -> Self {
        Self {
            first,
            n: 0,
            start_ns: (u64::MAX, 0),
            columns: vec![FORMAT],
            data: Vec::new(),
            trace_id: None,
            last_start_ns: 0,
            of_trace: Vec::new(),
            texts: Texts::default(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.data.len() >= FULL_BYTES || self.n >= FULL_SPANS
    }

    /// Appends a span whose facts refer to `texts`; `offset` and `length` are not looked at.
    pub(super) fn push(&mut self, span: &SpanColumns, texts: &Texts, otlp: &[u8]) {
        let is_new_trace = self.trace_id != Some(span.trace_id);
        if is_new_trace {
            self.of_trace.clear();
            self.trace_id = Some(span.trace_id);
        }
        let near_parent = span.parent_id.and_then(|id| {
            let mut before = self.of_trace.iter().rev().take(PARENT_DISTANCE);
            before.position(|span_id| *span_id == id)
        });
        let mut flags = match (span.parent_id, near_parent) {
            (None, _) => 0,
            (Some(_), Some(_)) => flag::NEAR_PARENT,
            (Some(_), None) => flag::FAR_PARENT,
        };
        flags |= if span.is_error { flag::ERROR } else { 0 };
        flags |= if is_new_trace { flag::TRACE } else { 0 };
        flags |= if span.facts.is_empty() {
            0
        } else {
            flag::FACTS
        };
        let out = &mut self.columns;
        out.push(flags);
        if is_new_trace {
            out.extend_from_slice(&span.trace_id.0);
        }
        out.extend_from_slice(&span.span_id.0);
        match (span.parent_id, near_parent) {
            (_, Some(distance)) => put(out, distance as u64),
            (Some(id), None) => out.extend_from_slice(&id.0),
            (None, None) => {}
        }
        put_signed(
            out,
            span.start_ns.wrapping_sub(self.last_start_ns).cast_signed(),
        );
        put_signed(out, span.end_ns.wrapping_sub(span.start_ns).cast_signed());
        put(out, span.source.cast_unsigned());
        put(out, span.operation.cast_unsigned());
        put(out, otlp.len() as u64);
        if !span.facts.is_empty() {
            span.facts.write(texts, &mut self.texts, out);
        }
        self.data.extend_from_slice(otlp);
        self.of_trace.push(span.span_id);
        self.last_start_ns = span.start_ns;
        self.n += 1;
        let started_ns = span.started_ns();
        self.start_ns = (
            self.start_ns.0.min(started_ns),
            self.start_ns.1.max(started_ns),
        );
    }
}

/// The columns of a block, in the order of its spans.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) spans: Vec<SpanColumns>,
    /// What their facts refer to.
    pub(super) texts: Texts,
}

impl Columns {
    /// Those of its spans that are in an extract.
    pub(super) fn only(&self, extract: Extract) -> Self {
        let spans = self.spans.iter().filter(|span| extract.holds(span));
        Self {
            spans: spans.copied().collect(),
            texts: self.texts.clone(),
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor(bytes);
        if cursor.byte()? != FORMAT {
            return Err(Damaged);
        }
        let mut columns = Self {
            spans: Vec::with_capacity(bytes.len() / 24),
            texts: Texts::default(),
        };
        while !cursor.is_empty() {
            let span = next(&mut cursor, &mut columns)?;
            columns.spans.push(span);
        }
        Ok(columns)
    }
}

fn next(cursor: &mut Cursor<'_>, columns: &mut Columns) -> Result<SpanColumns, Damaged> {
    let before = &columns.spans;
    let last = before.last();
    let flags = cursor.byte()?;
    let trace_id = match flags & flag::TRACE {
        0 => last.ok_or(Damaged)?.trace_id,
        _ => TraceId(cursor.array()?),
    };
    let span_id = SpanId(cursor.array()?);
    let parent_id = if flags & flag::NEAR_PARENT != 0 {
        let distance = cursor.count()?;
        let parent = before.iter().rev().nth(distance).ok_or(Damaged)?;
        Some(parent.span_id)
    } else if flags & flag::FAR_PARENT != 0 {
        Some(SpanId(cursor.array()?))
    } else {
        None
    };
    let last_start_ns = last.map_or(0, |last| last.start_ns);
    let offset = last.map_or(0, |last| last.offset.saturating_add(last.length));
    let start_ns = last_start_ns.wrapping_add(cursor.signed()?.cast_unsigned());
    let mut span = SpanColumns {
        trace_id,
        span_id,
        parent_id,
        start_ns,
        end_ns: start_ns.wrapping_add(cursor.signed()?.cast_unsigned()),
        is_error: flags & flag::ERROR != 0,
        source: cursor.number()?.cast_signed(),
        operation: cursor.number()?.cast_signed(),
        facts: PackedFacts::default(),
        offset,
        length: cursor.count()?,
    };
    if flags & flag::FACTS != 0 {
        span.facts = PackedFacts::read(cursor, &mut columns.texts)?;
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(trace: u8, n: u8, parent: Option<u8>, start_ns: u64, end_ns: u64) -> SpanColumns {
        SpanColumns {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId([n; 8]),
            parent_id: parent.map(|n| SpanId([n; 8])),
            start_ns,
            end_ns,
            is_error: n == 3,
            source: 7,
            operation: i64::from(n),
            facts: PackedFacts::default(),
            offset: 0,
            length: 0,
        }
    }

    #[test]
    fn spans_come_back_as_they_were_sent() {
        let sent = [
            span(
                1,
                1,
                None,
                1_795_305_600_000_000_000,
                1_795_305_600_000_000_009,
            ),
            span(
                1,
                2,
                Some(1),
                1_795_305_600_000_000_001,
                1_795_305_600_000_000_002,
            ),
            span(1, 3, Some(9), 1_795_305_600_000_000_001, 5),
            span(2, 4, Some(1), u64::MAX, 0),
            span(2, 5, Some(4), 0, u64::MAX),
        ];
        let mut block = SpanBlock::new(0);
        for span in &sent {
            block.push(
                span,
                &Texts::default(),
                &vec![0; usize::from(span.span_id.0[0])],
            );
        }
        let read = Columns::read(&block.columns).unwrap().spans;
        let mut offset = 0;
        for (read, sent) in read.iter().zip(&sent) {
            let length = usize::from(sent.span_id.0[0]);
            assert_eq!(
                *read,
                SpanColumns {
                    offset,
                    length,
                    ..*sent
                }
            );
            offset += length;
        }
        assert_eq!((read.len(), block.n), (5, 5));
        assert_eq!(block.start_ns, (0, i64::MAX.cast_unsigned()));
    }

    #[test]
    fn every_damage_is_an_error_or_other_spans_but_no_panic() {
        let mut block = SpanBlock::new(0);
        block.push(&span(1, 1, None, 5, 6), &Texts::default(), b"one");
        block.push(&span(1, 2, Some(1), 5, 6), &Texts::default(), b"two");
        for at in 0..block.columns.len() {
            let mut damaged = block.columns.clone();
            damaged[at] ^= 0x55;
            let _ = Columns::read(&damaged);
            let cut = Columns::read(&block.columns[..at]);
            assert!(
                cut.is_err() || cut.is_ok_and(|spans| spans.spans.len() < 2),
                "cut at {at}"
            );
        }
    }
}
