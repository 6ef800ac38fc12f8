//! How long agents took, as their histograms say it.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        AggregationTemporality, Histogram, HistogramDataPoint, Metric, ResourceMetrics,
        ScopeMetrics, metric::Data,
    },
};

use super::words::{resource, scope, text};

/// Durations of requests of each agent: `n` points from `from_ns` on, `step_ns` apart, of histograms that
/// count since `began_ns`.
pub(crate) fn durations(
    began_ns: u64,
    from_ns: u64,
    step_ns: u64,
    n: u64,
) -> ExportMetricsServiceRequest {
    let point = |agent: &str, time_unix_nano: u64| {
        let count = (time_unix_nano - began_ns) / step_ns;
        // A third each.
        let bucket_counts = vec![0, count / 3, count / 3, count - 2 * (count / 3), 0];
        HistogramDataPoint {
            attributes: vec![text("agent.name", agent), text("success", "true")],
            start_time_unix_nano: began_ns,
            time_unix_nano,
            count,
            sum: Some(0.0),
            bucket_counts,
            explicit_bounds: vec![0.0, 500.0, 1_000.0, 5_000.0],
            ..HistogramDataPoint::default()
        }
    };
    let resource_metrics = ["coordinator", "researcher", "analyst"].map(|agent| {
        let times = (1..=n).map(|place| from_ns + place * step_ns);
        let histogram = Histogram {
            data_points: times.map(|time_ns| point(agent, time_ns)).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        };
        ResourceMetrics {
            resource: Some(resource(agent)),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope(agent)),
                metrics: vec![Metric {
                    name: "kaos.request.duration".to_owned(),
                    unit: "ms".to_owned(),
                    data: Some(Data::Histogram(histogram)),
                    ..Metric::default()
                }],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }
    });
    ExportMetricsServiceRequest {
        resource_metrics: resource_metrics.to_vec(),
    }
}
