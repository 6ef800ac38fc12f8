//! Reads what all services measured, as OTLP carries it.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value},
    metrics::v1::{
        self as wire, AggregationTemporality, Histogram, HistogramDataPoint, Metric,
        NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, metric::Data,
        number_data_point,
    },
};

use super::{
    destinations::Destination,
    queue::Source,
    series::{Exemplar, Instrument, Kind, Series, Table, Value, now_ns},
};

/// Collections after which idle services are read too, so that backends do not forget them.
const FULL_EVERY: u32 = 12;

/// The measurements of all services.
#[derive(Default)]
pub(super) struct Meters(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// A table that nobody else holds is of a service that is gone.
    tables: Vec<Arc<Table>>,
    collections: u32,
}

/// Which services are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that measured something since, and from time to time all.
    Changed,
    /// All of them.
    All,
}

impl Meters {
    /// A table whose measurements will be collected as long as someone holds it, and once more
    /// afterwards.
    pub(super) fn table(&self, source: Arc<Source>) -> Arc<Table> {
        let table = Arc::new(Table::new(source));
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tables.push(Arc::clone(&table));
        table
    }

    /// The tables of all services that are still there.
    pub(super) fn tables(&self) -> Vec<Arc<Table>> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tables.clone()
    }

    /// The metrics now, one element per service, each with where they go.
    pub(super) fn collect(&self, scope: Scope) -> Vec<(Destination, ResourceMetrics)> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.collections = inner.collections.wrapping_add(1);
        let all = scope == Scope::All || inner.collections.is_multiple_of(FULL_EVERY);
        let mut collected = Vec::new();
        inner.tables.retain(|table| {
            // Before it is read: what a service measures last, it measures while it is held.
            let is_held = Arc::strong_count(table) > 1;
            if table.take_changed() || all {
                let metrics = read(table);
                collected.extend(metrics.map(|it| (table.source.destination.clone(), it)));
            }
            is_held
        });
        collected
    }
}

/// The metrics of one service, if it has measured anything.
fn read(table: &Table) -> Option<ResourceMetrics> {
    let time_ns = now_ns();
    let mut metrics: Vec<(&Instrument, Metric)> = Vec::new();
    for series in table.series() {
        let place = metrics
            .iter()
            .position(|(known, _)| std::ptr::eq(*known, series.instrument));
        let place = place.unwrap_or_else(|| {
            metrics.push((series.instrument, empty(series.instrument)));
            metrics.len() - 1
        });
        put(&mut metrics[place].1, series, time_ns);
    }
    if metrics.is_empty() {
        return None;
    }
    metrics.sort_by_key(|(instrument, _)| instrument.name);
    let Source {
        resource, scope, ..
    } = &*table.source;
    Some(ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![ScopeMetrics {
            scope: Some(scope.clone()),
            metrics: metrics.into_iter().map(|(_, metric)| metric).collect(),
            schema_url: String::new(),
        }],
        schema_url: String::new(),
    })
}

fn empty(instrument: &Instrument) -> Metric {
    let temporality = AggregationTemporality::Cumulative.into();
    let data = match instrument.kind {
        Kind::Count | Kind::Amount | Kind::Level => Data::Sum(Sum {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
            is_monotonic: !matches!(instrument.kind, Kind::Level),
        }),
        Kind::Spread(_) => Data::Histogram(Histogram {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
        }),
    };
    Metric {
        name: instrument.name.to_owned(),
        description: instrument.description.to_owned(),
        unit: instrument.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// Adds a series to the metric of its instrument.
fn put(metric: &mut Metric, series: Series, time_ns: u64) {
    let attributes = series.labels.iter().map(|(key, value)| text(key, value));
    let attributes = attributes.collect();
    let start_ns = series.start_ns;
    match (&mut metric.data, series.value) {
        (Some(Data::Sum(data)), Value::Sum { sum, last }) => {
            data.data_points.push(NumberDataPoint {
                attributes,
                start_time_unix_nano: start_ns,
                time_unix_nano: time_ns,
                exemplars: last.into_iter().map(wire_exemplar).collect(),
                flags: 0,
                value: Some(number(series.instrument.kind, sum)),
            });
        }
        (
            Some(Data::Histogram(data)),
            Value::Spread {
                counts,
                sum,
                min,
                max,
                last,
            },
        ) => data.data_points.push(HistogramDataPoint {
            attributes,
            start_time_unix_nano: start_ns,
            time_unix_nano: time_ns,
            count: counts.iter().sum(),
            sum: Some(sum),
            bucket_counts: counts.into_vec(),
            explicit_bounds: bounds(series.instrument).to_vec(),
            exemplars: last.into_iter().flatten().map(wire_exemplar).collect(),
            flags: 0,
            min: Some(min),
            max: Some(max),
        }),
        // A metric is made for its instrument's kind, as a series is.
        (_, Value::Sum { .. } | Value::Spread { .. }) => {}
    }
}

fn bounds(instrument: &Instrument) -> &'static [f64] {
    match instrument.kind {
        Kind::Spread(bounds) => bounds,
        Kind::Count | Kind::Amount | Kind::Level => &[],
    }
}

fn number(kind: Kind, sum: f64) -> number_data_point::Value {
    match kind {
        Kind::Amount | Kind::Spread(_) => number_data_point::Value::AsDouble(sum),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole numbers were added, far fewer than 2^53"
        )]
        Kind::Count | Kind::Level => number_data_point::Value::AsInt(sum as i64),
    }
}

fn wire_exemplar(exemplar: Exemplar) -> wire::Exemplar {
    wire::Exemplar {
        filtered_attributes: Vec::new(),
        time_unix_nano: exemplar.time_ns,
        span_id: exemplar.span_id.to_vec(),
        trace_id: exemplar.trace_id.to_vec(),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}
