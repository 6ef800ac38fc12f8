//! Metrics as series over time.

use api::telemetry::{Aggregate, MetricQuery, MetricReader, MetricSeries, Window};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    exponential_histogram_data_point::Buckets,
};

use traces::Store;

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

const CUMULATIVE: i32 = 2;
const DELTA: i32 = 1;

/// A point of `kaos.requests` some milliseconds after [`NOW_NS`], and when its program began.
fn requests(success: &str, began_ms: u64, after_ms: u64, count: i64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: vec![text("success", success), text("agent.name", "a")],
        start_time_unix_nano: NOW_NS + began_ms * MS,
        time_unix_nano: NOW_NS + after_ms * MS,
        value: Some(Number::AsInt(count)),
        ..NumberDataPoint::default()
    }
}

async fn write_requests(store: &Store, temporality: i32, points: Vec<NumberDataPoint>) {
    for point in points {
        let sum = Sum {
            data_points: vec![point],
            aggregation_temporality: temporality,
            is_monotonic: true,
        };
        let request = export("kaos.requests", "1", Data::Sum(sum));
        store.write_metrics(&request).await.unwrap();
    }
}

/// Asks for steps of ten milliseconds in the forty after [`NOW_NS`].
fn query(name: &str, aggregate: Aggregate) -> MetricQuery {
    MetricQuery {
        name: name.to_owned(),
        service: None,
        namespace: None,
        attributes: Vec::new(),
        window: Window {
            from_ns: NOW_NS,
            to_ns: NOW_NS + 40 * MS,
        },
        step_ns: 10 * MS,
        by: Vec::new(),
        aggregate,
    }
}

/// The points of a series, in milliseconds after [`NOW_NS`].
fn points(series: &MetricSeries) -> Vec<(u64, f64)> {
    let points = series.points.iter();
    points
        .map(|point| ((point.time_ns - NOW_NS) / MS, point.value))
        .collect()
}

#[tokio::test]
async fn a_counter_grows_from_step_to_step_and_over_restarts() {
    let folder = folder();
    let running = Running::open(&folder);
    let sent = vec![
        requests("true", 1, 5, 3),
        requests("true", 1, 12, 4),
        // What arrives late is where it belongs, and what arrives twice is once there.
        requests("true", 1, 8, 4),
        requests("true", 1, 12, 4),
        requests("true", 1, 18, 10),
        // The program was restarted.
        requests("true", 20, 32, 2),
        requests("true", 20, 38, 5),
        requests("false", 1, 12, 1),
    ];
    write_requests(&running.store, CUMULATIVE, sent).await;
    let ask = async |query: MetricQuery| running.store.metric(&query).await.unwrap();
    let sum = query("kaos.requests", Aggregate::Sum);
    let all = ask(sum.clone()).await;
    assert_eq!(all.len(), 1);
    assert_eq!(points(&all[0]), [(0, 4.0), (10, 7.0), (30, 5.0)]);
    assert_eq!(all[0].unit, "1");

    let by = MetricQuery {
        by: vec!["success".to_owned(), "service.name".to_owned()],
        ..sum.clone()
    };
    let both = ask(by).await;
    let labels: Vec<_> = both.iter().map(|of| of.labels[0].1.as_str()).collect();
    assert_eq!(labels, ["false", "true"]);
    assert_eq!(
        both[0].labels[1],
        ("service.name".to_owned(), "a".to_owned())
    );
    assert_eq!(points(&both[0]), [(10, 1.0)]);

    let of_success = MetricQuery {
        attributes: vec![("success".to_owned(), "true".to_owned())],
        namespace: Some("kaos-hierarchy".to_owned()),
        step_ns: 0,
        ..sum.clone()
    };
    assert_eq!(points(&ask(of_success).await[0]), [(0, 15.0)]);
    let rate = MetricQuery {
        aggregate: Aggregate::Rate,
        ..sum.clone()
    };
    assert_eq!(points(&ask(rate).await[0])[1], (10, 700.0));
    let last = MetricQuery {
        aggregate: Aggregate::Last,
        ..sum.clone()
    };
    assert_eq!(
        points(&ask(last).await[0]),
        [(0, 4.0), (10, 11.0), (30, 5.0)]
    );
    let other = MetricQuery {
        service: Some("b".to_owned()),
        ..sum
    };
    assert_eq!(ask(other).await, []);
    let names = running.store.metric_names().await.unwrap();
    assert_eq!(names, ["kaos.requests"]);
    running.shut_down().await;
}

#[tokio::test]
async fn a_counter_that_says_only_what_was_added_is_added_up() {
    let folder = folder();
    let running = Running::open(&folder);
    let sent = vec![
        requests("true", 0, 5, 3),
        requests("true", 5, 8, 4),
        requests("true", 8, 12, 5),
    ];
    write_requests(&running.store, DELTA, sent).await;
    let sum = query("kaos.requests", Aggregate::Sum);
    let found = running.store.metric(&sum).await.unwrap();
    assert_eq!(points(&found[0]), [(0, 7.0), (10, 5.0)]);
    running.shut_down().await;
}

#[tokio::test]
async fn a_gauge_has_a_mean_and_a_last_value() {
    let folder = folder();
    let running = Running::open(&folder);
    let data_points = [(5, 1.0), (8, 4.0)].map(|(after_ms, value)| NumberDataPoint {
        time_unix_nano: NOW_NS + after_ms * MS,
        value: Some(Number::AsDouble(value)),
        ..NumberDataPoint::default()
    });
    let gauge = Gauge {
        data_points: data_points.to_vec(),
    };
    let request = export("g", "1", Data::Gauge(gauge));
    running.store.write_metrics(&request).await.unwrap();
    for (aggregate, expected) in [(Aggregate::Mean, 2.5), (Aggregate::Last, 4.0)] {
        let found = running.store.metric(&query("g", aggregate)).await.unwrap();
        assert_eq!(points(&found[0]), [(0, expected)], "{aggregate:?}");
    }
    running.shut_down().await;
}

#[tokio::test]
async fn a_histogram_has_quantiles_of_what_was_measured_in_a_step() {
    let folder = folder();
    let running = Running::open(&folder);
    let point = |after_ms, sum, bucket_counts: [u64; 3]| HistogramDataPoint {
        start_time_unix_nano: NOW_NS,
        time_unix_nano: NOW_NS + after_ms * MS,
        count: bucket_counts.iter().sum(),
        sum: Some(sum),
        bucket_counts: bucket_counts.to_vec(),
        explicit_bounds: vec![10.0, 20.0],
        ..HistogramDataPoint::default()
    };
    let histogram = Histogram {
        data_points: vec![point(5, 50.0, [10, 0, 0]), point(15, 200.0, [10, 10, 0])],
        aggregation_temporality: CUMULATIVE,
    };
    let request = export("kaos.request.duration", "ms", Data::Histogram(histogram));
    running.store.write_metrics(&request).await.unwrap();
    let check = async |aggregate, expected: &[(u64, f64)]| {
        let asked = query("kaos.request.duration", aggregate);
        let found = running.store.metric(&asked).await.unwrap();
        assert_eq!(points(&found[0]), expected, "{aggregate:?}");
    };
    check(Aggregate::Quantile(0.5), &[(0, 5.0), (10, 15.0)]).await;
    check(Aggregate::Mean, &[(0, 5.0), (10, 15.0)]).await;
    check(Aggregate::Sum, &[(0, 10.0), (10, 10.0)]).await;
    running.shut_down().await;
}

#[tokio::test]
async fn an_exponential_histogram_has_quantiles_even_when_its_scale_changes() {
    let folder = folder();
    let running = Running::open(&folder);
    let point = |after_ms, scale, offset, bucket_counts: &[u64]| ExponentialHistogramDataPoint {
        start_time_unix_nano: NOW_NS,
        time_unix_nano: NOW_NS + after_ms * MS,
        count: bucket_counts.iter().sum(),
        scale,
        positive: Some(Buckets {
            offset,
            bucket_counts: bucket_counts.to_vec(),
        }),
        ..ExponentialHistogramDataPoint::default()
    };
    // Buckets up to 2, 4, 8 and 16; then up to 4 and 16.
    let histogram = ExponentialHistogram {
        data_points: vec![point(5, 0, 0, &[1, 1, 1, 1]), point(15, -1, 0, &[2, 12])],
        aggregation_temporality: CUMULATIVE,
    };
    let request = export("e", "ms", Data::ExponentialHistogram(histogram));
    running.store.write_metrics(&request).await.unwrap();
    let asked = query("e", Aggregate::Quantile(1.0));
    let found = running.store.metric(&asked).await.unwrap();
    assert_eq!(points(&found[0]), [(0, 16.0), (10, 16.0)]);
    let asked = query("e", Aggregate::Quantile(0.5));
    let found = running.store.metric(&asked).await.unwrap();
    assert_eq!(points(&found[0]), [(0, 4.0), (10, 10.0)]);
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
            .write_metrics(&request)
            .await
            .unwrap()
            .n_rejected,
        2
    );
    running.shut_down().await;
}
