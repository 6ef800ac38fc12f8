//! Some hundreds of log records that were committed together, built as [`super::span_block`] is.

use api::traces::{SpanId, TraceId};

use super::varint::{Cursor, Damaged, put, put_signed};

/// Bytes of uncompressed data after which a block is full.
const FULL_BYTES: usize = 48 << 10;

/// Records after which a block is full, however small they are.
const FULL_RECORDS: u64 = 1_024;

/// How the columns are written.
const FORMAT: u8 = 1;

mod flag {
    /// The trace id follows.
    pub(super) const TRACE: u8 = 1;
    /// The trace id is that of the record before.
    pub(super) const SAME_TRACE: u8 = 2;
    /// The span id follows.
    pub(super) const SPAN: u8 = 4;
    /// The span id is that of the record before.
    pub(super) const SAME_SPAN: u8 = 8;
}

/// What the columns say of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LogColumns {
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    /// Nanoseconds since the epoch; at most what SQLite's integers hold.
    pub(super) time_ns: u64,
    pub(super) severity: i32,
    /// Row in `sources`.
    pub(super) source: i64,
    /// Where its bytes begin in the uncompressed data.
    pub(super) offset: usize,
    /// Its bytes in the uncompressed data.
    pub(super) length: usize,
}

/// A block under construction.
pub(super) struct LogBlock {
    pub(super) first: u64,
    pub(super) n: u64,
    /// The earliest and the latest time.
    pub(super) time_ns: (u64, u64),
    pub(super) columns: Vec<u8>,
    pub(super) data: Vec<u8>,
    last: Option<LogColumns>,
}

impl LogBlock {
    pub(super) fn new(first: u64) -> Self {
        Self {
            first,
            n: 0,
            time_ns: (u64::MAX, 0),
            columns: vec![FORMAT],
            data: Vec::new(),
            last: None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.data.len() >= FULL_BYTES || self.n >= FULL_RECORDS
    }

    /// Appends a record; `offset` and `length` of its columns are not looked at.
    pub(super) fn push(&mut self, record: &LogColumns, otlp: &[u8]) {
        let last = self.last.as_ref();
        let trace = match record.trace_id {
            None => 0,
            id if last.is_some_and(|last| last.trace_id == id) => flag::SAME_TRACE,
            Some(_) => flag::TRACE,
        };
        let span = match record.span_id {
            None => 0,
            id if last.is_some_and(|last| last.span_id == id) => flag::SAME_SPAN,
            Some(_) => flag::SPAN,
        };
        let last_ns = last.map_or(0, |last| last.time_ns);
        let out = &mut self.columns;
        out.push(trace | span);
        if let (flag::TRACE, Some(id)) = (trace, record.trace_id) {
            out.extend_from_slice(&id.0);
        }
        if let (flag::SPAN, Some(id)) = (span, record.span_id) {
            out.extend_from_slice(&id.0);
        }
        put_signed(out, record.time_ns.wrapping_sub(last_ns).cast_signed());
        put_signed(out, record.severity.into());
        put(out, record.source.cast_unsigned());
        put(out, otlp.len() as u64);
        self.data.extend_from_slice(otlp);
        self.last = Some(*record);
        self.n += 1;
        self.time_ns = (
            self.time_ns.0.min(record.time_ns),
            self.time_ns.1.max(record.time_ns),
        );
    }
}

/// Reads the columns of a block, in the order of its records.
pub(super) fn columns(bytes: &[u8]) -> Result<Vec<LogColumns>, Damaged> {
    let mut cursor = Cursor(bytes);
    if cursor.byte()? != FORMAT {
        return Err(Damaged);
    }
    let mut records: Vec<LogColumns> = Vec::with_capacity(bytes.len() / 16);
    while !cursor.is_empty() {
        let record = next(&mut cursor, records.last())?;
        records.push(record);
    }
    Ok(records)
}

fn next(cursor: &mut Cursor<'_>, last: Option<&LogColumns>) -> Result<LogColumns, Damaged> {
    let flags = cursor.byte()?;
    let trace_id = if flags & flag::TRACE != 0 {
        Some(TraceId(cursor.array()?))
    } else if flags & flag::SAME_TRACE != 0 {
        last.ok_or(Damaged)?.trace_id
    } else {
        None
    };
    let span_id = if flags & flag::SPAN != 0 {
        Some(SpanId(cursor.array()?))
    } else if flags & flag::SAME_SPAN != 0 {
        last.ok_or(Damaged)?.span_id
    } else {
        None
    };
    let last_ns = last.map_or(0, |last| last.time_ns);
    Ok(LogColumns {
        trace_id,
        span_id,
        time_ns: last_ns.wrapping_add(cursor.signed()?.cast_unsigned()),
        severity: i32::try_from(cursor.signed()?).map_err(|_| Damaged)?,
        source: cursor.number()?.cast_signed(),
        offset: last.map_or(0, |last| last.offset.saturating_add(last.length)),
        length: cursor.count()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_sent() {
        let record = |trace: Option<u8>, span: Option<u8>, time_ns, severity| LogColumns {
            trace_id: trace.map(|n| TraceId([n; 16])),
            span_id: span.map(|n| SpanId([n; 8])),
            time_ns,
            severity,
            source: 3,
            offset: 0,
            length: 0,
        };
        let sent = [
            record(Some(1), Some(1), 1_795_305_600_000_000_000, 9),
            record(Some(1), Some(1), 1_795_305_600_000_000_001, 17),
            record(Some(1), Some(2), 5, 9),
            record(None, None, 5, -3),
            record(None, Some(2), i64::MAX.cast_unsigned(), 0),
            record(Some(2), None, 0, 0),
        ];
        let mut block = LogBlock::new(9);
        for (record, body) in sent.iter().zip(["a", "bb", "", "cc", "d", "e"]) {
            block.push(record, body.as_bytes());
        }
        let read = columns(&block.columns).unwrap();
        let bodies: Vec<_> = read
            .iter()
            .map(|r| &block.data[r.offset..r.offset + r.length])
            .collect();
        assert_eq!(bodies, [&b"a"[..], b"bb", b"", b"cc", b"d", b"e"]);
        for (read, sent) in read.iter().zip(&sent) {
            let LogColumns { offset, length, .. } = *read;
            assert_eq!(
                *read,
                LogColumns {
                    offset,
                    length,
                    ..*sent
                }
            );
        }
        assert_eq!(read.len(), sent.len());
    }

    #[test]
    fn what_ends_too_early_is_damaged() {
        assert_eq!(columns(&[]), Err(Damaged));
        assert_eq!(columns(&[FORMAT, flag::TRACE, 1]), Err(Damaged));
        assert_eq!(columns(&[FORMAT, flag::SAME_TRACE]), Err(Damaged));
    }
}
