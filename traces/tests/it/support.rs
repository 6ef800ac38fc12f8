//! A store in a temporary folder with a clock that tests set, and telemetry to put in.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::clock::Clock;
use api::traces::{SpanId, TraceId};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as OtlpStatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use traces::{Limits, Store};

/// 2026-11-22T00:00:00Z.
pub(crate) const NOW_NS: u64 = 1_795_305_600_000_000_000;
pub(crate) const MS: u64 = 1_000_000;

pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.0.load(Ordering::SeqCst).into()).unwrap()
    }
}

impl TestClock {
    pub(crate) fn at(now_ns: u64) -> Self {
        Self(AtomicI64::new(i64::try_from(now_ns).unwrap()))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_nanos()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

/// A running store; dropping it leaves its folder to the next one.
pub(crate) struct Running {
    directory: PathBuf,
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

impl Running {
    pub(crate) fn open(directory: &TempDir) -> Self {
        Self::open_with(directory, Limits::default())
    }

    pub(crate) fn open_with(directory: &TempDir, limits: Limits) -> Self {
        let clock = Arc::new(TestClock::at(NOW_NS));
        let tracker = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let store = Store::open_with(
            directory.path(),
            limits,
            Arc::clone(&clock) as Arc<dyn Clock>,
            &tracker,
            shutdown.clone(),
        )
        .unwrap();
        Self {
            directory: directory.path().to_owned(),
            store,
            clock,
            tracker,
            shutdown,
        }
    }

    /// The files of the store, oldest first.
    pub(crate) fn databases(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.directory.join("segments")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
            .collect();
        paths.sort();
        paths
    }

    /// A connection to the only file of the store.
    pub(crate) fn database(&self) -> Connection {
        let paths = self.databases();
        assert_eq!(paths.len(), 1);
        Connection::open(&paths[0]).unwrap()
    }

    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.cancel();
        self.tracker.close();
    }

    pub(crate) async fn shut_down(self) {
        self.begin_shutdown();
        tokio::time::timeout(Duration::from_secs(10), self.tracker.wait())
            .await
            .expect("the writer ends");
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn trace_id(n: u8) -> TraceId {
    TraceId([n; 16])
}

pub(crate) fn span_id(n: u8) -> SpanId {
    SpanId([n; 8])
}

/// Starts `n` milliseconds after [`NOW_NS`] and takes one millisecond.
pub(crate) fn span(trace: u8, n: u8, parent: Option<u8>) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![n; 8],
        parent_span_id: parent.map_or_else(Vec::new, |parent| vec![parent; 8]),
        name: format!("span-{n}"),
        kind: 1,
        start_time_unix_nano: NOW_NS + u64::from(n) * MS,
        end_time_unix_nano: NOW_NS + u64::from(n) * MS + MS,
        ..Span::default()
    }
}

pub(crate) fn failed(mut span: Span, message: &str) -> Span {
    span.status = Some(Status {
        code: OtlpStatusCode::Error.into(),
        message: message.to_owned(),
    });
    span
}

pub(crate) fn with(mut span: Span, attributes: Vec<KeyValue>) -> Span {
    span.attributes = attributes;
    span
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, OtlpValue::StringValue(value.to_owned()))
}

pub(crate) fn attribute(key: &str, value: OtlpValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn resource(service: &str) -> Resource {
    let attributes = vec![
        text("service.name", service),
        text("service.namespace", "kaos-hierarchy"),
        text("host.name", &format!("host-of-{service}")),
    ];
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "kaos".to_owned(),
        version: "1".to_owned(),
        ..InstrumentationScope::default()
    }
}

pub(crate) fn export(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource(service)),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

pub(crate) fn export_logs(service: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource(service)),
            scope_logs: vec![ScopeLogs {
                scope: Some(scope()),
                log_records,
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

/// Written in span `n`, whose start it shares.
pub(crate) fn log(trace: u8, n: u8, severity: i32, body: &str) -> LogRecord {
    LogRecord {
        time_unix_nano: NOW_NS + u64::from(n) * MS,
        severity_number: severity,
        body: attribute("", OtlpValue::StringValue(body.to_owned())).value,
        trace_id: vec![trace; 16],
        span_id: vec![n; 8],
        ..LogRecord::default()
    }
}

pub(crate) async fn write(store: &Store, service: &str, spans: Vec<Span>) {
    store.write_traces(&export(service, spans)).await.unwrap();
}

pub(crate) async fn call(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

pub(crate) async fn bytes(response: Response<Body>) -> Vec<u8> {
    response
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes()
        .to_vec()
}

pub(crate) async fn get(router: &Router, uri: &str) -> (StatusCode, serde_json::Value) {
    let request = Request::get(uri).body(Body::empty()).unwrap();
    let response = call(router, request).await;
    let status = response.status();
    (
        status,
        serde_json::from_slice(&bytes(response).await).unwrap(),
    )
}
