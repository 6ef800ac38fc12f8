//! Which services call which, from the columns alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::telemetry::{
    CallReader, Calls, DurationQuery, Durations, ServiceEdge, ServiceGraph, ServiceNode, Window,
};
use api::traces::{ReadError, SpanId, TraceId};
use async_trait::async_trait;

use super::Store;
use super::durations::durations;
use super::request::OperationName;
use super::scan::{self, Once};
use super::sketch::Sketch;
use super::snapshot::Snapshot;
use super::span_block::SpanColumns;
use super::view::{QueryError, View};

#[async_trait]
impl CallReader for Store {
    async fn service_graph(&self, window: Window) -> Result<ServiceGraph, ReadError> {
        let graph = move |view: &View| graph(view, window);
        self.readers.read("calls between services", graph).await
    }

    async fn durations(&self, query: &DurationQuery) -> Result<Durations, ReadError> {
        let query = query.clone();
        let durations = move |view: &View| durations(view, &query);
        self.readers.read("durations", durations).await
    }
}

fn graph(view: &View, window: Window) -> Result<ServiceGraph, QueryError> {
    let mut found = Found::default();
    let mut once = Once::default();
    scan::each_block(view, window, |snapshot, columns| {
        // Operations of a block are few, and asked for often.
        let mut operations = Operations::default();
        for (place, span) in columns.spans.iter().enumerate().rev() {
            if !window.contains(span.started_ns()) {
                continue;
            }
            let parent = span
                .parent_id
                .and_then(|id| beside(&columns.spans, place, id));
            // Most spans are called by a span of the same service beside them.
            if let Some(parent) = parent
                && operations.of(snapshot, parent)?.service
                    == operations.of(snapshot, span)?.service
            {
                continue;
            }
            if !once.is_first(span) {
                continue;
            }
            let call = Call::new(snapshot, span)?;
            match (span.parent_id, parent) {
                (None, _) => found.answer(&call),
                (Some(_), Some(parent)) => {
                    found.edge(&operations.of(snapshot, parent)?.service, &call);
                }
                (Some(parent_id), None) => found.wait((span.trace_id, parent_id), call),
            }
        }
        Ok(())
    })?;
    if found.waiting.is_empty() {
        return Ok(found.finish());
    }
    scan::each_span(view, scan::widened(window), |snapshot, _, span| {
        if let Some(calls) = found.waiting.remove(&(span.trace_id, span.span_id)) {
            let caller = &snapshot.operation(span.operation)?.service;
            for call in calls.iter().filter(|call| call.service() != caller) {
                found.edge(caller, call);
            }
        }
        Ok(())
    })?;
    Ok(found.finish())
}

/// The operations of a block, by their ids.
#[derive(Default)]
struct Operations(Vec<(i64, Arc<OperationName>)>);

impl Operations {
    fn of(
        &mut self,
        snapshot: &Snapshot,
        span: &SpanColumns,
    ) -> Result<Arc<OperationName>, QueryError> {
        let known = self.0.iter().find(|(id, _)| *id == span.operation);
        if let Some((_, operation)) = known {
            return Ok(Arc::clone(operation));
        }
        let operation = snapshot.operation(span.operation)?;
        self.0.push((span.operation, Arc::clone(&operation)));
        Ok(operation)
    }
}

/// The parent of the span at `place`, among those of its trace around it.
fn beside(spans: &[SpanColumns], place: usize, parent_id: SpanId) -> Option<&SpanColumns> {
    let trace_id = spans[place].trace_id;
    let (before, after) = spans.split_at(place);
    let is_near = |span: &&SpanColumns| span.trace_id == trace_id;
    let mut near =
        (before.iter().rev().take_while(is_near)).chain(after.iter().take_while(is_near));
    near.find(|span| span.span_id == parent_id)
}

/// One answering span.
struct Call {
    operation: Arc<OperationName>,
    namespace: Arc<str>,
    duration_ns: u64,
    is_error: bool,
}

impl Call {
    fn new(snapshot: &Snapshot, span: &SpanColumns) -> Result<Self, QueryError> {
        Ok(Self {
            operation: snapshot.operation(span.operation)?,
            namespace: Arc::from(snapshot.source(span.source)?.namespace.as_str()),
            duration_ns: span.duration_ns(),
            is_error: span.is_error,
        })
    }

    fn service(&self) -> &String {
        &self.operation.service
    }
}

#[derive(Default)]
struct Sum {
    n_errors: u64,
    durations: Sketch,
}

impl Sum {
    fn add(&mut self, call: &Call) {
        self.n_errors += u64::from(call.is_error);
        self.durations.add(call.duration_ns);
    }

    fn finish(&self) -> Calls {
        Calls {
            n: self.durations.n(),
            n_errors: self.n_errors,
            p50_ns: self.durations.percentile(50),
            p95_ns: self.durations.percentile(95),
        }
    }
}

#[derive(Default)]
struct Found {
    nodes: BTreeMap<String, (Arc<str>, Sum)>,
    /// By caller and callee.
    edges: BTreeMap<(String, String), Sum>,
    /// Calls whose caller is yet to be found.
    waiting: HashMap<(TraceId, SpanId), Vec<Call>>,
}

impl Found {
    fn answer(&mut self, call: &Call) {
        let new = || (Arc::clone(&call.namespace), Sum::default());
        let node = self.nodes.entry(call.service().clone()).or_insert_with(new);
        node.1.add(call);
    }

    fn edge(&mut self, caller: &str, call: &Call) {
        let services = (caller.to_owned(), call.service().clone());
        self.edges.entry(services).or_default().add(call);
        self.answer(call);
    }

    fn wait(&mut self, caller: (TraceId, SpanId), call: Call) {
        self.waiting.entry(caller).or_default().push(call);
    }

    fn finish(mut self) -> ServiceGraph {
        // Whoever called has not arrived: nobody of ours, as far as we know.
        for call in std::mem::take(&mut self.waiting).values().flatten() {
            self.answer(call);
        }
        for (caller, _) in self.edges.keys() {
            // Its own request began before the window.
            let new = || (Arc::from(""), Sum::default());
            self.nodes.entry(caller.clone()).or_insert_with(new);
        }
        let services = self.nodes.into_iter();
        let edges = self.edges.into_iter();
        ServiceGraph {
            services: services
                .map(|(service, (namespace, sum))| ServiceNode {
                    service,
                    namespace: namespace.to_string(),
                    requests: sum.finish(),
                })
                .collect(),
            edges: edges
                .map(|((caller, callee), sum)| ServiceEdge {
                    caller,
                    callee,
                    calls: sum.finish(),
                })
                .collect(),
        }
    }
}
