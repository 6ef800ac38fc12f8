//! OTLP over HTTP and gRPC.

use std::io::Write;
use std::time::Duration;

use api::traces::{LogQuery, LogReader, TraceId, TraceReader};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;
use tonic::codec::CompressionEncoding;
use traces::{Limits, otlp_grpc, otlp_http};

use crate::support::{
    Running, bytes, call, export, export_logs, folder, log, span, text, trace_id, with, write,
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

fn post(content_type: &str, body: Vec<u8>) -> Request<Body> {
    Request::post("/v1/traces")
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn protobuf_is_taken_and_answered_in_protobuf() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let body = export("a", vec![span(1, 1, None)]).encode_to_vec();
    let response = call(&router, post(PROTOBUF, body)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], PROTOBUF);
    let answer = ExportTraceServiceResponse::decode(bytes(response).await.as_slice()).unwrap();
    assert_eq!(answer.partial_success, None);
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_some());
    running.shut_down().await;
}

#[tokio::test]
async fn gzip_is_taken() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let body = gzip(&export("a", vec![span(1, 1, None)]).encode_to_vec());
    let mut request = post(PROTOBUF, body);
    request
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(call(&router, request).await.status(), StatusCode::OK);
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_some());
    running.shut_down().await;
}

#[tokio::test]
async fn zstd_is_taken() {
    let folder = folder();
    let running = Running::open(&folder);
    let body = export("a", vec![span(1, 1, None)]).encode_to_vec();
    let mut request = post(
        "application/x-protobuf",
        zstd::encode_all(body.as_slice(), 1).unwrap(),
    );
    let headers = request.headers_mut();
    headers.insert("content-encoding", "zstd".parse().unwrap());
    let response = call(&otlp_http(running.store.clone()), request).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_some());
    running.shut_down().await;
}

#[tokio::test]
async fn json_is_taken_and_answered_in_json() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "web" } },
        ]},
        "scopeSpans": [{ "scope": {}, "spans": [
            {
                "traceId": "5B8EFFF798038103D269B633813FC60C",
                "spanId": "EEE19B7EC3C1B174",
                "name": "I'm a server span",
                "kind": 2,
                "startTimeUnixNano": "1544712660000000000",
                "endTimeUnixNano": 1_544_712_661_000_000_000_u64,
                "attributes": [{ "key": "n", "value": { "intValue": "42" } }],
            },
            { "traceId": "", "spanId": "", "name": "without ids" },
        ]}],
    }]});
    let response = call(
        &router,
        post("application/json; charset=utf-8", body.to_string().into()),
    )
    .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], JSON);
    let answer: Value = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], 1);
    let id = TraceId::parse("5b8efff798038103d269b633813fc60c").unwrap();
    let trace = running.store.trace(id).await.unwrap().unwrap();
    assert_eq!(trace.spans[0].service, "web");
    assert_eq!(trace.spans[0].duration_ns(), 1_000_000_000);
    assert_eq!(trace.spans[0].attribute("n"), Some(&json!(42)));
    running.shut_down().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_its_encoding() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let refuse = async |request: Request<Body>| {
        let response = call(&router, request).await;
        (
            response.status(),
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned(),
        )
    };
    let bad = StatusCode::BAD_REQUEST;
    assert_eq!(
        refuse(post(PROTOBUF, vec![0xff; 9])).await,
        (bad, PROTOBUF.to_owned())
    );
    assert_eq!(
        refuse(post(JSON, b"{\"resourceSpans\": 3}".to_vec())).await,
        (bad, JSON.to_owned())
    );
    assert_eq!(refuse(post(JSON, b"{\"resource".to_vec())).await.0, bad);
    let response = call(&router, post(JSON, b"[".to_vec())).await;
    let error: Value = serde_json::from_slice(&bytes(response).await).unwrap();
    assert_eq!(error["code"], 3);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("failed to decode the body as JSON")
    );
    let unknown = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    assert_eq!(
        refuse(post("text/plain", Vec::new())).await,
        (unknown, JSON.to_owned())
    );

    let mut damaged = gzip(&export("a", vec![span(1, 1, None)]).encode_to_vec());
    damaged.truncate(20);
    let mut request = post(PROTOBUF, damaged);
    request
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(refuse(request).await.0, bad);
    let mut request = post(PROTOBUF, Vec::new());
    request
        .headers_mut()
        .insert("content-encoding", "br".parse().unwrap());
    assert_eq!(refuse(request).await.0, unknown);
    running.shut_down().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_and_after_decompression() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = otlp_http(running.store.clone());
    let huge = vec![0; (16 << 20) + 1];
    let mut bomb = post(PROTOBUF, gzip(&huge));
    bomb.headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    for request in [post(PROTOBUF, huge), bomb] {
        let response = call(&router, request).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    running.shut_down().await;
}

#[tokio::test]
async fn a_full_queue_tells_senders_when_to_come_back() {
    let folder = folder();
    let limits = Limits {
        max_queued_bytes: 10_000,
        ..Limits::default()
    };
    let running = Running::open_with(&folder, limits);
    write(&running.store, "a", vec![span(9, 1, None)]).await;
    let blocker = running.database();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let large = export(
        "a",
        vec![with(span(1, 1, None), vec![text("k", &"v".repeat(6_000))])],
    );
    let mut waiting = Box::pin(running.store.write_traces(&large));
    assert!(futures::poll!(&mut waiting).is_pending());

    let router = otlp_http(running.store.clone());
    let response = call(&router, post(PROTOBUF, large.encode_to_vec())).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");

    let tracker = TaskTracker::new();
    let mut client = TraceServiceClient::connect(serve(&running, &tracker).await)
        .await
        .unwrap();
    let status = client.export(large.clone()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    let retry = b"google.rpc.RetryInfo";
    assert!(
        status
            .details()
            .windows(retry.len())
            .any(|bytes| bytes == retry)
    );
    blocker.execute_batch("COMMIT").unwrap();
    waiting.await.unwrap();
    running.shut_down().await;
}

/// Serves gRPC as `kaos` does, on a port of its own, until the test ends.
async fn serve(running: &Running, tracker: &TaskTracker) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = otlp_grpc(running.store.clone()).into_axum_router();
    tracker.spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_grpc_client_with_gzip_is_served() {
    let folder = folder();
    let running = Running::open(&folder);
    let tracker = TaskTracker::new();
    let address = serve(&running, &tracker).await;
    let mut traces = TraceServiceClient::connect(address.clone())
        .await
        .unwrap()
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let mut nameless = span(1, 2, None);
    nameless.trace_id = Vec::new();
    let request = export("a", vec![span(1, 1, None), nameless]);
    let exporting = tokio::time::timeout(Duration::from_secs(10), traces.export(request));
    let answer = exporting.await.unwrap().unwrap().into_inner();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_some());

    let mut logs = LogsServiceClient::connect(address).await.unwrap();
    logs.export(export_logs("a", vec![log(1, 1, 9, "over gRPC")]))
        .await
        .unwrap();
    let found = running.store.logs(&LogQuery::default()).await.unwrap();
    assert_eq!(found[0].body, "over gRPC");
    running.shut_down().await;
}
