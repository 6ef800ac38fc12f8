//! From what the SDK emits to what OTLP carries.

use std::sync::Arc;

use hashbrown::HashMap;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{Metric, ResourceMetrics, metric::Data},
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use opentelemetry_sdk::{logs::SdkLogRecord, trace::SpanData};

use super::{
    destinations::Destination,
    ledger::Signal,
    queue::{Emitted, Source},
    redact,
};

/// Splits by where the items go, in order of first appearance.
pub(super) fn by_destination<T>(
    items: Vec<T>,
    of: impl Fn(&T) -> &Destination,
) -> Vec<(Destination, Vec<T>)> {
    let first = items.first().map(|item| of(item).clone());
    match first {
        None => return Vec::new(),
        // Nearly always.
        Some(to) if items.iter().all(|item| of(item).is(&to)) => return vec![(to, items)],
        Some(_) => {}
    }
    let mut groups: Vec<(Destination, Vec<T>)> = Vec::new();
    for item in items {
        let to = of(&item);
        match groups.iter_mut().find(|(known, _)| known.is(to)) {
            Some((_, group)) => group.push(item),
            None => groups.push((to.clone(), vec![item])),
        }
    }
    groups
}

/// One request to a receiver.
#[derive(Clone, Debug)]
pub(super) enum Batch {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
    Logs(ExportLogsServiceRequest),
}

impl Batch {
    /// What it is of.
    pub(super) fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    /// How many spans, log records or data points are lost when it is.
    pub(super) fn len(&self) -> u64 {
        let len = match self {
            Self::Traces(request) => {
                let scopes = request
                    .resource_spans
                    .iter()
                    .flat_map(|spans| &spans.scope_spans);
                scopes.map(|scope| scope.spans.len()).sum()
            }
            Self::Metrics(request) => {
                let scopes = request
                    .resource_metrics
                    .iter()
                    .flat_map(|metrics| &metrics.scope_metrics);
                let metrics = scopes.flat_map(|scope| &scope.metrics);
                metrics.map(data_points).sum::<usize>()
            }
            Self::Logs(request) => {
                let scopes = request
                    .resource_logs
                    .iter()
                    .flat_map(|logs| &logs.scope_logs);
                scopes.map(|scope| scope.log_records.len()).sum::<usize>()
            }
        };
        u64::try_from(len).unwrap_or(u64::MAX)
    }
}

fn data_points(metric: &Metric) -> usize {
    match &metric.data {
        None => 0,
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
    }
}

/// Spans as one request, grouped by service.
pub(super) fn traces(spans: Vec<Emitted<SpanData>>) -> Batch {
    let resource_spans = by_source(spans).map(|(source, spans)| ResourceSpans {
        resource: Some(source.resource.clone()),
        scope_spans: vec![ScopeSpans {
            scope: Some(source.scope.clone()),
            spans: spans
                .into_iter()
                .map(Span::from)
                .map(redact::span)
                .collect(),
            schema_url: String::new(),
        }],
        schema_url: String::new(),
    });
    Batch::Traces(ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    })
}

/// Log records as one request, grouped by service.
pub(super) fn logs(logs: Vec<Emitted<SdkLogRecord>>) -> Batch {
    let resource_logs = by_source(logs).map(|(source, records)| ResourceLogs {
        resource: Some(source.resource.clone()),
        scope_logs: vec![ScopeLogs {
            scope: Some(source.scope.clone()),
            log_records: records
                .iter()
                .map(LogRecord::from)
                .map(redact::log)
                .collect(),
            schema_url: String::new(),
        }],
        schema_url: String::new(),
    });
    Batch::Logs(ExportLogsServiceRequest {
        resource_logs: resource_logs.collect(),
    })
}

/// Metrics of services as one request; none when there are none.
pub(super) fn metrics(metrics: impl Iterator<Item = ResourceMetrics>) -> Option<Batch> {
    let resource_metrics: Vec<_> = metrics.collect();
    (!resource_metrics.is_empty()).then_some(Batch::Metrics(ExportMetricsServiceRequest {
        resource_metrics,
    }))
}

/// Groups by who emitted, in order of first appearance.
fn by_source<T>(emitted: Vec<Emitted<T>>) -> impl Iterator<Item = (Arc<Source>, Vec<T>)> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for it in &emitted {
        *counts.entry(it.source.id).or_default() += 1;
    }
    let mut places = HashMap::new();
    let mut groups: Vec<(Arc<Source>, Vec<T>)> = Vec::with_capacity(counts.len());
    for Emitted { source, data } in emitted {
        let place = *places.entry(source.id).or_insert(groups.len());
        if place == groups.len() {
            // With room for all of them: they are large to move.
            let count = counts.get(&source.id).copied().unwrap_or(1);
            groups.push((source, Vec::with_capacity(count)));
        }
        groups[place].1.push(data);
    }
    groups.into_iter()
}
