//! Rows into tables, one transaction for all that waited.

use std::collections::{BTreeMap, HashMap};

use api::traces::TraceId;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rusqlite::{Connection, Transaction, params};

use super::Committed;
use super::rows::{self, Group, LogRow, PointRow, Source, SpanRow};
use super::summary::{SpanFacts, summarize};
use super::traces::{span_id, trace_id, unsigned};
use super::writer::Batch;

/// `last_seen_ns` of sources, operations and series is at most this much too early.
pub(super) const SEEN_PRECISION_NS: i64 = 3_600 * 1_000_000_000;

/// Sources remembered before the memory is emptied.
const MAX_SOURCES: usize = 4_096;

/// Operations remembered before the memory is emptied: their names may be of the senders' making.
const MAX_OPERATIONS: usize = 4_096;

/// What was written lately and need not be written again so soon.
#[derive(Default)]
pub(super) struct Seen {
    /// The id of each source, and when it was written, by resource and scope.
    sources: HashMap<(Vec<u8>, Vec<u8>), (i64, i64)>,
    /// When each operation was written, by service, name and kind.
    operations: HashMap<(String, String, i32), i64>,
}

impl Seen {
    fn clear(&mut self) {
        self.sources.clear();
        self.operations.clear();
    }
}

/// Commits all or nothing.
pub(super) fn commit<'a>(
    connection: &mut Connection,
    seen: &mut Seen,
    batches: impl Iterator<Item = &'a Batch>,
    now_ns: i64,
) -> rusqlite::Result<Committed> {
    let outcome = try_commit(connection, seen, batches, now_ns);
    if outcome.is_err() {
        // It may know ids that were rolled back.
        seen.clear();
    }
    outcome
}

fn try_commit<'a>(
    connection: &mut Connection,
    seen: &mut Seen,
    batches: impl Iterator<Item = &'a Batch>,
    now_ns: i64,
) -> rusqlite::Result<Committed> {
    let transaction = connection.transaction()?;
    let mut ingest = Ingest {
        db: &transaction,
        seen,
        now_ns,
        touched: BTreeMap::new(),
        has_logs: false,
    };
    for batch in batches {
        match batch {
            Batch::Spans(groups) => ingest.spans(groups)?,
            Batch::Points(groups) => ingest.points(groups)?,
            Batch::Logs(groups) => ingest.logs(groups)?,
        }
    }
    ingest.summaries()?;
    let committed = Committed {
        trace_ids: ingest.touched.into_keys().collect(),
        has_logs: ingest.has_logs,
    };
    transaction.commit()?;
    Ok(committed)
}

/// One transaction under way.
struct Ingest<'a> {
    db: &'a Transaction<'a>,
    seen: &'a mut Seen,
    now_ns: i64,
    touched: BTreeMap<TraceId, Touched>,
    has_logs: bool,
}

/// A trace that gets spans.
enum Touched {
    /// All its spans are in this transaction: most traces arrive in one piece.
    New(Vec<SpanFacts>),
    /// Some of its spans are stored already.
    Known,
}

impl Ingest<'_> {
    fn source(&mut self, source: &Source) -> rusqlite::Result<i64> {
        let key = (source.resource.clone(), source.scope.clone());
        if let Some((id, seen_ns)) = self.seen.sources.get(&key)
            && self.now_ns - seen_ns < SEEN_PRECISION_NS
        {
            return Ok(*id);
        }
        let sql = "INSERT INTO sources (service, namespace, resource, scope, last_seen_ns)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (resource, scope) DO UPDATE SET last_seen_ns = excluded.last_seen_ns
                   RETURNING id";
        let values = params![
            source.service,
            source.namespace,
            source.resource,
            source.scope,
            self.now_ns
        ];
        let id = self
            .db
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))?;
        let sql =
            "INSERT OR IGNORE INTO source_attributes (key, value, source) VALUES (?1, ?2, ?3)";
        let mut insert = self.db.prepare_cached(sql)?;
        for (name, value) in &source.attributes {
            insert.execute(params![name, value, id])?;
        }
        if self.seen.sources.len() >= MAX_SOURCES {
            self.seen.sources.clear();
        }
        self.seen.sources.insert(key, (id, self.now_ns));
        Ok(id)
    }

    fn spans(&mut self, groups: &[Group<SpanRow>]) -> rusqlite::Result<()> {
        for group in groups {
            let source = self.source(&group.source)?;
            for row in &group.rows {
                self.span(row, source, &group.source)?;
            }
        }
        Ok(())
    }

    fn span(&mut self, row: &SpanRow, source: i64, from: &Source) -> rusqlite::Result<()> {
        self.touch(row, from)?;
        if !self.insert_span(row, source, from)? {
            // Its facts in this transaction may be those of its earlier form.
            self.touched.insert(row.trace_id, Touched::Known);
            let (id, otlp, known_source) = self.known_span(row)?;
            if otlp == row.otlp && known_source == source {
                return Ok(());
            }
            delete_span(self.db, id, &otlp)?;
            self.insert_span(row, source, from)?;
        }
        let id = self.db.last_insert_rowid();
        let sql = "INSERT OR IGNORE INTO span_attributes (key, value, span) VALUES (?1, ?2, ?3)";
        let mut insert = self.db.prepare_cached(sql)?;
        for (name, value) in &row.attributes {
            insert.execute(params![name, value, id])?;
        }
        drop(insert);
        self.operation(row, from)
    }

    /// Notes that the span's trace needs a new summary, and what that will need of the span.
    fn touch(&mut self, row: &SpanRow, from: &Source) -> rusqlite::Result<()> {
        if !self.touched.contains_key(&row.trace_id) {
            let sql = "SELECT 1 FROM traces WHERE trace_id = ?1";
            let touched = if self.db.prepare_cached(sql)?.exists([row.trace_id.0])? {
                Touched::Known
            } else {
                Touched::New(Vec::new())
            };
            self.touched.insert(row.trace_id, touched);
        }
        if let Some(Touched::New(facts)) = self.touched.get_mut(&row.trace_id) {
            facts.push(SpanFacts::of(row, from));
        }
        Ok(())
    }

    /// Whether it was not there yet.
    fn insert_span(&self, row: &SpanRow, source: i64, from: &Source) -> rusqlite::Result<bool> {
        let sql =
            "INSERT INTO spans (trace_id, span_id, parent_id, source, service, namespace, name,
                                      kind, start_ns, end_ns, is_error, otlp)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                   ON CONFLICT (trace_id, span_id) DO NOTHING";
        let n_inserted = self.db.prepare_cached(sql)?.execute(params![
            row.trace_id.0,
            row.span_id.0,
            row.parent_id.map(|id| id.0),
            source,
            from.service,
            from.namespace,
            row.name,
            row.kind,
            row.start_ns,
            row.end_ns,
            row.is_error,
            row.otlp,
        ])?;
        Ok(n_inserted > 0)
    }

    fn known_span(&self, row: &SpanRow) -> rusqlite::Result<(i64, Vec<u8>, i64)> {
        let sql = "SELECT id, otlp, source FROM spans WHERE trace_id = ?1 AND span_id = ?2";
        self.db
            .prepare_cached(sql)?
            .query_row(params![row.trace_id.0, row.span_id.0], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
    }

    fn operation(&mut self, row: &SpanRow, from: &Source) -> rusqlite::Result<()> {
        let key = (from.service.clone(), row.name.clone(), row.kind);
        let seen_ns = self.seen.operations.get(&key);
        if seen_ns.is_some_and(|seen_ns| self.now_ns - seen_ns < SEEN_PRECISION_NS) {
            return Ok(());
        }
        let sql =
            "INSERT INTO operations (service, name, kind, last_seen_ns) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET last_seen_ns = excluded.last_seen_ns";
        self.db.prepare_cached(sql)?.execute(params![
            from.service,
            row.name,
            row.kind,
            self.now_ns
        ])?;
        if self.seen.operations.len() >= MAX_OPERATIONS {
            self.seen.operations.clear();
        }
        self.seen.operations.insert(key, self.now_ns);
        Ok(())
    }

    fn logs(&mut self, groups: &[Group<LogRow>]) -> rusqlite::Result<()> {
        let sql = "INSERT INTO logs (trace_id, span_id, source, service, time_ns, severity,
                                     received_ns, otlp)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        for group in groups {
            let source = self.source(&group.source)?;
            let mut insert = self.db.prepare_cached(sql)?;
            for row in &group.rows {
                insert.execute(params![
                    row.trace_id.map(|id| id.0),
                    row.span_id.map(|id| id.0),
                    source,
                    group.source.service,
                    row.time_ns,
                    row.severity,
                    self.now_ns,
                    row.otlp,
                ])?;
                self.has_logs = true;
            }
        }
        Ok(())
    }

    fn points(&mut self, groups: &[Group<PointRow>]) -> rusqlite::Result<()> {
        let sql =
            "INSERT OR REPLACE INTO points (series, time_ns, start_ns, received_ns, value, otlp)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        for group in groups {
            let source = self.source(&group.source)?;
            let mut insert = self.db.prepare_cached(sql)?;
            for row in &group.rows {
                insert.execute(params![
                    self.series(row, source)?,
                    row.time_ns,
                    row.start_ns,
                    self.now_ns,
                    row.value,
                    row.histogram,
                ])?;
            }
        }
        Ok(())
    }

    fn series(&self, row: &PointRow, source: i64) -> rusqlite::Result<i64> {
        let sql = "INSERT INTO series (name, unit, attributes, source, last_seen_ns)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (name, attributes, source)
                   DO UPDATE SET last_seen_ns = excluded.last_seen_ns, unit = excluded.unit
                   RETURNING id";
        let values = params![row.name, row.unit, row.attributes, source, self.now_ns];
        self.db
            .prepare_cached(sql)?
            .query_row(values, |row| row.get(0))
    }

    fn summaries(&self) -> rusqlite::Result<()> {
        for (id, touched) in &self.touched {
            match touched {
                Touched::New(facts) => write_summary(self.db, *id, facts, self.now_ns)?,
                Touched::Known => write_summary(self.db, *id, &facts(self.db, *id)?, self.now_ns)?,
            }
        }
        Ok(())
    }
}

fn write_summary(
    db: &Connection,
    id: TraceId,
    facts: &[SpanFacts],
    now_ns: i64,
) -> rusqlite::Result<()> {
    let Some(summary) = summarize(id, facts) else {
        return Ok(());
    };
    let services = serde_json::to_string(&summary.services)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT OR REPLACE INTO traces (trace_id, root_service, root_name, start_ns, end_ns,
                   n_spans, n_errors, n_orphans, services, received_ns)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    db.prepare_cached(sql)?.execute(params![
        id.0,
        summary.root_service,
        summary.root_name,
        rows::integer(summary.start_ns),
        rows::integer(summary.end_ns),
        rows::integer(summary.n_spans),
        rows::integer(summary.n_errors),
        rows::integer(summary.n_orphans),
        services,
        now_ns,
    ])?;
    Ok(())
}

fn facts(db: &Connection, id: TraceId) -> rusqlite::Result<Vec<SpanFacts>> {
    let sql = "SELECT span_id, parent_id, service, name, start_ns, end_ns, is_error
               FROM spans WHERE trace_id = ?1";
    let mut select = db.prepare_cached(sql)?;
    let facts = select.query_map([id.0], |row| {
        let parent: Option<[u8; 8]> = row.get(1)?;
        Ok(SpanFacts {
            span_id: span_id(row, 0)?,
            parent_id: parent.map(api::traces::SpanId),
            service: row.get(2)?,
            name: row.get(3)?,
            start_ns: unsigned(row, 4)?,
            end_ns: unsigned(row, 5)?,
            is_error: row.get(6)?,
        })
    })?;
    facts.collect()
}

/// Deletes a span and the entries that a search by attribute finds it by.
pub(super) fn delete_span(db: &Connection, id: i64, otlp: &[u8]) -> rusqlite::Result<()> {
    // Bytes we wrote decode; were they damaged, an entry that points nowhere does no harm.
    let span = Span::decode(otlp).unwrap_or_default();
    let sql = "DELETE FROM span_attributes WHERE key = ?1 AND value = ?2 AND span = ?3";
    let mut delete = db.prepare_cached(sql)?;
    for (name, value) in rows::searchable(&span.attributes) {
        delete.execute(params![name, value, id])?;
    }
    db.prepare_cached("DELETE FROM spans WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Deletes a trace and its spans.
pub(super) fn delete_trace(db: &Connection, id: TraceId) -> rusqlite::Result<()> {
    let mut select = db.prepare_cached("SELECT id, otlp FROM spans WHERE trace_id = ?1")?;
    let spans = select.query_map([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let spans: Vec<(i64, Vec<u8>)> = spans.collect::<rusqlite::Result<_>>()?;
    for (span, otlp) in spans {
        delete_span(db, span, &otlp)?;
    }
    db.prepare_cached("DELETE FROM traces WHERE trace_id = ?1")?
        .execute([id.0])?;
    Ok(())
}

/// The oldest traces that got nothing since `cutoff_ns`.
pub(super) fn traces_before(
    db: &Connection,
    cutoff_ns: i64,
    limit: u32,
) -> rusqlite::Result<Vec<TraceId>> {
    let sql = "SELECT trace_id FROM traces WHERE received_ns < ?1 ORDER BY received_ns LIMIT ?2";
    let mut select = db.prepare_cached(sql)?;
    let ids = select.query_map(params![cutoff_ns, limit], |row| trace_id(row, 0))?;
    ids.collect()
}
