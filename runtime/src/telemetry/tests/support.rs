//! A receiver that remembers, and ways to look at what it received.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{KeyValue, any_value::Value},
    logs::v1::LogRecord,
    metrics::v1::{HistogramDataPoint, Metric, metric::Data},
    resource::v1::Resource,
    trace::v1::{Span, status::StatusCode as SpanStatus},
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::telemetry::{Again, Pipeline, PipelineSettings, ReceiveError, Received, Receiver};

/// Nothing happens by itself within a test: it flushes.
pub(super) fn settings() -> PipelineSettings {
    PipelineSettings {
        flush_interval: Duration::from_hours(1),
        metric_interval: Duration::from_hours(1),
        retry_pause: Duration::from_millis(1),
        ..PipelineSettings::default()
    }
}

pub(super) fn start(settings: PipelineSettings) -> (Pipeline, Recorder) {
    start_with(&Recorder::default(), settings)
}

pub(super) fn start_with(recorder: &Recorder, settings: PipelineSettings) -> (Pipeline, Recorder) {
    let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(recorder.clone())];
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    (
        Pipeline::start(receivers, settings, &tracker, shutdown),
        recorder.clone(),
    )
}

/// Remembers what it received.
#[derive(Clone, Default)]
pub(super) struct Recorder {
    received: Arc<Mutex<Memory>>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct Memory {
    traces: Vec<ExportTraceServiceRequest>,
    metrics: Vec<ExportMetricsServiceRequest>,
    logs: Vec<ExportLogsServiceRequest>,
    order: Vec<&'static str>,
    fail: u32,
    again: Option<Again>,
    reject: u64,
    hang: bool,
}

pub(super) struct SeenSpan {
    pub(super) service: String,
    pub(super) scope: String,
    pub(super) span: Span,
    resource: Resource,
}

pub(super) struct SeenLog {
    pub(super) service: String,
    pub(super) record: LogRecord,
}

impl Recorder {
    /// Refuses the first `fail` requests.
    pub(super) fn failing(fail: u32) -> Self {
        let recorder = Self::default();
        recorder.fail_next(fail);
        recorder
    }

    /// Never answers.
    pub(super) fn hanging() -> Self {
        let recorder = Self::default();
        recorder.received.lock().unwrap().hang = true;
        recorder
    }

    pub(super) fn fail_next(&self, fail: u32) {
        self.received.lock().unwrap().fail = fail;
    }

    /// Says this of each request that it refuses.
    pub(super) fn wish(&self, again: Again) {
        self.received.lock().unwrap().again = Some(again);
    }

    /// Rejects so many of each request that it takes.
    pub(super) fn reject(&self, reject: u64) {
        self.received.lock().unwrap().reject = reject;
    }

    /// Waits until it has so many spans.
    pub(super) async fn received(&self, spans: usize) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if self.spans().len() >= spans {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting)
            .await
            .expect("spans in time");
    }

    /// The kinds of requests, in order.
    pub(super) fn requests(&self) -> Vec<&'static str> {
        self.received.lock().unwrap().order.clone()
    }

    pub(super) fn spans(&self) -> Vec<SeenSpan> {
        let received = self.received.lock().unwrap();
        let mut seen = Vec::new();
        for group in received
            .traces
            .iter()
            .flat_map(|request| &request.resource_spans)
        {
            let resource = group.resource.clone().unwrap();
            for scope in &group.scope_spans {
                seen.extend(scope.spans.iter().map(|span| SeenSpan {
                    service: attribute(&resource.attributes, "service.name"),
                    scope: scope.scope.as_ref().unwrap().name.clone(),
                    span: span.clone(),
                    resource: resource.clone(),
                }));
            }
        }
        seen
    }

    pub(super) fn logs(&self) -> Vec<SeenLog> {
        let received = self.received.lock().unwrap();
        let mut seen = Vec::new();
        for group in received
            .logs
            .iter()
            .flat_map(|request| &request.resource_logs)
        {
            let attributes = &group.resource.as_ref().unwrap().attributes;
            let records = group.scope_logs.iter().flat_map(|scope| &scope.log_records);
            seen.extend(records.map(|record| SeenLog {
                service: attribute(attributes, "service.name"),
                record: record.clone(),
            }));
        }
        seen
    }

    /// The services of all metrics requests, in order.
    pub(super) fn metric_services(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let groups = received
            .metrics
            .iter()
            .flat_map(|request| &request.resource_metrics);
        groups
            .map(|group| attribute(&group.resource.as_ref().unwrap().attributes, "service.name"))
            .collect()
    }

    /// The last state of a metric.
    pub(super) fn metric(&self, name: &str) -> Metric {
        let received = self.received.lock().unwrap();
        let groups = received
            .metrics
            .iter()
            .flat_map(|request| &request.resource_metrics);
        let mut metrics = groups
            .flat_map(|group| &group.scope_metrics)
            .flat_map(|it| &it.metrics);
        metrics
            .rfind(|metric| metric.name == name)
            .expect("the metric")
            .clone()
    }

    pub(super) fn histogram(&self, name: &str) -> (String, Vec<HistogramDataPoint>) {
        let metric = self.metric(name);
        let Some(Data::Histogram(histogram)) = metric.data else {
            panic!("{name} is no histogram")
        };
        (metric.unit, histogram.data_points)
    }

    async fn receive(
        &self,
        kind: &'static str,
        put: impl FnOnce(&mut Memory),
    ) -> Result<Received, ReceiveError> {
        if self.received.lock().unwrap().hang {
            std::future::pending::<()>().await;
        }
        let mut received = self.received.lock().unwrap();
        if received.fail > 0 {
            received.fail -= 1;
            return Err(ReceiveError {
                reason: "not now".to_owned(),
                again: received.again.unwrap_or(Again::Soon),
            });
        }
        received.order.push(kind);
        put(&mut received);
        let rejected = received.reject;
        drop(received);
        self.changed.notify_waiters();
        Ok(Received {
            rejected,
            reason: "too long".to_owned(),
        })
    }
}

#[async_trait]
impl Receiver for Recorder {
    fn name(&self) -> String {
        "the recorder".to_owned()
    }

    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        self.receive("traces", |received| received.traces.push(request.clone()))
            .await
    }

    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        self.receive("metrics", |received| received.metrics.push(request.clone()))
            .await
    }

    async fn logs(&self, request: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        self.receive("logs", |received| received.logs.push(request.clone()))
            .await
    }
}

impl SeenSpan {
    pub(super) fn id(&self) -> String {
        hex(&self.span.span_id)
    }

    pub(super) fn parent(&self) -> String {
        hex(&self.span.parent_span_id)
    }

    pub(super) fn resource(&self, key: &str) -> String {
        attribute(&self.resource.attributes, key)
    }

    pub(super) fn text(&self, key: &str) -> String {
        attribute(&self.span.attributes, key)
    }

    pub(super) fn status(&self) -> SpanStatus {
        self.span.status.as_ref().unwrap().code()
    }
}

impl SeenLog {
    pub(super) fn body(&self) -> String {
        shown(self.record.body.as_ref().unwrap().value.as_ref())
    }
}

/// An attribute as text; empty when there is none.
pub(super) fn attribute(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    shown(found.and_then(|found| found.value.as_ref()?.value.as_ref()))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
