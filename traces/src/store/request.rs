//! OTLP requests into rows, before they queue for the writer.
//!
//! Pure, and done by the caller, so that the one writer has little left to do. What the columns of a
//! block hold is left out of the encoded messages, see [`super::span_block`].

mod exceptions;
mod fields;
mod limits;
mod logs;
mod points;
mod spans;

use api::attributes::key;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;

use self::limits::{MAX_NAME_BYTES, cut_values};
use super::Receipt;
use super::terms::Term;
use crate::convert;

pub(super) use exceptions::Exceptions;
pub(super) use logs::{LogBatch, SEVERITY_STEPS, logs};
pub(super) use points::{PointBatch, SeriesKind, points};
pub(super) use spans::{OperationName, SpanBatch, spans};

/// Rows of one request.
pub(super) enum Batch {
    Spans(SpanBatch),
    Points(PointBatch),
    Logs(LogBatch),
}

impl Batch {
    pub(super) fn n_rows(&self) -> usize {
        match self {
            Self::Spans(batch) => batch.spans.len(),
            Self::Points(batch) => batch.points.len(),
            Self::Logs(batch) => batch.records.len(),
        }
    }

    /// Bytes of memory, roughly.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Spans(batch) => batch.data.len() + size_of_val(batch.terms.as_slice()),
            Self::Points(batch) => size_of_val(batch.points.as_slice()),
            Self::Logs(batch) => batch.data.len() + size_of_val(batch.terms.as_slice()),
        }
    }
}

/// Rows to commit, and what was left out.
pub(super) struct Rows<Batch> {
    pub(super) batch: Batch,
    pub(super) receipt: Receipt,
}

/// Who sent something: a resource and a scope.
pub(super) struct Source {
    pub(super) service: String,
    pub(super) namespace: String,
    /// OTLP's `ResourceSpans` with one scope and without spans. Those of logs and metrics look alike.
    pub(super) otlp: Vec<u8>,
    /// What every record of it is found by.
    terms: Vec<Term>,
}

/// A resource as it was sent, with the address of the schema it follows.
struct SentResource {
    resource: Resource,
    schema_url: String,
}

impl SentResource {
    fn new(resource: Option<&Resource>, schema_url: &str) -> Self {
        let mut resource = resource.cloned().unwrap_or_default();
        cut_values(&mut resource.attributes, MAX_NAME_BYTES);
        Self {
            resource,
            schema_url: schema_url.to_owned(),
        }
    }

    fn source(&self, scope: Option<&InstrumentationScope>, schema_url: &str) -> Source {
        let text = |key| convert::attribute_text(&self.resource.attributes, key);
        let service = text(key::SERVICE_NAME).unwrap_or_else(|| "unknown_service".to_owned());
        let mut terms = vec![Term::service(&service)];
        terms.extend(attribute_terms(&self.resource.attributes));
        let otlp = ResourceSpans {
            resource: Some(self.resource.clone()),
            scope_spans: vec![ScopeSpans {
                scope: scope.cloned(),
                spans: Vec::new(),
                schema_url: schema_url.to_owned(),
            }],
            schema_url: self.schema_url.clone(),
        };
        Source {
            service,
            namespace: text(key::SERVICE_NAMESPACE).unwrap_or_default(),
            otlp: otlp.encode_to_vec(),
            terms,
        }
    }
}

fn attribute_terms(attributes: &[KeyValue]) -> impl Iterator<Item = Term> {
    attributes
        .iter()
        .map(|pair| Term::attribute(&pair.key, &convert::text(pair.value.as_ref())))
}

/// SQLite's integers have a sign. Times beyond the year 2262 are cut.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
