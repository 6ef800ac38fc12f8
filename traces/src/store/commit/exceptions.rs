//! The exceptions of a batch.

use api::traces::{SpanId, TraceId};
use rusqlite::params;

use super::Commit;
use crate::store::index::Stream;
use crate::store::request::{Exceptions, integer};
use crate::store::segment::SegmentError;

/// Whose an exception is.
pub(super) struct Raiser {
    pub(super) source: i64,
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    pub(super) parent_id: Option<SpanId>,
}

impl Commit<'_> {
    /// Adds them; the batch's first row is the record `first`, and `raiser` tells of a row by its place.
    pub(super) fn exceptions(
        &mut self,
        stream: Stream,
        first: u64,
        exceptions: &Exceptions,
        raiser: impl Fn(usize) -> Raiser,
    ) -> Result<(), SegmentError> {
        let sql = "INSERT INTO exception_groups (id, type, template, top_frame, first_ns)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (id) DO UPDATE SET first_ns = excluded.first_ns
                   WHERE excluded.first_ns < first_ns";
        for (place, group) in exceptions.groups.iter().enumerate() {
            let rows = exceptions.rows.iter().filter(|row| row.group == place);
            self.db.prepare_cached(sql)?.execute(params![
                group.id().0.cast_signed(),
                group.exception_type,
                group.template,
                group.top_frame,
                rows.map(|row| row.time_ns).min(),
            ])?;
        }
        let sql =
            "INSERT INTO exceptions (stream, time_ns, ordinal, event, exception_group, source,
                                           trace_id, span_id, parent_id)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        for row in &exceptions.rows {
            let of = raiser(row.place);
            self.db.prepare_cached(sql)?.execute(params![
                stream as i64,
                row.time_ns,
                integer(first + row.place as u64),
                integer(row.event as u64),
                exceptions.groups[row.group].id().0.cast_signed(),
                of.source,
                of.trace_id.map(|id| id.0),
                of.span_id.map(|id| id.0),
                of.parent_id.map(|id| id.0),
            ])?;
        }
        Ok(())
    }
}
