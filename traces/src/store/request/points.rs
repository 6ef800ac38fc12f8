//! Points of metrics into rows.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint,
    metric::Data, number_data_point::Value as Number,
};
use prost::Message;
use serde_json::Value;

use super::{Receipt, Rows, SentResource, Source, integer};
use crate::convert;

/// The points of one request.
#[derive(Default)]
pub(in crate::store) struct PointBatch {
    pub(in crate::store) sources: Vec<Source>,
    /// Each with the place of its source.
    pub(in crate::store) points: Vec<(usize, PointRow)>,
}

/// A point of a metric: a number or the bytes of a histogram's point.
pub(in crate::store) struct PointRow {
    pub(in crate::store) name: String,
    pub(in crate::store) unit: String,
    pub(in crate::store) attributes: String,
    pub(in crate::store) time_ns: i64,
    pub(in crate::store) start_ns: i64,
    pub(in crate::store) value: Option<f64>,
    pub(in crate::store) histogram: Option<Vec<u8>>,
}

/// Points without a value are rejected.
pub(in crate::store) fn points(request: ExportMetricsServiceRequest) -> Rows<PointBatch> {
    let mut batch = PointBatch::default();
    let mut receipt = Receipt::default();
    for of_resource in request.resource_metrics {
        let resource = SentResource::new(of_resource.resource, of_resource.schema_url);
        for of_scope in of_resource.scope_metrics {
            let source = batch.sources.len();
            batch
                .sources
                .push(resource.source(of_scope.scope, of_scope.schema_url));
            for point in of_scope.metrics.iter().flat_map(metric_rows) {
                match point {
                    Some(row) => batch.points.push((source, row)),
                    None => receipt.n_rejected += 1,
                }
            }
        }
    }
    Rows { batch, receipt }
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
