//! Metrics by name and attributes.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
    Sum,
};
use traces::{MetricQuery, PointRange, PointValue};

use crate::support::{MS, NOW_NS, Running, folder, resource, text};

fn export(name: &str, unit: &str, data: Data) -> ExportMetricsServiceRequest {
    let metric = Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource("a")),
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn requests(success: &str, after_ms: u64, count: i64) -> ExportMetricsServiceRequest {
    let point = NumberDataPoint {
        attributes: vec![text("success", success), text("agent.name", "a")],
        time_unix_nano: NOW_NS + after_ms * MS,
        value: Some(Number::AsInt(count)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: 2,
        is_monotonic: true,
    };
    export("kaos.requests", "1", Data::Sum(sum))
}

#[tokio::test]
async fn the_newest_point_of_each_series_is_found() {
    let folder = folder();
    let running = Running::open(&folder);
    for (success, after_ms, count) in [("true", 1, 5), ("true", 2, 6), ("false", 1, 1)] {
        running
            .store
            .write_metrics(requests(success, after_ms, count))
            .await
            .unwrap();
    }
    let query = MetricQuery {
        name: "kaos.requests".to_owned(),
        service: Some("a".to_owned()),
        ..MetricQuery::default()
    };
    let series = running.store.metrics(&query).await.unwrap();
    let values: Vec<_> = series.iter().map(|s| s.points[0].value.clone()).collect();
    assert_eq!(values, [PointValue::Number(1.0), PointValue::Number(6.0)]);
    assert_eq!(series[0].attributes[1].0, "success");

    let of_success = MetricQuery {
        attributes: vec![("success".to_owned(), "true".to_owned())],
        points: PointRange::Since(NOW_NS),
        ..query
    };
    let series = running.store.metrics(&of_success).await.unwrap();
    assert_eq!(series.len(), 1);
    let times: Vec<_> = series[0]
        .points
        .iter()
        .map(|p| (p.time_ns - NOW_NS) / MS)
        .collect();
    assert_eq!(times, [1, 2]);
    running.shut_down().await;
}

#[tokio::test]
async fn points_that_say_nothing_are_left_out_and_counted() {
    let folder = folder();
    let running = Running::open(&folder);
    let values = [
        None,
        Some(Number::AsDouble(f64::NAN)),
        Some(Number::AsDouble(0.5)),
    ];
    let data_points = values.map(|value| NumberDataPoint {
        time_unix_nano: NOW_NS,
        value,
        ..NumberDataPoint::default()
    });
    let gauge = Gauge {
        data_points: data_points.to_vec(),
    };
    let request = export("g", "1", Data::Gauge(gauge));
    assert_eq!(
        running
            .store
            .write_metrics(request)
            .await
            .unwrap()
            .n_rejected,
        2
    );
    running.shut_down().await;
}

#[tokio::test]
async fn a_histogram_keeps_its_buckets() {
    let folder = folder();
    let running = Running::open(&folder);
    let point = HistogramDataPoint {
        time_unix_nano: NOW_NS,
        count: 3,
        sum: Some(12.5),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![5.0],
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram {
        data_points: vec![point],
        aggregation_temporality: 2,
    };
    let request = export("kaos.request.duration", "ms", Data::Histogram(histogram));
    running.store.write_metrics(request).await.unwrap();
    let query = MetricQuery {
        name: "kaos.request.duration".to_owned(),
        ..MetricQuery::default()
    };
    let series = running.store.metrics(&query).await.unwrap();
    let expected = PointValue::Histogram {
        count: 3,
        sum: 12.5,
        bounds: vec![5.0],
        counts: vec![1, 2],
    };
    assert_eq!(
        (series[0].unit.as_str(), &series[0].points[0].value),
        ("ms", &expected)
    );
    running.shut_down().await;
}
