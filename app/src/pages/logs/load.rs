//! Reads lines in batches until a page is full.

use api::traces::{LogReader, LogRecord, ReadError};

use super::filter::{Filter, Place};

/// Lines that the reader is asked for at a time.
pub(crate) const BATCH: u32 = 2_000;

/// A batch behind a place.
pub(crate) struct Batch {
    /// Those of it that are wanted.
    pub(crate) kept: Vec<LogRecord>,
    /// As many were read.
    pub(crate) n_read: u64,
    /// Where it goes on; `None` at the end.
    pub(crate) next: Option<Place>,
}

/// The lines of a filter behind a place.
pub(crate) async fn batch(
    reader: &dyn LogReader,
    filter: &Filter,
    cursor: Option<Place>,
) -> Result<Batch, ReadError> {
    let mut limit = BATCH;
    loop {
        let mut lines = reader.logs(&filter.query(cursor, limit)).await?;
        let is_end = lines.len() < limit as usize;
        let last = lines.last().map(Place::of).filter(|_| !is_end);
        lines.retain(|line| filter.is_behind(cursor, line));
        // So many lines of one moment that no other was read.
        if lines.is_empty() && !is_end && limit < BATCH * 16 {
            limit *= 2;
            continue;
        }
        let n_read = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        lines.retain(|line| filter.keeps(line));
        return Ok(Batch {
            kept: lines,
            n_read,
            next: last.filter(|_| n_read > 0),
        });
    }
}
