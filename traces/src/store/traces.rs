//! Reading whole traces, services and operations.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use api::telemetry::Window;
use api::traces::facts::Facts;
use api::traces::{
    Operation, ReadError, SpanId, Trace, TraceId, TraceQuery, TraceReader, TraceSummary,
};
use async_trait::async_trait;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::index::Stream;
use super::postings::{self, Runs};
use super::request::OperationName;
use super::snapshot::Snapshot;
use super::span_block::{Columns, SpanColumns};
use super::terms::Term;
use super::varint::Damaged;
use super::view::{QueryError, View};
use super::{Store, scan, search};
use crate::convert;

pub(super) const SERVICES: &str = "SELECT DISTINCT service FROM operations";

pub(super) const OPERATIONS_OF_SERVICE: &str =
    "SELECT name, kind FROM operations WHERE service = ?1";

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
    pub(crate) namespace: String,
    pub(crate) resource: Resource,
    pub(crate) scope: InstrumentationScope,
    pub(super) resource_schema_url: String,
    /// Of the scope.
    pub(super) schema_url: String,
}

impl StoredSource {
    /// `otlp` has one scope and no spans.
    pub(super) fn new(service: String, namespace: String, otlp: ResourceSpans) -> Self {
        let scope = otlp.scope_spans.into_iter().next().unwrap_or_default();
        Self {
            service,
            namespace,
            resource: otlp.resource.unwrap_or_default(),
            scope: scope.scope.unwrap_or_default(),
            resource_schema_url: otlp.schema_url,
            schema_url: scope.schema_url,
        }
    }

    /// Whether another one, maybe of another segment, says the same.
    pub(super) fn is_same_sender(&self, other: &Self) -> bool {
        self.resource == other.resource
            && self.scope == other.scope
            && self.resource_schema_url == other.resource_schema_url
            && self.schema_url == other.schema_url
    }
}

impl StoredTrace {
    /// As OTLP carries it: grouped by who sent what.
    pub(crate) fn into_resource_spans(self) -> Vec<ResourceSpans> {
        let mut resources: Vec<ResourceSpans> = Vec::new();
        for StoredSpan { source, span } in self.spans {
            let known = resources.iter().position(|of| {
                of.resource.as_ref() == Some(&source.resource)
                    && of.schema_url == source.resource_schema_url
            });
            let resource = known.unwrap_or_else(|| {
                resources.push(ResourceSpans {
                    resource: Some(source.resource.clone()),
                    schema_url: source.resource_schema_url.clone(),
                    ..ResourceSpans::default()
                });
                resources.len() - 1
            });
            let scopes = &mut resources[resource].scope_spans;
            let known = scopes.iter().position(|of| {
                of.scope.as_ref() == Some(&source.scope) && of.schema_url == source.schema_url
            });
            let scope = known.unwrap_or_else(|| {
                scopes.push(ScopeSpans {
                    scope: Some(source.scope.clone()),
                    schema_url: source.schema_url.clone(),
                    ..ScopeSpans::default()
                });
                scopes.len() - 1
            });
            scopes[scope].spans.push(span);
        }
        resources
    }
}

#[async_trait]
impl TraceReader for Store {
    async fn services(&self) -> Result<Vec<String>, ReadError> {
        self.readers.read("services", services).await
    }

    async fn operations(&self, service: &str) -> Result<Vec<Operation>, ReadError> {
        let service = service.to_owned();
        let query = move |view: &View| operations(view, &service);
        self.readers.read("operations", query).await
    }

    async fn trace(&self, id: TraceId) -> Result<Option<Trace>, ReadError> {
        Ok(self.stored_trace(id).await?.as_ref().map(view))
    }

    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError> {
        let query = query.clone();
        let search = move |view: &View| search::search(view, &query);
        self.readers.read("traces", search).await
    }
}

impl Store {
    /// One trace as it was sent.
    pub(crate) async fn stored_trace(&self, id: TraceId) -> Result<Option<StoredTrace>, ReadError> {
        self.readers
            .read("the trace", move |view| stored_trace(view, id))
            .await
    }

    /// The traces of `ids` that exist, in that order.
    pub(crate) async fn stored_traces(
        &self,
        ids: Vec<TraceId>,
    ) -> Result<Vec<StoredTrace>, ReadError> {
        let query = move |view: &View| {
            let traces = ids.iter().map(|id| stored_trace(view, *id));
            traces.filter_map(Result::transpose).collect()
        };
        self.readers.read("traces", query).await
    }
}

fn services(view: &View) -> Result<Vec<String>, QueryError> {
    let mut services = BTreeSet::new();
    for snapshot in &view.snapshots {
        services.extend(snapshot.query(|db| {
            let mut select = db.prepare_cached(SERVICES)?;
            let services = select.query_map([], |row| row.get(0))?;
            services.collect::<rusqlite::Result<Vec<String>>>()
        })?);
    }
    Ok(services.into_iter().collect())
}

fn operations(view: &View, service: &str) -> Result<Vec<Operation>, QueryError> {
    let mut operations = BTreeSet::new();
    for snapshot in &view.snapshots {
        operations.extend(snapshot.query(|db| {
            let mut select = db.prepare_cached(OPERATIONS_OF_SERVICE)?;
            let operations = select.query_map([service], |row| {
                let kind = convert::kind(row.get(1)?);
                Ok(Operation {
                    name: row.get(0)?,
                    // Jaeger's API knows no kind for "not said".
                    span_kind: convert::kind_word(kind).unwrap_or("internal").to_owned(),
                })
            })?;
            operations.collect::<rusqlite::Result<Vec<_>>>()
        })?);
    }
    Ok(operations.into_iter().collect())
}

/// Where a span is stored, and what its columns say.
pub(super) struct Located<'v> {
    pub(super) snapshot: &'v Snapshot,
    /// The first ordinal of its block.
    pub(super) block: u64,
    pub(super) columns: SpanColumns,
    of_block: Rc<Columns>,
    pub(super) operation: Arc<OperationName>,
}

impl Located<'_> {
    pub(super) fn source(&self) -> Result<Arc<StoredSource>, QueryError> {
        self.snapshot.source(self.columns.source)
    }

    /// What it says about agents, models and tools.
    pub(super) fn facts(&self) -> Facts<'_> {
        self.columns.facts.unpack(&self.of_block.texts)
    }

    /// The span as it was sent.
    pub(super) fn read(&self) -> Result<Span, QueryError> {
        let data: Rc<Vec<u8>> = self.snapshot.span_data(self.block)?;
        let SpanColumns { offset, length, .. } = self.columns;
        let bytes = data.get(offset..).and_then(|rest| rest.get(..length));
        let bytes = bytes.ok_or_else(|| self.snapshot.failed(Damaged))?;
        let span = Span::decode(bytes).map_err(|error| self.snapshot.failed(error))?;
        Ok(Span {
            trace_id: self.columns.trace_id.0.to_vec(),
            span_id: self.columns.span_id.0.to_vec(),
            parent_span_id: self
                .columns
                .parent_id
                .map_or_else(Vec::new, |id| id.0.to_vec()),
            start_time_unix_nano: self.columns.start_ns,
            end_time_unix_nano: self.columns.end_ns,
            name: self.operation.name.clone(),
            kind: self.operation.kind,
            ..span
        })
    }
}

/// The spans of a trace, each in the form that arrived last, in the order of their first arrival.
pub(super) fn spans(view: &View, id: TraceId) -> Result<Vec<Located<'_>>, QueryError> {
    spans_within(view, id, Window::ALL)
}

/// As [`spans`], but only where the index says that spans start near a moment, which is much faster.
pub(super) fn spans_near(
    view: &View,
    id: TraceId,
    started_ns: u64,
) -> Result<Vec<Located<'_>>, QueryError> {
    let moment = Window {
        from_ns: started_ns,
        to_ns: started_ns,
    };
    spans_within(view, id, scan::widened(moment))
}

fn spans_within(view: &View, id: TraceId, window: Window) -> Result<Vec<Located<'_>>, QueryError> {
    let mut places: HashMap<SpanId, usize> = HashMap::new();
    let mut spans: Vec<Located<'_>> = Vec::new();
    for snapshot in &view.snapshots {
        let mut runs = Runs::new();
        for part in snapshot.parts(Stream::Spans)? {
            if part.time_ns.1 >= window.from_ns && part.time_ns.0 < window.to_ns {
                runs.extend(snapshot.look_up(&part, Term::trace(id))?);
            }
        }
        for (block, runs) in snapshot.blocks(Stream::Spans, &runs)? {
            let of_block = snapshot.span_columns(block.first)?;
            for (_, columns) in among(&of_block.spans, block.first, &runs) {
                // Another trace may share the term.
                if columns.trace_id != id {
                    continue;
                }
                let span = Located {
                    snapshot,
                    block: block.first,
                    columns: *columns,
                    of_block: Rc::clone(&of_block),
                    operation: snapshot.operation(columns.operation)?,
                };
                let place = *places.entry(columns.span_id).or_insert(spans.len());
                match spans.get_mut(place) {
                    Some(earlier) => *earlier = span,
                    None => spans.push(span),
                }
            }
        }
    }
    Ok(spans)
}

/// Those of a block's records, the first of which is `first`, that `runs` names, each with its place.
pub(super) fn among<'a, T>(
    records: &'a [T],
    first: u64,
    runs: &'a Runs,
) -> impl Iterator<Item = (usize, &'a T)> {
    runs.iter().flat_map(move |run| {
        let place = |ordinal: u64| usize::try_from(ordinal - first).unwrap_or(usize::MAX);
        let run = place(run.start)..place(run.end);
        run.clone().zip(records.get(run).unwrap_or_default())
    })
}

/// The span of an ordinal, as it was sent.
pub(super) fn at(snapshot: &Snapshot, ordinal: u64) -> Result<Option<Span>, QueryError> {
    let mut blocks = snapshot.blocks(Stream::Spans, &postings::all(ordinal, 1))?;
    let Some((block, runs)) = blocks.pop() else {
        return Ok(None);
    };
    let of_block = snapshot.span_columns(block.first)?;
    let Some((_, columns)) = among(&of_block.spans, block.first, &runs).next() else {
        return Ok(None);
    };
    let located = Located {
        snapshot,
        block: block.first,
        columns: *columns,
        of_block: Rc::clone(&of_block),
        operation: snapshot.operation(columns.operation)?,
    };
    located.read().map(Some)
}

fn stored_trace(view: &View, id: TraceId) -> Result<Option<StoredTrace>, QueryError> {
    let mut located = spans(view, id)?;
    located.sort_by_key(|span| (span.columns.start_ns, span.columns.span_id));
    let mut spans = Vec::with_capacity(located.len());
    for span in &located {
        spans.push(StoredSpan {
            source: span.source()?,
            span: span.read()?,
        });
    }
    Ok((!spans.is_empty()).then_some(StoredTrace { id, spans }))
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
