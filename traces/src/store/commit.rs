//! Rows into the segment that is being written, one transaction for all that waited.

mod exceptions;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use api::traces::TraceId;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use self::exceptions::Raiser;
use super::extract::Extracts;
use super::index::{self, Part, Stream};
use super::log_block::{LogBlock, LogColumns};
use super::pack::Packer;
use super::request::{
    Batch, LogBatch, OperationName, PointBatch, SeriesKind, Source, SpanBatch, integer,
};
use super::segment::{Segment, SegmentError};
use super::span_block::{SpanBlock, SpanColumns};
use super::{Committed, schema};

/// Sources, operations and series remembered before the memory is emptied, each: their names may be of the
/// senders' making.
const MAX_NAMES: usize = 8_192;

/// The segment that is being written.
pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    connection: Connection,
    memory: Memory,
}

/// What the file also says, so that it need not be asked. It is right only while every transaction
/// succeeds; after a failure the file is opened anew.
struct Memory {
    next_span: u64,
    next_log: u64,
    span_parts: Vec<Part>,
    log_parts: Vec<Part>,
    sources: HashMap<Vec<u8>, i64>,
    operations: HashMap<OperationName, i64>,
    series: HashMap<SeriesKey, i64>,
    packer: Packer,
}

#[derive(PartialEq, Eq, Hash)]
struct SeriesKey {
    source: i64,
    name: String,
    attributes: String,
    kind: SeriesKind,
}

impl Active {
    /// Opens a file for writing, or makes it.
    pub(super) fn open(segment: Arc<Segment>, now_ns: i64) -> Result<Self, SegmentError> {
        let connection = schema::open(segment.path(), now_ns)?;
        let memory = Memory {
            next_span: next(&connection, "span_blocks")?,
            next_log: next(&connection, "log_blocks")?,
            span_parts: index::parts(&connection, Stream::Spans)?,
            log_parts: index::parts(&connection, Stream::Logs)?,
            sources: HashMap::new(),
            operations: HashMap::new(),
            series: HashMap::new(),
            packer: Packer::new().map_err(unpackable)?,
        };
        Ok(Self {
            segment,
            connection,
            memory,
        })
    }

    /// Commits all or nothing. After an error this must not be used again.
    pub(super) fn commit(&mut self, batches: &[&Batch]) -> Result<Committed, SegmentError> {
        let immediate = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(immediate)?;
        let mut commit = Commit {
            db: &transaction,
            memory: &mut self.memory,
            traces: BTreeSet::new(),
        };
        let mut has_logs = false;
        commit.spans(batches.iter().filter_map(|batch| match batch {
            Batch::Spans(batch) => Some(batch),
            Batch::Points(_) | Batch::Logs(_) => None,
        }))?;
        commit.logs(batches.iter().filter_map(|batch| match batch {
            Batch::Logs(batch) => Some(batch),
            Batch::Points(_) | Batch::Spans(_) => None,
        }))?;
        for batch in batches {
            match batch {
                Batch::Points(batch) => commit.points(batch)?,
                Batch::Logs(_) => has_logs = true,
                Batch::Spans(_) => {}
            }
        }
        let trace_ids = commit.traces.into_iter().collect();
        transaction.commit()?;
        Ok(Committed {
            trace_ids,
            has_logs,
        })
    }

    /// Bytes of the file, counting what is still in the log.
    pub(super) fn size(&self) -> rusqlite::Result<u64> {
        let pragma = |name| -> rusqlite::Result<u64> {
            let sql = format!("PRAGMA {name}");
            let mut pragma = self.connection.prepare_cached(&sql)?;
            pragma.query_row([], |row| index::unsigned(row, 0))
        };
        Ok(pragma("page_count")?.saturating_mul(pragma("page_size")?))
    }

    /// Whether its parts can no longer be numbered.
    pub(super) fn is_worn(&self) -> rusqlite::Result<bool> {
        let last = index::last_id(&self.connection)?;
        Ok(last.is_some_and(|last| last >= index::MAX_PARTS))
    }

    /// Moves everything from the log into the file, because nothing more will be written.
    pub(super) fn finish(self) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        if let Err(error) = self.connection.query_row(checkpoint, [], |_| Ok(())) {
            tracing::warn!(%error, "failed to tidy up a finished part of the telemetry");
        }
    }
}

/// The ordinal after the last one.
fn next(db: &Connection, blocks: &str) -> rusqlite::Result<u64> {
    let sql = format!("SELECT first + n FROM {blocks} ORDER BY first DESC LIMIT 1");
    let next = db.query_row(&sql, [], |row| index::unsigned(row, 0));
    Ok(next.optional()?.unwrap_or(0))
}

fn unpackable(error: io::Error) -> SegmentError {
    SegmentError::Sqlite(rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// One transaction under way.
struct Commit<'a> {
    db: &'a Transaction<'a>,
    memory: &'a mut Memory,
    /// Those that got spans.
    traces: BTreeSet<TraceId>,
}

impl Commit<'_> {
    fn spans<'b>(
        &mut self,
        batches: impl Iterator<Item = &'b SpanBatch>,
    ) -> Result<(), SegmentError> {
        let first = self.memory.next_span;
        let mut block = SpanBlock::new(first);
        let mut extracts = Extracts::new(first);
        let mut terms = Vec::new();
        let mut time_ns = (u64::MAX, 0);
        for batch in batches {
            let base = block.first + block.n - first;
            terms.extend(batch.terms.iter().map(|at| at + base));
            let sources = self.sources(&batch.sources)?;
            let operations = batch.operations.iter().map(|name| self.operation(name));
            let operations = operations.collect::<Result<Vec<_>, _>>()?;
            self.exceptions(Stream::Spans, first + base, &batch.exceptions, |place| {
                let row = &batch.spans[place];
                Raiser {
                    source: sources[row.source],
                    trace_id: Some(row.trace_id),
                    span_id: Some(row.span_id),
                    parent_id: row.parent_id,
                }
            })?;
            let mut data = batch.data.as_slice();
            for row in &batch.spans {
                let (otlp, rest) = data.split_at(row.length);
                data = rest;
                let columns = SpanColumns {
                    trace_id: row.trace_id,
                    span_id: row.span_id,
                    parent_id: row.parent_id,
                    start_ns: row.start_ns,
                    end_ns: row.end_ns,
                    is_error: row.is_error,
                    source: sources[row.source],
                    operation: operations[row.operation],
                    facts: row.facts,
                    offset: 0,
                    length: 0,
                };
                block.push(&columns, &batch.texts, otlp);
                extracts.push(&columns, &batch.texts);
                self.traces.insert(row.trace_id);
                if block.is_full() {
                    let first = block.first + block.n;
                    let full = std::mem::replace(&mut block, SpanBlock::new(first));
                    time_ns = around(time_ns, full.start_ns);
                    self.span_block(full)?;
                    std::mem::replace(&mut extracts, Extracts::new(first)).write(self.db)?;
                }
            }
        }
        self.memory.next_span = block.first + block.n;
        let n = self.memory.next_span - first;
        time_ns = around(time_ns, block.start_ns);
        if block.n > 0 {
            self.span_block(block)?;
            extracts.write(self.db)?;
        }
        if n > 0 {
            terms.sort_unstable();
            let part = part(first, n, time_ns);
            index::add(
                self.db,
                Stream::Spans,
                &mut self.memory.span_parts,
                part,
                &terms,
            )?;
        }
        Ok(())
    }

    fn span_block(&mut self, block: SpanBlock) -> Result<(), SegmentError> {
        let packed = self.memory.packer.pack(&block.data).map_err(unpackable)?;
        let sql = "INSERT INTO span_blocks (first, n, min_ns, max_ns, columns)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.db.prepare_cached(sql)?.execute(params![
            integer(block.first),
            integer(block.n),
            integer(block.start_ns.0),
            integer(block.start_ns.1),
            block.columns,
        ])?;
        let sql = "INSERT INTO span_data (first, otlp) VALUES (?1, ?2)";
        self.db
            .prepare_cached(sql)?
            .execute(params![integer(block.first), packed])?;
        Ok(())
    }

    fn logs<'b>(
        &mut self,
        batches: impl Iterator<Item = &'b LogBatch>,
    ) -> Result<(), SegmentError> {
        let first = self.memory.next_log;
        let mut block = LogBlock::new(first);
        let mut terms = Vec::new();
        let mut time_ns = (u64::MAX, 0);
        for batch in batches {
            let base = block.first + block.n - first;
            terms.extend(batch.terms.iter().map(|at| at + base));
            let sources = self.sources(&batch.sources)?;
            self.exceptions(Stream::Logs, first + base, &batch.exceptions, |place| {
                let row = &batch.records[place];
                Raiser {
                    source: sources[row.source],
                    trace_id: row.trace_id,
                    span_id: row.span_id,
                    parent_id: None,
                }
            })?;
            let mut data = batch.data.as_slice();
            for row in &batch.records {
                let (otlp, rest) = data.split_at(row.length);
                data = rest;
                let columns = LogColumns {
                    trace_id: row.trace_id,
                    span_id: row.span_id,
                    time_ns: row.time_ns,
                    severity: row.severity,
                    source: sources[row.source],
                    offset: 0,
                    length: 0,
                };
                block.push(&columns, otlp);
                if block.is_full() {
                    let next = LogBlock::new(block.first + block.n);
                    let full = std::mem::replace(&mut block, next);
                    time_ns = around(time_ns, full.time_ns);
                    self.log_block(full)?;
                }
            }
        }
        self.memory.next_log = block.first + block.n;
        let n = self.memory.next_log - first;
        time_ns = around(time_ns, block.time_ns);
        if block.n > 0 {
            self.log_block(block)?;
        }
        if n > 0 {
            terms.sort_unstable();
            let part = part(first, n, time_ns);
            index::add(
                self.db,
                Stream::Logs,
                &mut self.memory.log_parts,
                part,
                &terms,
            )?;
        }
        Ok(())
    }

    fn log_block(&mut self, block: LogBlock) -> Result<(), SegmentError> {
        let packed = self.memory.packer.pack(&block.data).map_err(unpackable)?;
        let sql = "INSERT INTO log_blocks (first, n, min_ns, max_ns, columns)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.db.prepare_cached(sql)?.execute(params![
            integer(block.first),
            integer(block.n),
            integer(block.time_ns.0),
            integer(block.time_ns.1),
            block.columns,
        ])?;
        let sql = "INSERT INTO log_data (first, otlp) VALUES (?1, ?2)";
        self.db
            .prepare_cached(sql)?
            .execute(params![integer(block.first), packed])?;
        Ok(())
    }

    fn points(&mut self, batch: &PointBatch) -> Result<(), SegmentError> {
        let sources = self.sources(&batch.sources)?;
        let sql = "INSERT OR REPLACE INTO points (series, time_ns, start_ns, value, otlp)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let db = self.db;
        let mut insert = db.prepare_cached(sql)?;
        for (source, row) in &batch.points {
            let key = SeriesKey {
                source: sources[*source],
                name: row.name.clone(),
                attributes: row.attributes.clone(),
                kind: row.kind,
            };
            insert.execute(params![
                self.series(key, &row.unit)?,
                row.time_ns,
                row.start_ns,
                row.value,
                row.histogram,
            ])?;
        }
        Ok(())
    }

    fn sources(&mut self, sources: &[Source]) -> rusqlite::Result<Vec<i64>> {
        sources.iter().map(|source| self.source(source)).collect()
    }

    fn source(&mut self, source: &Source) -> rusqlite::Result<i64> {
        if let Some(id) = self.memory.sources.get(&source.otlp) {
            return Ok(*id);
        }
        // The update changes nothing; without it a row that is there already would not be returned.
        let sql = "INSERT INTO sources (service, namespace, otlp) VALUES (?1, ?2, ?3)
                   ON CONFLICT (otlp) DO UPDATE SET service = excluded.service RETURNING id";
        let values = params![source.service, source.namespace, source.otlp];
        let id = self
            .db
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))?;
        remember(&mut self.memory.sources, source.otlp.clone(), id);
        Ok(id)
    }

    fn operation(&mut self, name: &OperationName) -> rusqlite::Result<i64> {
        if let Some(id) = self.memory.operations.get(name) {
            return Ok(*id);
        }
        let sql = "INSERT INTO operations (service, name, kind) VALUES (?1, ?2, ?3)
                   ON CONFLICT (service, name, kind) DO UPDATE SET kind = excluded.kind RETURNING id";
        let values = params![name.service, name.name, name.kind];
        let id = self
            .db
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))?;
        remember(&mut self.memory.operations, name.clone(), id);
        Ok(id)
    }

    fn series(&mut self, key: SeriesKey, unit: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.memory.series.get(&key) {
            return Ok(*id);
        }
        let sql = "INSERT INTO series (name, unit, attributes, source, kind)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (name, attributes, source, kind) DO UPDATE SET unit = excluded.unit
                   RETURNING id";
        let values = params![key.name, unit, key.attributes, key.source, key.kind as i64];
        let id = self
            .db
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))?;
        remember(&mut self.memory.series, key, id);
        Ok(id)
    }
}

fn remember<K: std::hash::Hash + Eq>(known: &mut HashMap<K, i64>, key: K, id: i64) {
    if known.len() >= MAX_NAMES {
        known.clear();
    }
    known.insert(key, id);
}

fn part(first: u64, n: u64, time_ns: (u64, u64)) -> Part {
    Part {
        id: 0,
        level: 0,
        first,
        n,
        time_ns,
    }
}

fn around(left: (u64, u64), right: (u64, u64)) -> (u64, u64) {
    (left.0.min(right.0), left.1.max(right.1))
}
