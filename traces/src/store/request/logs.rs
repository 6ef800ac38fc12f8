//! Log records into rows.

use std::borrow::Cow;

use api::traces::{SpanId, TraceId};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::exceptions::Exceptions;
use super::fields::encode_without;
use super::limits::{MAX_VALUE_BYTES, cut_value, cut_values};
use super::{Receipt, Rows, SentResource, Source, integer};
use crate::convert;
use crate::store::terms::Term;
use crate::store::words;

/// Where the steps of OpenTelemetry's scale of severity begin, from `DEBUG` on.
pub(in crate::store) const SEVERITY_STEPS: [i32; 5] = [5, 9, 13, 17, 21];

/// The log records of one request, in the order they were sent.
#[derive(Default)]
pub(in crate::store) struct LogBatch {
    pub(in crate::store) sources: Vec<Source>,
    pub(in crate::store) records: Vec<LogRow>,
    /// Their OTLP, without what the rows say.
    pub(in crate::store) data: Vec<u8>,
    /// What each is found by, as [`Term::at`] its place among the rows.
    pub(in crate::store) terms: Vec<u64>,
    pub(in crate::store) exceptions: Exceptions,
}

/// A log record. Its time fits SQLite's integers.
pub(in crate::store) struct LogRow {
    pub(in crate::store) trace_id: Option<TraceId>,
    pub(in crate::store) span_id: Option<SpanId>,
    pub(in crate::store) time_ns: u64,
    pub(in crate::store) severity: i32,
    /// Place among the batch's sources.
    pub(in crate::store) source: usize,
    /// Its share of the batch's data.
    pub(in crate::store) length: usize,
}

/// Every log record is taken.
pub(in crate::store) fn logs(request: &ExportLogsServiceRequest) -> Rows<LogBatch> {
    let mut batch = LogBatch::default();
    let mut scratch = Vec::new();
    for of_resource in &request.resource_logs {
        let resource = SentResource::new(of_resource.resource.as_ref(), &of_resource.schema_url);
        for of_scope in &of_resource.scope_logs {
            batch
                .sources
                .push(resource.source(of_scope.scope.as_ref(), &of_scope.schema_url));
            for record in &of_scope.log_records {
                batch.push(&shortened(record), &mut scratch);
            }
        }
    }
    let receipt = Receipt::default();
    Rows { batch, receipt }
}

impl LogBatch {
    /// Appends a record of the last source.
    fn push(&mut self, record: &LogRecord, scratch: &mut Vec<u8>) {
        let place = self.records.len() as u64;
        let source = self.sources.len() - 1;
        let row = LogRow {
            trace_id: TraceId::from_slice(&record.trace_id),
            span_id: SpanId::from_slice(&record.span_id),
            time_ns: integer(convert::log_time_ns(record)).cast_unsigned(),
            severity: record.severity_number,
            source,
            length: 0,
        };
        let terms = &mut self.terms;
        terms.extend(self.sources[source].terms.iter().map(|term| term.at(place)));
        terms.extend(row.trace_id.map(|id| Term::trace(id).at(place)));
        let reached = SEVERITY_STEPS.iter().filter(|step| **step <= row.severity);
        terms.extend(reached.map(|step| Term::severity(*step).at(place)));
        let words = words::words(&convert::text(record.body.as_ref()));
        terms.extend(words.iter().map(|word| Term::word(word).at(place)));
        self.exceptions
            .of_record(self.records.len(), row.time_ns, &record.attributes);
        let length = encode(record, scratch, &mut self.data);
        self.records.push(LogRow { length, ..row });
    }
}

/// The record with values that can be kept. One that is short as a whole has none that is too long.
fn shortened(record: &LogRecord) -> Cow<'_, LogRecord> {
    if record.encoded_len() <= MAX_VALUE_BYTES {
        return Cow::Borrowed(record);
    }
    let mut record = record.clone();
    cut_values(&mut record.attributes, MAX_VALUE_BYTES);
    if let Some(body) = &mut record.body {
        cut_value(body, MAX_VALUE_BYTES);
    }
    Cow::Owned(record)
}

/// What the columns hold is left out.
fn encode(record: &LogRecord, scratch: &mut Vec<u8>, data: &mut Vec<u8>) -> usize {
    const SEVERITY_NUMBER: u64 = 2;
    const TRACE_ID: u64 = 9;
    const SPAN_ID: u64 = 10;
    // Ids that are none are kept as they are, for whoever looks at what was sent.
    let has_trace = TraceId::from_slice(&record.trace_id).is_some();
    let has_span = SpanId::from_slice(&record.span_id).is_some();
    let left_out = [
        SEVERITY_NUMBER,
        if has_trace { TRACE_ID } else { SEVERITY_NUMBER },
        if has_span { SPAN_ID } else { SEVERITY_NUMBER },
    ];
    encode_without(record, &left_out, scratch, data)
}
