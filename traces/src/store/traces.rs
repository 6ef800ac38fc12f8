//! Reading whole traces, services, operations and who calls whom.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use api::traces::{
    Operation, ReadError, SpanId, Trace, TraceId, TraceQuery, TraceReader, TraceSummary,
};
use async_trait::async_trait;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::readers::QueryError;
use super::{Store, search};
use crate::convert;

/// A trace as it was sent, its spans sorted by start time, then by id.
#[derive(Clone, Debug)]
pub(crate) struct StoredTrace {
    pub(crate) id: TraceId,
    pub(crate) spans: Vec<StoredSpan>,
}

/// A span as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct StoredSpan {
    pub(crate) source: Arc<StoredSource>,
    pub(crate) span: Span,
}

/// Who sent a span. Spans of one source share it.
#[derive(Clone, Debug)]
pub(crate) struct StoredSource {
    pub(crate) service: String,
    pub(crate) resource: Resource,
    pub(crate) scope: InstrumentationScope,
}

/// One service calling another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    pub(crate) parent: String,
    pub(crate) child: String,
    pub(crate) call_count: u64,
}

#[async_trait]
impl TraceReader for Store {
    async fn services(&self) -> Result<Vec<String>, ReadError> {
        self.readers.read("services", services).await
    }

    async fn operations(&self, service: &str) -> Result<Vec<Operation>, ReadError> {
        let service = service.to_owned();
        let query = move |db: &Connection| operations(db, &service);
        self.readers.read("operations", query).await
    }

    async fn trace(&self, id: TraceId) -> Result<Option<Trace>, ReadError> {
        Ok(self.stored_trace(id).await?.as_ref().map(view))
    }

    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError> {
        let query = query.clone();
        let search = move |db: &Connection| search::search(db, &query);
        self.readers.read("traces", search).await
    }
}

impl Store {
    /// One trace as it was sent.
    pub(crate) async fn stored_trace(&self, id: TraceId) -> Result<Option<StoredTrace>, ReadError> {
        self.readers
            .read("the trace", move |db| stored_trace(db, id))
            .await
    }

    /// The traces of `ids` that exist, in that order.
    pub(crate) async fn stored_traces(
        &self,
        ids: Vec<TraceId>,
    ) -> Result<Vec<StoredTrace>, ReadError> {
        let query = move |db: &Connection| {
            let traces = ids.into_iter().map(|id| stored_trace(db, id));
            traces.filter_map(Result::transpose).collect()
        };
        self.readers.read("traces", query).await
    }

    /// Calls between services whose spans started at or after `from_ns` and before `to_ns`.
    pub(crate) async fn dependencies(
        &self,
        from_ns: u64,
        to_ns: u64,
    ) -> Result<Vec<Dependency>, ReadError> {
        let query = move |db: &Connection| dependencies(db, from_ns, to_ns);
        self.readers.read("dependencies", query).await
    }
}

fn services(db: &Connection) -> Result<Vec<String>, QueryError> {
    let sql = "SELECT DISTINCT service FROM operations ORDER BY service";
    let mut select = db.prepare_cached(sql)?;
    let services = select.query_map([], |row| row.get(0))?;
    Ok(services.collect::<rusqlite::Result<_>>()?)
}

fn operations(db: &Connection, service: &str) -> Result<Vec<Operation>, QueryError> {
    let sql = "SELECT name, kind FROM operations WHERE service = ?1 ORDER BY name, kind";
    let mut select = db.prepare_cached(sql)?;
    let operations = select.query_map([service], |row| {
        let kind = convert::kind(row.get(1)?);
        Ok(Operation {
            name: row.get(0)?,
            // Jaeger's API knows no kind for "not said".
            span_kind: convert::kind_word(kind).unwrap_or("internal").to_owned(),
        })
    })?;
    let mut operations: Vec<_> = operations.collect::<rusqlite::Result<_>>()?;
    operations.sort();
    operations.dedup();
    Ok(operations)
}

fn stored_trace(db: &Connection, id: TraceId) -> Result<Option<StoredTrace>, QueryError> {
    let sql = "SELECT source, otlp FROM spans WHERE trace_id = ?1 ORDER BY start_ns, span_id";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query([id.0])?;
    let mut sources = HashMap::new();
    let mut spans = Vec::new();
    while let Some(row) = rows.next()? {
        let source_id: i64 = row.get(0)?;
        let source = match sources.entry(source_id) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(stored_source(db, source_id)?))),
        };
        let span = Span::decode(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
        spans.push(StoredSpan { source, span });
    }
    Ok((!spans.is_empty()).then_some(StoredTrace { id, spans }))
}

fn stored_source(db: &Connection, id: i64) -> Result<StoredSource, QueryError> {
    let sql = "SELECT service, resource, scope FROM sources WHERE id = ?1";
    let (service, resource, scope): (String, Vec<u8>, Vec<u8>) = db
        .prepare_cached(sql)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(StoredSource {
        service,
        resource: Resource::decode(resource.as_slice())?,
        scope: InstrumentationScope::decode(scope.as_slice())?,
    })
}

fn view(stored: &StoredTrace) -> Trace {
    let spans = stored.spans.iter().filter_map(|stored| {
        convert::span(
            &stored.span,
            &stored.source.service,
            &stored.source.resource,
        )
    });
    Trace {
        id: stored.id,
        spans: spans.collect(),
    }
}

fn dependencies(db: &Connection, from_ns: u64, to_ns: u64) -> Result<Vec<Dependency>, QueryError> {
    let sql = "SELECT parent.service, child.service, count(*)
               FROM spans child CROSS JOIN spans parent
                   ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_id
               WHERE child.start_ns >= ?1 AND child.start_ns < ?2
                   AND parent.service <> child.service
               GROUP BY 1, 2 ORDER BY 1, 2";
    let mut select = db.prepare_cached(sql)?;
    let window = params![super::rows::integer(from_ns), super::rows::integer(to_ns)];
    let dependencies = select.query_map(window, |row| {
        Ok(Dependency {
            parent: row.get(0)?,
            child: row.get(1)?,
            call_count: unsigned(row, 2)?,
        })
    })?;
    Ok(dependencies.collect::<rusqlite::Result<_>>()?)
}

/// The line of one trace.
pub(super) fn summary(db: &Connection, id: TraceId) -> Result<Option<TraceSummary>, QueryError> {
    let sql =
        "SELECT root_service, root_name, start_ns, end_ns, n_spans, n_errors, n_orphans, services
               FROM traces WHERE trace_id = ?1";
    let found = db.prepare_cached(sql)?.query_row([id.0], |row| {
        let summary = TraceSummary {
            id,
            root_service: row.get(0)?,
            root_name: row.get(1)?,
            start_ns: unsigned(row, 2)?,
            end_ns: unsigned(row, 3)?,
            n_spans: unsigned(row, 4)?,
            n_errors: unsigned(row, 5)?,
            n_orphans: unsigned(row, 6)?,
            services: Vec::new(),
        };
        Ok((summary, row.get::<_, String>(7)?))
    });
    let Some((mut summary, services)) = found.optional()? else {
        return Ok(None);
    };
    summary.services = serde_json::from_str(&services)?;
    Ok(Some(summary))
}

/// Reads a trace id.
pub(super) fn trace_id(row: &Row<'_>, column: usize) -> rusqlite::Result<TraceId> {
    row.get(column).map(TraceId)
}

/// Reads a span id.
pub(super) fn span_id(row: &Row<'_>, column: usize) -> rusqlite::Result<SpanId> {
    row.get(column).map(SpanId)
}

/// Reads a time or a count; those we wrote are never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    Ok(u64::try_from(value).unwrap_or(0))
}
