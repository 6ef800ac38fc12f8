//! Which services call which, from the columns alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::traces::{SpanId, TraceId};

use super::index::Stream;
use super::postings;
use super::span_block::SpanColumns;
use super::traces::among;
use super::view::{QueryError, Snapshot, View};

/// One service calling another.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    pub(crate) parent: String,
    pub(crate) child: String,
    pub(crate) call_count: u64,
}

/// Calls whose answering span started in the window.
pub(super) fn dependencies(
    view: &View,
    from_ns: u64,
    to_ns: u64,
) -> Result<Vec<Dependency>, QueryError> {
    let window = from_ns..to_ns;
    // A span that was sent twice is one call.
    let mut waiting: HashMap<(TraceId, SpanId), HashMap<SpanId, Arc<str>>> = HashMap::new();
    each_span(view, |snapshot, spans, span| {
        let Some(parent_id) = span.parent_id else {
            return Ok(());
        };
        if !window.contains(&span.started_ns()) || is_own_call(snapshot, spans, span)? {
            return Ok(());
        }
        let service = snapshot.operation(span.operation)?.service.as_str().into();
        let children = waiting.entry((span.trace_id, parent_id)).or_default();
        children.insert(span.span_id, service);
        Ok(())
    })?;
    let mut parents: HashMap<(TraceId, SpanId), Arc<str>> = HashMap::new();
    each_span(view, |snapshot, _, span| {
        let id = (span.trace_id, span.span_id);
        if waiting.contains_key(&id) {
            let service = snapshot.operation(span.operation)?.service.as_str().into();
            parents.insert(id, service);
        }
        Ok(())
    })?;
    let mut counts: BTreeMap<(Arc<str>, Arc<str>), u64> = BTreeMap::new();
    for (id, children) in waiting {
        let Some(parent) = parents.get(&id) else {
            continue;
        };
        for child in children.into_values().filter(|child| child != parent) {
            *counts.entry((Arc::clone(parent), child)).or_default() += 1;
        }
    }
    let named = counts.into_iter();
    let named = named.map(|((parent, child), call_count)| Dependency {
        parent: parent.to_string(),
        child: child.to_string(),
        call_count,
    });
    Ok(named.collect())
}

/// Most spans are called by a span of the same service beside them.
fn is_own_call(
    snapshot: &Snapshot,
    spans: &[SpanColumns],
    span: &SpanColumns,
) -> Result<bool, QueryError> {
    let parent = spans
        .iter()
        .find(|other| other.trace_id == span.trace_id && Some(other.span_id) == span.parent_id);
    let Some(parent) = parent else {
        return Ok(false);
    };
    let service = |span: &SpanColumns| snapshot.operation(span.operation);
    Ok(service(parent)?.service == service(span)?.service)
}

/// Every span of every segment, with those of its block.
fn each_span(
    view: &View,
    mut look: impl FnMut(&Snapshot, &[SpanColumns], &SpanColumns) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    for snapshot in &view.snapshots {
        for part in snapshot.parts(Stream::Spans)? {
            let all = postings::all(part.first, part.n);
            for (block, runs) in snapshot.blocks(Stream::Spans, &all)? {
                let columns = snapshot.span_columns(block.first)?;
                for (_, span) in among(&columns, block.first, &runs) {
                    look(snapshot, &columns, span)?;
                }
            }
        }
    }
    Ok(())
}
