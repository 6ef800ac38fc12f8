//! What nobody means well with: OTLP that is broken, deep, huge or absurd, and questions that are none.
//!
//! The short run is the same every time. `cargo xtask fuzz` runs on with other seeds.

use std::time::{Duration, Instant};

use api::telemetry::{
    CallReader, ExceptionQuery, ExceptionReader, UsageQuery, UsageReader, Window,
};
use api::traces::{LogQuery, LogReader, TraceQuery, TraceReader};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use prost::Message;
use traces::{Store, jaeger, otlp_http, transfer};

use crate::support::{
    MS, NOW_NS, Running, attribute, call, export, export_logs, failed, folder, log, span, span_id,
    text, trace_id, with, write,
};

/// Mutations in the short run.
const SHORT: u32 = 300;

/// How many seconds to go on for.
const SECONDS: &str = "KAOS_FUZZ_SECONDS";

/// The same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).unwrap()
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// The bytes with some of them changed, doubled, cut out or cut off.
    fn break_some(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut broken = bytes.to_vec();
        for _ in 0..=self.below(4) {
            if broken.is_empty() {
                break;
            }
            let at = self.below(broken.len());
            let end = at + self.below((broken.len() - at).min(16));
            match self.below(5) {
                0 => broken[at] ^= 1 << self.below(8),
                1 => broken[at] = *self.one(&[0, 0x7f, 0x80, 0xff, b'"', b'{', b'9']),
                2 => broken.truncate(at),
                3 => drop(broken.drain(at..end)),
                _ => {
                    let piece = broken[at..end].to_vec();
                    broken.splice(at..at, piece);
                }
            }
        }
        broken
    }
}

/// Runs the short run, or as long as was asked for.
async fn again_and_again(mut one: impl AsyncFnMut(&mut Random)) {
    let seconds = std::env::var_os(SECONDS).and_then(|text| text.to_str()?.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut n = 0;
    while until.map_or(n < SHORT, |until| Instant::now() < until) {
        n += 1;
        // A seed for each, so that a finding can be run alone.
        one(&mut Random(
            u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
        .await;
    }
}

fn rich() -> Span {
    let mut rich = with(
        failed(span(1, 1, None), "no"),
        vec![
            text("session.id", "s1"),
            attribute("gen_ai.usage.input_tokens", OtlpValue::IntValue(7)),
            attribute("half", OtlpValue::DoubleValue(0.5)),
        ],
    );
    rich.events = vec![Event {
        time_unix_nano: NOW_NS,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", "E"),
            text("exception.message", "no 1"),
        ],
        ..Event::default()
    }];
    rich
}

async fn post(router: &Router, path: &str, kind: &str, body: Vec<u8>) -> StatusCode {
    let request = Request::post(path).header("content-type", kind);
    let request = request.body(Body::from(body)).unwrap();
    call(router, request).await.status()
}

/// Every question gets an answer.
async fn serves_on(store: &Store) {
    store.search(&TraceQuery::default()).await.unwrap();
    store.logs(&LogQuery::default()).await.unwrap();
    store.exceptions(&ExceptionQuery::default()).await.unwrap();
    store.usage(&UsageQuery::default()).await.unwrap();
    store.service_graph(Window::ALL).await.unwrap();
    store.trace(trace_id(1)).await.unwrap();
    assert!(store.set_aside().is_empty());
}

#[tokio::test]
async fn broken_requests_are_refused_and_do_no_harm() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone()).merge(transfer(running.store.clone()));
    let spans = export("a", vec![rich(), span(1, 2, Some(1))]);
    let logs = export_logs("a", vec![log(1, 1, 17, "no"), log(1, 2, 9, "yes")]);
    let (protobuf, json) = ("application/x-protobuf", "application/json");
    let sent = [
        ("/v1/traces", protobuf, spans.encode_to_vec()),
        ("/v1/logs", protobuf, logs.encode_to_vec()),
        ("/v1/metrics", protobuf, spans.encode_to_vec()),
        ("/v1/traces", json, serde_json::to_vec(&spans).unwrap()),
        ("/v1/logs", json, serde_json::to_vec(&logs).unwrap()),
        (
            "/api/import/traces",
            json,
            serde_json::to_vec(&spans).unwrap(),
        ),
        (
            "/api/import/traces",
            json,
            serde_json::to_vec(&logs).unwrap(),
        ),
    ];
    again_and_again(async |random| {
        let seed = random.0;
        let (path, kind, body) = random.one(&sent);
        let body = random.break_some(body);
        let status = post(&router, path, kind, body).await;
        assert!(!status.is_server_error(), "{path} {kind} {seed}: {status}");
    })
    .await;
    serves_on(&running.store).await;
    running.shut_down().await;
}

const PATHS: &[&str] = &[
    "/api/traces",
    "/api/v3/traces",
    "/api/v3/trace-summaries",
    "/api/dependencies",
    "/api/operations",
    "/api/metrics/latencies",
    "/api/export/traces",
];

const NAMES: &[&str] = &[
    "service",
    "operation",
    "tags",
    "tag",
    "start",
    "end",
    "limit",
    "minDuration",
    "traceID",
    "endTs",
    "lookback",
    "step",
    "ratePer",
    "quantile",
    "spanKind",
    "session",
    "attribute",
    "format",
    "query.serviceName",
    "query.startTimeMin",
    "query.startTimeMax",
    "query.attributes",
    "query.durationMin",
    "query.searchDepth",
    "from",
    "to",
];

const VALUES: &[&str] = &[
    "a",
    "",
    "0",
    "-1",
    "1",
    "18446744073709551615",
    "9223372036854775808",
    "1e309",
    "NaN",
    "%27%3B+DROP+TABLE+span_blocks%3B--",
    "%22%20OR%201%3D1",
    "%00",
    "%FF%FE",
    "1h1h",
    "ü",
    "%7B%22a%22%3A%7B%7D%7D",
    "%7B%22a%22%3A%22b%22%7D",
    "2026-11-22T00%3A00%3A00Z",
    "9999-12-31T23%3A59%3A59Z",
    "k%3Dv",
    "k%3Av",
    "0.95",
    "server",
    "jaeger",
    "1000",
    "../../etc/passwd",
];

#[tokio::test]
async fn hostile_questions_get_an_answer_or_a_reason() {
    let folder = folder();
    let running = Running::open(&folder);
    write(&running.store, "a", vec![rich()]).await;
    let router = jaeger(running.store.clone()).merge(transfer(running.store.clone()));
    again_and_again(async |random| {
        let mut uri = format!("{}?", random.one(PATHS));
        for _ in 0..random.below(6) {
            let (name, value) = (random.one(NAMES), random.one(VALUES));
            uri.extend([*name, "=", *value, "&"]);
        }
        let Ok(request) = Request::get(&uri).body(Body::empty()) else {
            return;
        };
        let status = call(&router, request).await.status();
        assert!(!status.is_server_error(), "{uri}: {status}");
    })
    .await;
    serves_on(&running.store).await;
    assert_eq!(running.store.services().await.unwrap(), ["a"]);
    running.shut_down().await;
}

#[tokio::test]
async fn a_request_that_ends_anywhere_too_early_stores_nothing_or_a_part() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let whole = export("a", vec![rich(), span(1, 2, Some(1))]);
    let json = serde_json::to_vec(&whole).unwrap();
    for end in 0..json.len() {
        let body = json[..end].to_vec();
        let status = post(&router, "/v1/traces", "application/json", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "cut at {end}");
    }
    assert!(running.store.services().await.unwrap().is_empty());
    // Protobuf without its last fields is protobuf.
    let protobuf = whole.encode_to_vec();
    for end in 0..protobuf.len() {
        let body = protobuf[..end].to_vec();
        let status = post(&router, "/v1/traces", "application/x-protobuf", body).await;
        assert!(!status.is_server_error(), "cut at {end}: {status}");
    }
    serves_on(&running.store).await;
    running.shut_down().await;
}

#[tokio::test]
async fn values_that_are_too_long_are_cut_and_say_so() {
    let folder = folder();
    let running = Running::open(&folder);
    let long = "ü".repeat(1 << 19);
    let mut huge = with(span(1, 1, None), vec![text("prompt", &long)]);
    huge.name.clone_from(&long);
    write(&running.store, &long, vec![huge]).await;
    let mut record = log(1, 1, 9, &long);
    record.attributes = vec![text("prompt", &long)];
    let request = export_logs("a", vec![record]);
    running.store.write_logs(&request).await.unwrap();

    let trace = running.store.trace(trace_id(1)).await.unwrap().unwrap();
    let stored = &trace.spans[0];
    let prompt = stored.text("prompt").unwrap();
    assert!(prompt.len() < 257 << 10);
    assert!(
        prompt.ends_with("… (cut: 1048576 bytes)"),
        "{}",
        prompt.len()
    );
    assert!(stored.name.len() < 3 << 10 && stored.service.len() < 3 << 10);
    let logs = running.store.logs(&LogQuery::default()).await.unwrap();
    assert!(logs[0].body.ends_with("… (cut: 1048576 bytes)"));
    running.shut_down().await;
}

#[tokio::test]
async fn absurd_times_and_ids_are_kept_or_counted() {
    let folder = folder();
    let running = Running::open(&folder);
    let mut reversed = span(1, 1, None);
    reversed.end_time_unix_nano = reversed.start_time_unix_nano - 5 * MS;
    let mut future = span(2, 2, None);
    (future.start_time_unix_nano, future.end_time_unix_nano) = (u64::MAX - 1, u64::MAX);
    let mut nowhere = span(3, 3, Some(0));
    nowhere.parent_span_id = vec![0; 8];
    (nowhere.start_time_unix_nano, nowhere.end_time_unix_nano) = (0, 0);
    let (mut no_trace, mut no_id, mut short) =
        (span(4, 4, None), span(4, 5, None), span(4, 6, None));
    no_trace.trace_id = vec![0; 16];
    no_id.span_id = vec![0; 8];
    short.trace_id = vec![1; 15];
    let spans = vec![reversed, future, nowhere, no_trace, no_id, short];
    let receipt = running
        .store
        .write_traces(&export("a", spans))
        .await
        .unwrap();
    assert_eq!(receipt.n_rejected, 3);

    let found = running.store.search(&TraceQuery::default()).await.unwrap();
    let ids: Vec<_> = found.iter().map(|trace| trace.id).collect();
    assert_eq!(ids, [trace_id(2), trace_id(1), trace_id(3)]);
    assert_eq!(found[1].duration_ns(), 0);
    let trace = running.store.trace(trace_id(3)).await.unwrap().unwrap();
    assert_eq!(
        (trace.spans[0].parent_id, trace.spans[0].span_id),
        (None, span_id(3))
    );
    serves_on(&running.store).await;
    running.shut_down().await;
}

#[tokio::test]
async fn a_hundred_thousand_spans_fit_one_request() {
    let folder = folder();
    let running = Running::open(&folder);
    let spans = (1..=100_000_u64).map(|n| Span {
        span_id: n.to_be_bytes().to_vec(),
        ..span(1, 1, None)
    });
    write(&running.store, "a", spans.collect()).await;
    let trace = running.store.trace(trace_id(1)).await.unwrap().unwrap();
    assert_eq!(trace.spans.len(), 100_000);
    running.shut_down().await;
}

#[tokio::test]
async fn what_is_too_deep_is_refused() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let mut deep = AnyValue::default();
    for _ in 0..1_000 {
        let values = vec![deep];
        deep = AnyValue {
            value: Some(OtlpValue::ArrayValue(ArrayValue { values })),
        };
    }
    let mut attribute = text("deep", "");
    attribute.value = Some(deep);
    let request = export("a", vec![with(span(1, 1, None), vec![attribute])]);
    let protobuf = request.encode_to_vec();
    assert!(ExportTraceServiceRequest::decode(protobuf.as_slice()).is_err());
    let status = post(&router, "/v1/traces", "application/x-protobuf", protobuf).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let json = format!("{{\"resourceSpans\":{}", "[".repeat(100_000));
    let status = post(&router, "/v1/traces", "application/json", json.into()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    serves_on(&running.store).await;
    running.shut_down().await;
}
