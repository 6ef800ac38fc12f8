//! Jaeger's query API: the shapes its clients rely on.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use insta::assert_json_snapshot;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use traces::jaeger;

use crate::support::{
    MS, NOW_NS, Running, attribute, failed, folder, get, span, text, with, write,
};

/// A coordinator that calls a researcher, whose tool fails.
async fn filled(running: &Running) -> Router {
    let mut root = span(1, 1, None);
    root.kind = 2;
    root.end_time_unix_nano += 99 * MS;
    let mut call = with(
        span(1, 2, Some(1)),
        vec![
            text("agent.delegation.target", "researcher"),
            attribute("step", OtlpValue::IntValue(1)),
            attribute("big", OtlpValue::IntValue((1 << 53) + 1)),
        ],
    );
    // OTLP allows a value that says nothing.
    call.attributes.push(KeyValue {
        key: "empty".to_owned(),
        value: Some(AnyValue { value: None }),
        ..KeyValue::default()
    });
    call.kind = 3;
    call.links = vec![Link {
        trace_id: vec![9; 16],
        span_id: vec![9; 8],
        ..Link::default()
    }];
    write(&running.store, "coordinator", vec![root, call]).await;
    let mut tool = failed(span(1, 3, Some(2)), "no network");
    tool.events = vec![Event {
        time_unix_nano: NOW_NS + 3 * MS + 500_000,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "IOError")],
        ..Event::default()
    }];
    write(&running.store, "researcher", vec![tool]).await;
    // The older search ends now unless told otherwise.
    running.clock.advance(Duration::from_secs(1));
    jaeger(running.store.clone())
}

const WINDOW: &str =
    "query.startTimeMin=2026-11-21T00:00:00Z&query.startTimeMax=2026-11-23T00:00:00Z";
const TRACE: &str = "01010101010101010101010101010101";

macro_rules! ok {
    ($router:expr, $uri:expr) => {{
        let (status, body) = get($router, $uri).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }};
}

#[tokio::test]
async fn the_third_generation_answers_otlp() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = filled(&running).await;
    assert_json_snapshot!("v3_services", ok!(&router, "/api/v3/services"));
    let operations = ok!(&router, "/api/v3/operations?service=coordinator");
    assert_json_snapshot!("v3_operations", operations);
    let filtered = ok!(
        &router,
        "/api/v3/operations?service=coordinator&span_kind=server"
    );
    assert_eq!(filtered["operations"].as_array().unwrap().len(), 1);
    let trace = ok!(&router, &format!("/api/v3/traces/{TRACE}"));
    assert_json_snapshot!("v3_trace", trace);
    let searched = ok!(
        &router,
        &format!("/api/v3/traces?query.serviceName=researcher&{WINDOW}")
    );
    assert_eq!(searched, trace);
    let by_base64 = ok!(&router, "/api/v3/traces/AQEBAQEBAQEBAQEBAQEBAQ==");
    assert_eq!(by_base64, trace);
    let summaries = ok!(&router, &format!("/api/v3/trace-summaries?{WINDOW}"));
    assert_json_snapshot!("v3_summaries", summaries);
    running.shut_down().await;
}

#[tokio::test]
async fn the_older_paths_answer_in_jaegers_own_shape() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = filled(&running).await;
    assert_json_snapshot!("legacy_services", ok!(&router, "/api/services"));
    let names = ok!(&router, "/api/services/coordinator/operations");
    assert_json_snapshot!("legacy_operation_names", names);
    let operations = ok!(
        &router,
        "/api/operations?service=coordinator&spanKind=client"
    );
    assert_json_snapshot!("legacy_operations", operations);
    let trace = ok!(&router, &format!("/api/traces/{TRACE}"));
    assert_json_snapshot!("legacy_trace", trace);
    let searched = ok!(
        &router,
        "/api/traces?service=researcher&minDuration=1ms&tag=error:true"
    );
    assert_eq!(searched, trace);
    let missed = ok!(&router, "/api/traces?service=researcher&minDuration=1.1ms");
    assert_eq!(missed["data"], serde_json::json!([]));
    let by_ids = ok!(&router, &format!("/api/traces?traceID={TRACE}&traceID=2"));
    assert_eq!(by_ids["data"], trace["data"]);
    assert_json_snapshot!("legacy_missing_ids", by_ids["errors"]);
    let uri = format!("/api/dependencies?endTs={}", NOW_NS / MS + 1_000);
    assert_json_snapshot!("legacy_dependencies", ok!(&router, &uri));
    running.shut_down().await;
}

#[tokio::test]
async fn failures_have_the_shapes_of_their_generation() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = jaeger(running.store.clone());
    assert_json_snapshot!("v3_not_found", get(&router, "/api/v3/traces/1").await.1);
    let empty = get(&router, &format!("/api/v3/traces?{WINDOW}")).await;
    assert_eq!(empty.0, StatusCode::NOT_FOUND);
    assert_eq!(empty.1["error"]["message"], "No traces found");
    let summaries = ok!(&router, &format!("/api/v3/trace-summaries?{WINDOW}"));
    assert_eq!(summaries, serde_json::json!({ "summaries": [] }));
    assert_eq!(
        get(&router, "/api/v3/traces/xyz").await.0,
        StatusCode::BAD_REQUEST
    );
    assert_json_snapshot!("v3_bad_request", get(&router, "/api/v3/traces").await.1);
    let (status, body) = get(&router, "/api/traces/1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_json_snapshot!("legacy_not_found", body);
    let (status, body) = get(&router, "/api/traces").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_json_snapshot!("legacy_bad_request", body);
    running.shut_down().await;
}

#[tokio::test]
async fn services_have_rates_failures_and_durations() {
    let folder = folder();
    let running = Running::open(&folder);
    let server = |trace, n| {
        let mut span = span(trace, n, None);
        span.kind = 2;
        span
    };
    let spans = vec![server(1, 1), failed(server(2, 2), "no"), span(3, 3, None)];
    write(&running.store, "a", spans).await;
    let router = jaeger(running.store.clone());
    let asked = format!(
        "service=a&service=b&endTs={}&lookback=1000&step=1000&ratePer=2000",
        NOW_NS / MS + 1_000
    );
    let errors = ok!(&router, &format!("/api/metrics/errors?{asked}"));
    assert_json_snapshot!("metrics_errors", errors);
    let calls = ok!(
        &router,
        &format!("/api/metrics/calls?{asked}&groupByOperation=true")
    );
    assert_json_snapshot!("metrics_calls", calls);
    let latencies = ok!(
        &router,
        &format!("/api/metrics/latencies?{asked}&quantile=0.95")
    );
    let point = &latencies["metrics"][0]["metricPoints"][0];
    let ms = point["gaugeValue"]["doubleValue"].as_f64().unwrap();
    assert!((0.95..1.05).contains(&ms), "{ms}");
    assert_eq!(ok!(&router, "/api/metrics/minstep")["data"], 1);

    for wrong in [
        "calls",
        "calls?service=a&step=0",
        "calls?service=a&step=1",
        "calls?service=a&spanKind=odd",
        "latencies?service=a",
        "latencies?service=a&quantile=2",
    ] {
        let (status, body) = get(&router, &format!("/api/metrics/{wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(body["errors"][0]["code"], 400);
    }
    running.shut_down().await;
}
