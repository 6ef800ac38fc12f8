//! Points of metrics into rows.

use std::borrow::Cow;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, Metric,
    NumberDataPoint, SummaryDataPoint, metric::Data, number_data_point::Value as Number,
};
use prost::Message;
use serde_json::Value;

use super::limits::{MAX_NAME_BYTES, cut, cut_values};
use super::{Receipt, Rows, SentResource, Source, integer};
use crate::convert;
use crate::store::varint::Damaged;

/// The points of one request.
#[derive(Default)]
pub(in crate::store) struct PointBatch {
    pub(in crate::store) sources: Vec<Source>,
    /// Each with the place of its source.
    pub(in crate::store) points: Vec<(usize, PointRow)>,
}

/// What the points of a series mean. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) enum SeriesKind {
    /// A value as it is.
    Gauge = 0,
    /// A sum since the beginning.
    Cumulative = 1,
    /// A sum since the point before.
    Delta = 2,
}

impl SeriesKind {
    fn of_sum(temporality: i32) -> Self {
        match AggregationTemporality::try_from(temporality) {
            Ok(AggregationTemporality::Delta) => Self::Delta,
            // What is not said is what most programs send.
            Ok(AggregationTemporality::Cumulative | AggregationTemporality::Unspecified)
            | Err(_) => Self::Cumulative,
        }
    }

    pub(in crate::store) fn numbered(number: i64) -> Result<Self, Damaged> {
        match number {
            0 => Ok(Self::Gauge),
            1 => Ok(Self::Cumulative),
            2 => Ok(Self::Delta),
            _ => Err(Damaged),
        }
    }
}

/// A point of a metric: a number or the bytes of a histogram's point.
pub(in crate::store) struct PointRow {
    pub(in crate::store) name: String,
    pub(in crate::store) unit: String,
    pub(in crate::store) attributes: String,
    pub(in crate::store) kind: SeriesKind,
    pub(in crate::store) time_ns: i64,
    pub(in crate::store) start_ns: i64,
    pub(in crate::store) value: Option<f64>,
    pub(in crate::store) histogram: Option<Vec<u8>>,
}

/// Points without a value are rejected.
pub(in crate::store) fn points(request: &ExportMetricsServiceRequest) -> Rows<PointBatch> {
    let mut batch = PointBatch::default();
    let mut receipt = Receipt::default();
    for of_resource in &request.resource_metrics {
        let resource = SentResource::new(of_resource.resource.as_ref(), &of_resource.schema_url);
        for of_scope in &of_resource.scope_metrics {
            let source = batch.sources.len();
            batch
                .sources
                .push(resource.source(of_scope.scope.as_ref(), &of_scope.schema_url));
            for metric in &of_scope.metrics {
                batch.push(source, &shortened(metric), &mut receipt);
            }
        }
    }
    Rows { batch, receipt }
}

/// The metric with names that can be kept.
fn shortened(metric: &Metric) -> Cow<'_, Metric> {
    if metric.name.len().max(metric.unit.len()) <= MAX_NAME_BYTES {
        return Cow::Borrowed(metric);
    }
    let mut metric = metric.clone();
    cut(&mut metric.name, MAX_NAME_BYTES);
    cut(&mut metric.unit, MAX_NAME_BYTES);
    Cow::Owned(metric)
}

impl PointBatch {
    fn push(&mut self, source: usize, metric: &Metric, receipt: &mut Receipt) {
        for point in metric_rows(metric) {
            match point {
                Some(row) => self.points.push((source, row)),
                None => receipt.n_rejected += 1,
            }
        }
    }
}

fn metric_rows(metric: &Metric) -> Vec<Option<PointRow>> {
    match &metric.data {
        None => Vec::new(),
        Some(Data::Gauge(gauge)) => numbers(metric, SeriesKind::Gauge, &gauge.data_points),
        Some(Data::Sum(sum)) => {
            let kind = SeriesKind::of_sum(sum.aggregation_temporality);
            numbers(metric, kind, &sum.data_points)
        }
        Some(Data::Histogram(data)) => {
            let kind = SeriesKind::of_sum(data.aggregation_temporality);
            let points = data.data_points.iter().cloned();
            points
                .map(|point| Some(histogram_row(metric, kind, point)))
                .collect()
        }
        Some(Data::ExponentialHistogram(data)) => {
            let kind = SeriesKind::of_sum(data.aggregation_temporality);
            let points = data.data_points.iter().map(with_bounds);
            points
                .map(|point| Some(histogram_row(metric, kind, point)))
                .collect()
        }
        Some(Data::Summary(data)) => {
            let points = data.data_points.iter().map(without_quantiles);
            points
                .map(|point| Some(histogram_row(metric, SeriesKind::Cumulative, point)))
                .collect()
        }
    }
}

fn numbers(metric: &Metric, kind: SeriesKind, points: &[NumberDataPoint]) -> Vec<Option<PointRow>> {
    points
        .iter()
        .map(|point| number_row(metric, kind, point))
        .collect()
}

fn number_row(metric: &Metric, kind: SeriesKind, point: &NumberDataPoint) -> Option<PointRow> {
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
        kind,
        time_ns: integer(point.time_unix_nano),
        start_ns: integer(point.start_time_unix_nano),
        value: Some(value),
        histogram: None,
    })
}

fn histogram_row(metric: &Metric, kind: SeriesKind, mut point: HistogramDataPoint) -> PointRow {
    // They are the series', and stored there.
    let attributes = std::mem::take(&mut point.attributes);
    PointRow {
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        attributes: series_attributes(&attributes),
        kind,
        time_ns: integer(point.time_unix_nano),
        start_ns: integer(point.start_time_unix_nano),
        value: None,
        histogram: Some(point.encode_to_vec()),
    }
}

/// An exponential histogram with the bounds of its buckets written out. What is not above zero is in the
/// first.
fn with_bounds(point: &ExponentialHistogramDataPoint) -> HistogramDataPoint {
    let positive = point.positive.clone().unwrap_or_default();
    let negative = point.negative.iter().flat_map(|of| &of.bucket_counts);
    let n_not_above_zero = negative.fold(point.zero_count, |n, more| n.saturating_add(*more));
    let base = (-f64::from(point.scale)).exp2().exp2();
    let bounds = (0..=positive.bucket_counts.len())
        .filter_map(|place| i32::try_from(place).ok())
        .map(|place| base.powi(positive.offset.saturating_add(place)));
    HistogramDataPoint {
        attributes: point.attributes.clone(),
        start_time_unix_nano: point.start_time_unix_nano,
        time_unix_nano: point.time_unix_nano,
        count: point.count,
        sum: point.sum,
        min: point.min,
        max: point.max,
        explicit_bounds: bounds.collect(),
        bucket_counts: [n_not_above_zero]
            .into_iter()
            .chain(positive.bucket_counts)
            .chain([0])
            .collect(),
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
    let mut attributes = attributes.to_vec();
    cut_values(&mut attributes, MAX_NAME_BYTES);
    let mut attributes = convert::attributes(&attributes);
    attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
    Value::Object(attributes.into_iter().collect()).to_string()
}
