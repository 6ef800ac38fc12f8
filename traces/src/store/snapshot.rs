//! One segment as a question sees it: its blocks, and what they were made of.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use api::telemetry::Window;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::extract::{EXTRACTS_FROM, Extract};
use super::index::{self, Part, Stream, unsigned};
use super::log_block::{self, LogColumns};
use super::pack;
use super::postings::Runs;
use super::request::{OperationName, integer};
use super::segment::{Segment, SegmentError};
use super::span_block::Columns;
use super::terms::Term;
use super::traces::StoredSource;
use super::view::QueryError;

/// The block that holds a span.
pub(super) const BLOCK_OF_SPAN: &str = "SELECT first, n, min_ns, max_ns FROM span_blocks
    WHERE first <= ?1 ORDER BY first DESC LIMIT 1";

/// The block that holds a log record.
pub(super) const BLOCK_OF_LOG: &str = "SELECT first, n, min_ns, max_ns FROM log_blocks
    WHERE first <= ?1 ORDER BY first DESC LIMIT 1";

pub(super) const SPAN_COLUMNS: &str = "SELECT columns FROM span_blocks WHERE first = ?1";
pub(super) const SPAN_DATA: &str = "SELECT otlp FROM span_data WHERE first = ?1";
pub(super) const LOG_COLUMNS: &str = "SELECT columns FROM log_blocks WHERE first = ?1";
pub(super) const LOG_DATA: &str = "SELECT otlp FROM log_data WHERE first = ?1";
pub(super) const SOURCE: &str = "SELECT service, namespace, otlp FROM sources WHERE id = ?1";
pub(super) const OPERATION: &str = "SELECT service, name, kind FROM operations WHERE id = ?1";

/// The columns of the blocks of a part that may have spans of a window.
pub(super) const BLOCKS_OF_PART: &str = "SELECT columns FROM span_blocks
    WHERE first >= ?1 AND first < ?2 AND max_ns >= ?3 AND min_ns < ?4 ORDER BY first DESC";

/// Blocks that a question keeps decoded, per segment and kind.
const MAX_BLOCKS: usize = 64;

/// One segment as it was when the question began.
pub(super) struct Snapshot {
    segment: Arc<Segment>,
    /// There until the snapshot ends.
    connection: Option<Connection>,
    /// The first span that extracts know of, once it was asked.
    extracts_from: Cell<Option<u64>>,
    span_columns: Known<Columns>,
    span_data: Known<Vec<u8>>,
    log_columns: Known<Vec<LogColumns>>,
    log_data: Known<Vec<u8>>,
}

/// What a question has decoded, by the first ordinal of its block.
type Known<T> = RefCell<HashMap<u64, Rc<T>>>;

/// A block's row without its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockHead {
    pub(super) first: u64,
    pub(super) n: u64,
    /// The latest start, or time.
    pub(super) time_ns: (u64, u64),
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.segment.give_back(connection);
        }
    }
}

impl Snapshot {
    pub(super) fn new(segment: Arc<Segment>, connection: Connection) -> Self {
        Self {
            segment,
            connection: Some(connection),
            extracts_from: Cell::new(None),
            span_columns: Known::default(),
            span_data: Known::default(),
            log_columns: Known::default(),
            log_data: Known::default(),
        }
    }

    /// What tells the segment from others; later ones have a greater one.
    pub(super) fn number(&self) -> u64 {
        self.segment.created_ns.cast_unsigned()
    }

    /// Asks the segment's database; a failure is the segment's.
    pub(super) fn query<T, E: Into<SegmentError>>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, QueryError> {
        let outcome = match &self.connection {
            Some(connection) => query(connection).map_err(Into::into),
            None => Err(rusqlite::Error::InvalidQuery.into()),
        };
        outcome.map_err(|error| self.failed(error))
    }

    /// A failure to understand what this segment holds.
    pub(super) fn failed(&self, error: impl Into<SegmentError>) -> QueryError {
        QueryError::new(&self.segment, error)
    }

    pub(super) fn parts(&self, stream: Stream) -> Result<Vec<Part>, QueryError> {
        self.query(|db| index::parts(db, stream))
    }

    /// The records of a part that have a term.
    pub(super) fn look_up(&self, part: &Part, term: Term) -> Result<Runs, QueryError> {
        let load = || self.query(|db| index::filter(db, part.id));
        let filter = self.segment.filter(part.id, load)?;
        if let Some(filter) = filter.as_ref()
            && !filter.may_have(term)
        {
            return Ok(Runs::new());
        }
        self.query(|db| index::look_up(db, part, term))
    }

    /// The blocks that hold these records, each with those it holds.
    pub(super) fn blocks(
        &self,
        stream: Stream,
        runs: &[Range<u64>],
    ) -> Result<Vec<(BlockHead, Runs)>, QueryError> {
        let sql = match stream {
            Stream::Spans => BLOCK_OF_SPAN,
            Stream::Logs => BLOCK_OF_LOG,
        };
        self.query(|db| {
            let mut select = db.prepare_cached(sql)?;
            let mut blocks: Vec<(BlockHead, Runs)> = Vec::new();
            for run in runs {
                let mut at = run.start;
                while at < run.end {
                    let is_known = blocks.last().is_some_and(|(head, _)| at < head.end());
                    if !is_known {
                        let head = select
                            .query_row([integer(at)], BlockHead::read)
                            .optional()?;
                        let Some(head) = head.filter(|head| at < head.end()) else {
                            // An index entry that points nowhere.
                            return Err(SegmentError::Damaged(super::varint::Damaged));
                        };
                        blocks.push((head, Runs::new()));
                    }
                    if let Some((head, runs)) = blocks.last_mut() {
                        let end = run.end.min(head.end());
                        runs.push(at..end);
                        at = end;
                    }
                }
            }
            Ok(blocks)
        })
    }

    /// Looks at the columns of each block of a part that has spans which start in the window, the last
    /// block first. They are not kept: there may be many.
    pub(super) fn each_span_block(
        &self,
        part: &Part,
        window: Window,
        look: impl FnMut(&Columns) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        self.each_columns(BLOCKS_OF_PART, ordinals(part), window, look)
    }

    /// As [`Self::each_span_block`], but only with the spans of an extract.
    pub(super) fn each_extract(
        &self,
        extract: Extract,
        part: &Part,
        window: Window,
        mut look: impl FnMut(&Columns) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let from = self.extracts_from()?;
        let Range { start, end } = ordinals(part);
        self.each_columns(extract.select(), start.max(from)..end, window, &mut look)?;
        self.each_columns(BLOCKS_OF_PART, start..end.min(from), window, |columns| {
            look(&columns.only(extract))
        })
    }

    fn extracts_from(&self) -> Result<u64, QueryError> {
        if let Some(from) = self.extracts_from.get() {
            return Ok(from);
        }
        let from = self.query(|db| db.query_row(EXTRACTS_FROM, [], |row| unsigned(row, 0)))?;
        self.extracts_from.set(Some(from));
        Ok(from)
    }

    /// Looks at what `sql` has of the blocks that begin with one of these spans.
    fn each_columns(
        &self,
        sql: &str,
        ordinals: Range<u64>,
        window: Window,
        mut look: impl FnMut(&Columns) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        if ordinals.is_empty() {
            return Ok(());
        }
        let bounds = params![
            integer(ordinals.start),
            integer(ordinals.end),
            integer(window.from_ns),
            integer(window.to_ns),
        ];
        let mut stopped = Ok(());
        self.query(|db| {
            let mut select = db.prepare_cached(sql)?;
            let mut rows = select.query(bounds)?;
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                stopped = look(&Columns::read(bytes)?);
                if stopped.is_err() {
                    break;
                }
            }
            Ok::<_, SegmentError>(())
        })?;
        stopped
    }

    /// The columns of the block whose first span is `first`.
    pub(super) fn span_columns(&self, first: u64) -> Result<Rc<Columns>, QueryError> {
        known(&self.span_columns, first, || {
            self.blob(SPAN_COLUMNS, first, |bytes| Ok(Columns::read(bytes)?))
        })
    }

    /// The OTLP of the spans of a block.
    pub(super) fn span_data(&self, first: u64) -> Result<Rc<Vec<u8>>, QueryError> {
        known(&self.span_data, first, || {
            self.blob(SPAN_DATA, first, pack::unpack)
        })
    }

    /// The columns of the block whose first log record is `first`.
    pub(super) fn log_columns(&self, first: u64) -> Result<Rc<Vec<LogColumns>>, QueryError> {
        known(&self.log_columns, first, || {
            self.blob(LOG_COLUMNS, first, |bytes| Ok(log_block::columns(bytes)?))
        })
    }

    /// The OTLP of the log records of a block.
    pub(super) fn log_data(&self, first: u64) -> Result<Rc<Vec<u8>>, QueryError> {
        known(&self.log_data, first, || {
            self.blob(LOG_DATA, first, pack::unpack)
        })
    }

    fn blob<T>(
        &self,
        sql: &str,
        first: u64,
        read: impl FnOnce(&[u8]) -> Result<T, SegmentError>,
    ) -> Result<T, QueryError> {
        self.query(|db| {
            let mut select = db.prepare_cached(sql)?;
            let mut rows = select.query(params![integer(first)])?;
            let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            read(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)
        })
    }

    pub(super) fn source(&self, id: i64) -> Result<Arc<StoredSource>, QueryError> {
        let load = || {
            self.query(|db| {
                let mut select = db.prepare_cached(SOURCE)?;
                select.query_row([id], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
                })
            })
            .and_then(|(service, namespace, otlp)| {
                let otlp =
                    ResourceSpans::decode(otlp.as_slice()).map_err(|error| self.failed(error))?;
                Ok(StoredSource::new(service, namespace, otlp))
            })
        };
        self.segment.source(id, load)
    }

    pub(super) fn operation(&self, id: i64) -> Result<Arc<OperationName>, QueryError> {
        let load = || {
            self.query(|db| {
                db.prepare_cached(OPERATION)?.query_row([id], |row| {
                    Ok(OperationName {
                        service: row.get(0)?,
                        name: row.get(1)?,
                        kind: row.get(2)?,
                    })
                })
            })
        };
        self.segment.operation(id, load)
    }
}

impl BlockHead {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            first: unsigned(row, 0)?,
            n: unsigned(row, 1)?,
            time_ns: (unsigned(row, 2)?, unsigned(row, 3)?),
        })
    }

    /// The ordinal after its last.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(self.n)
    }
}

fn ordinals(part: &Part) -> Range<u64> {
    part.first..part.first.saturating_add(part.n)
}

fn known<T>(
    known: &Known<T>,
    first: u64,
    load: impl FnOnce() -> Result<T, QueryError>,
) -> Result<Rc<T>, QueryError> {
    if let Some(found) = known.borrow().get(&first) {
        return Ok(Rc::clone(found));
    }
    let loaded = Rc::new(load()?);
    let mut known = known.borrow_mut();
    if known.len() >= MAX_BLOCKS {
        known.clear();
    }
    known.insert(first, Rc::clone(&loaded));
    Ok(loaded)
}
