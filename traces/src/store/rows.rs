//! OTLP requests into rows, before they queue for the writer.
//!
//! Pure, and done by the caller, so that the one writer only writes. Rows are grouped by who sent them.

use api::attributes::key;
use api::traces::{SpanId, TraceId};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
    metric::Data, number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;

use super::Receipt;
use crate::convert;

/// Characters of an attribute's value that a search compares.
const SEARCHABLE_CHARACTERS: usize = 256;

/// What one resource and scope sent.
pub(super) struct Group<Row> {
    pub(super) source: Source,
    pub(super) rows: Vec<Row>,
}

/// Rows to commit, and what was left out.
pub(super) struct Rows<Row> {
    pub(super) groups: Vec<Group<Row>>,
    pub(super) receipt: Receipt,
}

/// A resource and a scope.
pub(super) struct Source {
    pub(super) service: String,
    pub(super) namespace: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) resource: Vec<u8>,
    pub(super) scope: Vec<u8>,
}

/// A span. Its times fit SQLite's integers, and it does not end before it starts.
pub(super) struct SpanRow {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) parent_id: Option<SpanId>,
    pub(super) name: String,
    pub(super) kind: i32,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) is_error: bool,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) otlp: Vec<u8>,
}

/// A log record.
pub(super) struct LogRow {
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    pub(super) time_ns: i64,
    pub(super) severity: i32,
    pub(super) otlp: Vec<u8>,
}

/// A point of a metric: a number or the bytes of a histogram's point.
pub(super) struct PointRow {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) attributes: String,
    pub(super) time_ns: i64,
    pub(super) start_ns: i64,
    pub(super) value: Option<f64>,
    pub(super) histogram: Option<Vec<u8>>,
}

/// Spans without a trace id or an id are rejected.
pub(super) fn spans(request: ExportTraceServiceRequest) -> Rows<SpanRow> {
    let mut groups = Vec::new();
    let mut receipt = Receipt::default();
    for sent in request.resource_spans {
        let resource = sent.resource.unwrap_or_default();
        for scoped in sent.scope_spans {
            let mut rows = Vec::with_capacity(scoped.spans.len());
            for span in &scoped.spans {
                match span_row(span) {
                    Some(row) => rows.push(row),
                    None => receipt.n_rejected += 1,
                }
            }
            groups.push(group(&resource, scoped.scope, rows));
        }
    }
    Rows { groups, receipt }
}

/// Every log record is taken.
pub(super) fn logs(request: ExportLogsServiceRequest) -> Rows<LogRow> {
    let mut groups = Vec::new();
    for sent in request.resource_logs {
        let resource = sent.resource.unwrap_or_default();
        for scoped in sent.scope_logs {
            let rows = scoped.log_records.iter().map(log_row).collect();
            groups.push(group(&resource, scoped.scope, rows));
        }
    }
    let receipt = Receipt::default();
    Rows { groups, receipt }
}

/// Points without a value are rejected.
pub(super) fn points(request: ExportMetricsServiceRequest) -> Rows<PointRow> {
    let mut groups = Vec::new();
    let mut receipt = Receipt::default();
    for sent in request.resource_metrics {
        let resource = sent.resource.unwrap_or_default();
        for scoped in sent.scope_metrics {
            let mut rows = Vec::new();
            for point in scoped.metrics.iter().flat_map(metric_rows) {
                match point {
                    Some(row) => rows.push(row),
                    None => receipt.n_rejected += 1,
                }
            }
            groups.push(group(&resource, scoped.scope, rows));
        }
    }
    Rows { groups, receipt }
}

/// What a search by attribute compares. The same bytes give the same answer forever, which is how
/// deleting a span finds the entries made for it.
pub(super) fn searchable(attributes: &[KeyValue]) -> Vec<(String, String)> {
    attributes
        .iter()
        .map(|pair| {
            let value = convert::text(pair.value.as_ref());
            (pair.key.clone(), searchable_value(&value).to_owned())
        })
        .collect()
}

/// The part of a value that a search compares.
pub(super) fn searchable_value(value: &str) -> &str {
    match value.char_indices().nth(SEARCHABLE_CHARACTERS) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

fn group<Row>(
    resource: &Resource,
    scope: Option<InstrumentationScope>,
    rows: Vec<Row>,
) -> Group<Row> {
    let text = |key| convert::attribute_text(&resource.attributes, key);
    let source = Source {
        service: text(key::SERVICE_NAME).unwrap_or_else(|| "unknown_service".to_owned()),
        namespace: text(key::SERVICE_NAMESPACE).unwrap_or_default(),
        attributes: searchable(&resource.attributes),
        resource: resource.encode_to_vec(),
        scope: scope.unwrap_or_default().encode_to_vec(),
    };
    Group { source, rows }
}

fn span_row(span: &Span) -> Option<SpanRow> {
    let start_ns = integer(span.start_time_unix_nano);
    Some(SpanRow {
        trace_id: TraceId::from_slice(&span.trace_id)?,
        span_id: SpanId::from_slice(&span.span_id)?,
        parent_id: SpanId::from_slice(&span.parent_span_id),
        name: span.name.clone(),
        kind: span.kind,
        start_ns,
        end_ns: integer(span.end_time_unix_nano).max(start_ns),
        is_error: convert::status(span).is_error(),
        attributes: searchable(&span.attributes),
        otlp: span.encode_to_vec(),
    })
}

fn log_row(log: &LogRecord) -> LogRow {
    LogRow {
        trace_id: TraceId::from_slice(&log.trace_id),
        span_id: SpanId::from_slice(&log.span_id),
        time_ns: integer(convert::log_time_ns(log)),
        severity: log.severity_number,
        otlp: log.encode_to_vec(),
    }
}

fn metric_rows(metric: &Metric) -> Vec<Option<PointRow>> {
    match &metric.data {
        None => Vec::new(),
        Some(Data::Gauge(gauge)) => numbers(metric, &gauge.data_points),
        Some(Data::Sum(sum)) => numbers(metric, &sum.data_points),
        Some(Data::Histogram(data)) => {
            let points = data.data_points.iter().cloned();
            points
                .map(|point| Some(histogram_row(metric, point)))
                .collect()
        }
        Some(Data::ExponentialHistogram(data)) => {
            let points = data.data_points.iter().map(without_buckets);
            points
                .map(|point| Some(histogram_row(metric, point)))
                .collect()
        }
        Some(Data::Summary(data)) => {
            let points = data.data_points.iter().map(without_quantiles);
            points
                .map(|point| Some(histogram_row(metric, point)))
                .collect()
        }
    }
}

fn numbers(metric: &Metric, points: &[NumberDataPoint]) -> Vec<Option<PointRow>> {
    points
        .iter()
        .map(|point| number_row(metric, point))
        .collect()
}

fn number_row(metric: &Metric, point: &NumberDataPoint) -> Option<PointRow> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts above 2^53 are shown rounded anyway"
    )]
    let value = match point.value? {
        Number::AsDouble(number) => number,
        Number::AsInt(number) => number as f64,
    };
    // SQLite writes NaN as NULL, and a point without a value says nothing.
    (!value.is_nan()).then(|| PointRow {
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        attributes: series_attributes(&point.attributes),
        time_ns: integer(point.time_unix_nano),
        start_ns: integer(point.start_time_unix_nano),
        value: Some(value),
        histogram: None,
    })
}

fn histogram_row(metric: &Metric, mut point: HistogramDataPoint) -> PointRow {
    // They are the series', and stored there.
    let attributes = std::mem::take(&mut point.attributes);
    PointRow {
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        attributes: series_attributes(&attributes),
        time_ns: integer(point.time_unix_nano),
        start_ns: integer(point.start_time_unix_nano),
        value: None,
        histogram: Some(point.encode_to_vec()),
    }
}

fn without_buckets(point: &ExponentialHistogramDataPoint) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: point.attributes.clone(),
        start_time_unix_nano: point.start_time_unix_nano,
        time_unix_nano: point.time_unix_nano,
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        ..HistogramDataPoint::default()
    }
}

fn without_quantiles(point: &SummaryDataPoint) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: point.attributes.clone(),
        start_time_unix_nano: point.start_time_unix_nano,
        time_unix_nano: point.time_unix_nano,
        count: point.count,
        sum: Some(point.sum),
        ..HistogramDataPoint::default()
    }
}

/// Sorted, so that the order they were sent in makes no second series.
fn series_attributes(attributes: &[KeyValue]) -> String {
    let mut attributes = convert::attributes(attributes);
    attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
    Value::Object(attributes.into_iter().collect()).to_string()
}

/// SQLite's integers have a sign. Times beyond the year 2262 are cut.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
