//! Spans into rows.

use std::collections::HashMap;

use api::traces::{SpanId, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::{Receipt, Rows, SentResource, Source, attribute_terms};
use crate::convert;
use crate::store::terms::Term;

/// The spans of one request; those of a trace are together and sorted by time.
#[derive(Default)]
pub(in crate::store) struct SpanBatch {
    pub(in crate::store) sources: Vec<Source>,
    pub(in crate::store) operations: Vec<OperationName>,
    pub(in crate::store) spans: Vec<SpanRow>,
    /// Their OTLP, without what the rows say.
    pub(in crate::store) data: Vec<u8>,
    /// What each is found by, as [`Term::at`] its place among the rows.
    pub(in crate::store) terms: Vec<u64>,
}

/// What a span does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) struct OperationName {
    pub(in crate::store) service: String,
    pub(in crate::store) name: String,
    pub(in crate::store) kind: i32,
}

/// A span. Its times are those that were sent.
pub(in crate::store) struct SpanRow {
    pub(in crate::store) trace_id: TraceId,
    pub(in crate::store) span_id: SpanId,
    pub(in crate::store) parent_id: Option<SpanId>,
    pub(in crate::store) start_ns: u64,
    pub(in crate::store) end_ns: u64,
    pub(in crate::store) is_error: bool,
    /// Place among the batch's sources.
    pub(in crate::store) source: usize,
    /// Place among the batch's operations.
    pub(in crate::store) operation: usize,
    /// Its share of the batch's data.
    pub(in crate::store) length: usize,
}

/// A span with valid ids, and whose it is.
struct Sent {
    trace_id: TraceId,
    span_id: SpanId,
    source: usize,
    span: Span,
}

/// Spans without a trace id or an id are rejected. Of one that is there twice, the later is taken.
pub(in crate::store) fn spans(request: ExportTraceServiceRequest) -> Rows<SpanBatch> {
    let mut batch = SpanBatch::default();
    let mut receipt = Receipt::default();
    let mut sent = sent(request, &mut batch.sources, &mut receipt);
    sent.sort_by_key(|sent| (sent.trace_id, sent.span.start_time_unix_nano));
    let mut operations = Operations::default();
    for Sent {
        trace_id,
        span_id,
        source,
        mut span,
    } in sent
    {
        let operation = operations.place(&batch.sources[source].service, source, &mut span);
        let row = SpanRow {
            trace_id,
            span_id,
            parent_id: SpanId::from_slice(&span.parent_span_id),
            start_ns: span.start_time_unix_nano,
            end_ns: span.end_time_unix_nano,
            is_error: convert::status(&span).is_error(),
            source,
            operation,
            length: 0,
        };
        let place = batch.spans.len() as u64;
        let name = &operations.names[operation].name;
        let terms = &mut batch.terms;
        terms.extend(
            batch.sources[source]
                .terms
                .iter()
                .map(|term| term.at(place)),
        );
        terms.push(Term::operation(name).at(place));
        terms.push(Term::trace(trace_id).at(place));
        if row.is_error {
            terms.push(Term::error().at(place));
        }
        let events = span.events.iter().map(|event| &event.attributes);
        for attributes in events.chain([&span.attributes]) {
            terms.extend(attribute_terms(attributes).map(|term| term.at(place)));
        }
        let length = encode(span, &mut batch.data);
        batch.spans.push(SpanRow { length, ..row });
    }
    batch.operations = operations.names;
    Rows { batch, receipt }
}

fn sent(
    request: ExportTraceServiceRequest,
    sources: &mut Vec<Source>,
    receipt: &mut Receipt,
) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut places = HashMap::new();
    for of_resource in request.resource_spans {
        let resource = SentResource::new(of_resource.resource, of_resource.schema_url);
        for of_scope in of_resource.scope_spans {
            let source = sources.len();
            sources.push(resource.source(of_scope.scope, of_scope.schema_url));
            for span in of_scope.spans {
                let ids = (
                    TraceId::from_slice(&span.trace_id),
                    SpanId::from_slice(&span.span_id),
                );
                let (Some(trace_id), Some(span_id)) = ids else {
                    receipt.n_rejected += 1;
                    continue;
                };
                let new = Sent {
                    trace_id,
                    span_id,
                    source,
                    span,
                };
                let place = *places.entry((trace_id, span_id)).or_insert(sent.len());
                match sent.get_mut(place) {
                    Some(earlier) => *earlier = new,
                    None => sent.push(new),
                }
            }
        }
    }
    sent
}

/// What the columns hold is left out.
fn encode(mut span: Span, data: &mut Vec<u8>) -> usize {
    span.trace_id.clear();
    span.span_id.clear();
    span.parent_span_id.clear();
    span.start_time_unix_nano = 0;
    span.end_time_unix_nano = 0;
    span.kind = 0;
    let before = data.len();
    span.encode_raw(data);
    data.len() - before
}

/// The operations of a request, each once.
#[derive(Default)]
struct Operations {
    names: Vec<OperationName>,
    /// By source, so that the service need not be compared.
    places: HashMap<(usize, i32, String), usize>,
}

impl Operations {
    /// Takes the name out of the span.
    fn place(&mut self, service: &str, source: usize, span: &mut Span) -> usize {
        let key = (source, span.kind, std::mem::take(&mut span.name));
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.names.len();
        self.names.push(OperationName {
            service: service.to_owned(),
            name: key.2.clone(),
            kind: span.kind,
        });
        self.places.insert(key, place);
        place
    }
}
