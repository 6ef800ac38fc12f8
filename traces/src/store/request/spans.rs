//! Spans into rows.

use std::borrow::Cow;
use std::collections::HashMap;

use api::traces::facts::{Fact, Facts};
use api::traces::{SpanId, StepKind, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::exceptions::Exceptions;
use super::fields::encode_without;
use super::limits::{MAX_NAME_BYTES, MAX_VALUE_BYTES, cut, cut_values};
use super::{Receipt, Rows, SentResource, Source, attribute_terms};
use crate::convert;
use crate::store::facts::{PackedFacts, Texts};
use crate::store::terms::Term;

/// Numbers of a span's fields that the columns of a block hold: its ids, name, kind and times.
const COLUMNS: [u64; 7] = [1, 2, 4, 5, 6, 7, 8];

/// The spans of one request; those of a trace are together and sorted by time.
#[derive(Default)]
pub(in crate::store) struct SpanBatch {
    pub(in crate::store) sources: Vec<Source>,
    pub(in crate::store) operations: Vec<OperationName>,
    /// Names that the rows refer to.
    pub(in crate::store) texts: Texts,
    pub(in crate::store) spans: Vec<SpanRow>,
    /// Their OTLP, without what the rows say.
    pub(in crate::store) data: Vec<u8>,
    /// What each is found by, as [`Term::at`] its place among the rows.
    pub(in crate::store) terms: Vec<u64>,
    pub(in crate::store) exceptions: Exceptions,
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
    pub(in crate::store) facts: PackedFacts,
    /// Its share of the batch's data.
    pub(in crate::store) length: usize,
}

/// A span with valid ids, and whose it is.
struct Sent<'a> {
    trace_id: TraceId,
    span_id: SpanId,
    source: usize,
    span: &'a Span,
}

/// Spans without a trace id or an id are rejected. Of one that is there twice, the later is taken.
pub(in crate::store) fn spans(request: &ExportTraceServiceRequest) -> Rows<SpanBatch> {
    let mut batch = SpanBatch::default();
    let mut receipt = Receipt::default();
    let mut sent = sent(request, &mut batch.sources, &mut receipt);
    sent.sort_by_key(|sent| (sent.trace_id, sent.span.start_time_unix_nano));
    let mut operations = Operations::default();
    let mut scratch = Vec::new();
    for Sent {
        trace_id,
        span_id,
        source,
        span: sent,
    } in sent
    {
        let span = &*shortened(sent);
        let operation = operations.place(&batch.sources[source].service, source, sent);
        let row = SpanRow {
            trace_id,
            span_id,
            parent_id: SpanId::from_slice(&span.parent_span_id),
            start_ns: span.start_time_unix_nano,
            end_ns: span.end_time_unix_nano,
            is_error: convert::is_error(span),
            source,
            operation,
            facts: PackedFacts::default(),
            length: 0,
        };
        let place = batch.spans.len() as u64;
        let name = &operations.names[operation].name;
        let service = &batch.sources[source].service;
        let facts = facts(name, span);
        let mut terms = |term: Term| batch.terms.push(term.at(place));
        batch.sources[source]
            .terms
            .iter()
            .copied()
            .for_each(&mut terms);
        terms(Term::operation(name));
        terms(Term::trace(trace_id));
        if row.is_error {
            terms(Term::error());
        }
        fact_terms(service, &facts).for_each(&mut terms);
        let events = span.events.iter().map(|event| &event.attributes);
        for attributes in events.chain([&span.attributes]) {
            attribute_terms(attributes).for_each(&mut terms);
        }
        let facts = PackedFacts::new(service, &facts, &mut batch.texts);
        batch.exceptions.of_span(batch.spans.len(), span);
        let length = encode_without(span, &COLUMNS, &mut scratch, &mut batch.data);
        batch.spans.push(SpanRow {
            facts,
            length,
            ..row
        });
    }
    batch.operations = operations.names;
    Rows { batch, receipt }
}

fn sent<'a>(
    request: &'a ExportTraceServiceRequest,
    sources: &mut Vec<Source>,
    receipt: &mut Receipt,
) -> Vec<Sent<'a>> {
    let mut sent: Vec<Sent<'_>> = Vec::new();
    let mut places = HashMap::new();
    for of_resource in &request.resource_spans {
        let resource = SentResource::new(of_resource.resource.as_ref(), &of_resource.schema_url);
        for of_scope in &of_resource.scope_spans {
            let source = sources.len();
            sources.push(resource.source(of_scope.scope.as_ref(), &of_scope.schema_url));
            for span in &of_scope.spans {
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

/// The span with values that can be kept. One that is short as a whole has none that is too long.
fn shortened(span: &Span) -> Cow<'_, Span> {
    if span.encoded_len() <= MAX_VALUE_BYTES {
        return Cow::Borrowed(span);
    }
    let mut span = span.clone();
    cut_values(&mut span.attributes, MAX_VALUE_BYTES);
    for event in &mut span.events {
        cut_values(&mut event.attributes, MAX_VALUE_BYTES);
    }
    for link in &mut span.links {
        cut_values(&mut link.attributes, MAX_VALUE_BYTES);
    }
    if let Some(status) = &mut span.status {
        cut(&mut status.message, MAX_VALUE_BYTES);
    }
    Cow::Owned(span)
}

fn facts<'a>(name: &'a str, span: &'a Span) -> Facts<'a> {
    let pairs = span.attributes.iter().map(|pair| {
        let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
        (pair.key.as_str(), value.map_or(Fact::Other, convert::fact))
    });
    Facts::of(name, convert::kind(span.kind), pairs)
}

/// What a trace is found by as a whole.
fn fact_terms<'a>(service: &'a str, facts: &Facts<'a>) -> impl Iterator<Item = Term> {
    let agent = match facts.kind {
        StepKind::Agent => facts.agent.or(Some(service)),
        StepKind::Model | StepKind::Tool | StepKind::Delegate | StepKind::Http => None,
    };
    let terms = [
        agent.map(Term::agent),
        facts.session.map(Term::session),
        facts.model.map(Term::model),
        facts.tool.map(Term::tool),
    ];
    terms.into_iter().flatten()
}

/// The operations of a request, each once.
#[derive(Default)]
struct Operations<'a> {
    names: Vec<OperationName>,
    /// By source, so that the service need not be compared, kind and the name as it was sent.
    places: HashMap<(usize, i32, &'a str), usize>,
}

impl<'a> Operations<'a> {
    fn place(&mut self, service: &str, source: usize, span: &'a Span) -> usize {
        let key = (source, span.kind, span.name.as_str());
        *self.places.entry(key).or_insert_with(|| {
            let mut name = span.name.clone();
            cut(&mut name, MAX_NAME_BYTES);
            self.names.push(OperationName {
                service: service.to_owned(),
                name,
                kind: span.kind,
            });
            self.names.len() - 1
        })
    }
}
