//! Answers of the paths before `/api/v3`, in Jaeger's own shape.
//!
//! Jaeger writes what OTLP says elsewhere as tags of a span; here they are put back where they were.

use std::collections::HashMap;

use api::attributes::key;
use api::traces::{
    Attributes, ReadError, Span, SpanEvent, SpanId, SpanKind, SpanStatus, Trace, TraceId,
};
use serde::Deserialize;
use serde_json::Value;

use super::params::ERROR;
use super::{into_traces, unreadable};

/// Tags that stand for something of OTLP that our spans do not show.
const OF_THE_SCOPE: [&str; 5] = [
    "otel.scope.name",
    "otel.scope.version",
    "otel.library.name",
    "otel.library.version",
    "w3c.tracestate",
];

/// Around every answer.
#[derive(Deserialize)]
struct Envelope<T> {
    // Written as null when there is nothing.
    data: Option<Vec<T>>,
}

/// What a service does, in either generation's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    #[serde(default)]
    name: String,
    #[serde(default)]
    span_kind: String,
}

impl From<Operation> for api::traces::Operation {
    fn from(Operation { name, span_kind }: Operation) -> Self {
        Self { name, span_kind }
    }
}

#[derive(Deserialize)]
struct LegacyTrace {
    #[serde(default)]
    spans: Vec<LegacySpan>,
    #[serde(default)]
    processes: HashMap<String, Process>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacySpan {
    #[serde(rename = "traceID")]
    trace_id: TraceId,
    #[serde(rename = "spanID")]
    id: SpanId,
    #[serde(default, rename = "parentSpanID")]
    parent: Option<String>,
    #[serde(default)]
    operation_name: String,
    #[serde(default)]
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    logs: Vec<Log>,
    #[serde(default, rename = "processID")]
    process: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "traceID")]
    trace_id: TraceId,
    #[serde(rename = "spanID")]
    span_id: SpanId,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    #[serde(default, rename = "type")]
    type_name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Log {
    timestamp: u64,
    #[serde(default)]
    fields: Vec<Tag>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    #[serde(default)]
    service_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn services(body: &[u8]) -> Result<Vec<String>, ReadError> {
    list(body, "services")
}

pub(super) fn operations(body: &[u8]) -> Result<Vec<api::traces::Operation>, ReadError> {
    let operations: Vec<Operation> = list(body, "operations")?;
    Ok(operations.into_iter().map(Into::into).collect())
}

pub(super) fn traces(body: &[u8]) -> Result<Vec<Trace>, ReadError> {
    let traces: Vec<LegacyTrace> = list(body, "traces")?;
    let spans = traces.into_iter().flat_map(|trace| {
        let LegacyTrace { spans, processes } = trace;
        spans
            .into_iter()
            .map(move |span| span.put_back(&processes))
            .collect::<Vec<_>>()
    });
    Ok(into_traces(spans))
}

fn list<T: for<'de> Deserialize<'de>>(
    body: &[u8],
    what: &'static str,
) -> Result<Vec<T>, ReadError> {
    let Envelope { data } = serde_json::from_slice(body).map_err(|e| unreadable(what, e))?;
    Ok(data.unwrap_or_default())
}

impl LegacySpan {
    fn put_back(self, processes: &HashMap<String, Process>) -> Span {
        let parent_id = self.parent_id();
        let start_ns = self.start_time.saturating_mul(1_000);
        let (service, resource) = match processes.get(&self.process) {
            Some(process) => (process.service_name.clone(), process.resource()),
            None => (String::new(), Attributes::new()),
        };
        let mut told = Told::default();
        let tags = self.tags.into_iter();
        let attributes = tags.filter_map(|tag| told.take(tag)).collect();
        Span {
            trace_id: self.trace_id,
            span_id: self.id,
            parent_id,
            service,
            name: self.operation_name,
            kind: told.kind,
            start_ns,
            end_ns: start_ns.saturating_add(self.duration.saturating_mul(1_000)),
            status: told.status(),
            attributes,
            events: self.logs.into_iter().map(event).collect(),
            resource,
        }
    }

    /// The reference to a span of this trace, "child of" before "follows from".
    fn parent_id(&self) -> Option<SpanId> {
        let in_trace = || {
            let same = |reference: &&Reference| reference.trace_id == self.trace_id;
            self.references.iter().filter(same)
        };
        let child_of = in_trace().find(|reference| reference.ref_type == "CHILD_OF");
        let parent = child_of.or_else(|| in_trace().next());
        parent.map_or_else(
            || self.parent.as_deref().and_then(SpanId::parse),
            |reference| Some(reference.span_id),
        )
    }
}

/// What tags tell of a span besides its attributes.
#[derive(Default)]
struct Told {
    kind: SpanKind,
    code: String,
    description: String,
    failed: bool,
}

impl Told {
    /// The tag as an attribute, unless it stands for something else.
    fn take(&mut self, tag: Tag) -> Option<(String, Value)> {
        match tag.key.as_str() {
            "span.kind" => self.kind = kind(&tag.text()),
            "otel.status_code" => self.code = tag.text(),
            "otel.status_description" => self.description = tag.text(),
            ERROR if tag.text() == "true" => self.failed = true,
            name if OF_THE_SCOPE.contains(&name) => {}
            _ => return Some(tag.attribute()),
        }
        None
    }

    fn status(self) -> SpanStatus {
        match self.code.as_str() {
            "OK" => SpanStatus::Ok,
            "ERROR" => SpanStatus::Error(self.description),
            // Of clients from before OpenTelemetry.
            _ if self.failed => SpanStatus::Error(self.description),
            _ => SpanStatus::Unset,
        }
    }
}

fn kind(word: &str) -> SpanKind {
    match word {
        "internal" => SpanKind::Internal,
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

impl Process {
    /// The service's name is an attribute of the resource like any other.
    fn resource(&self) -> Attributes {
        let name = Value::from(self.service_name.as_str());
        let mut resource = vec![(key::SERVICE_NAME.to_owned(), name)];
        resource.extend(self.tags.iter().map(Tag::attribute));
        resource
    }
}

fn event(log: Log) -> SpanEvent {
    let mut name = String::new();
    let mut attributes = Attributes::new();
    for field in &log.fields {
        if field.key == "event" && name.is_empty() {
            name = field.text();
        } else {
            attributes.push(field.attribute());
        }
    }
    SpanEvent {
        time_ns: log.timestamp.saturating_mul(1_000),
        name,
        attributes,
    }
}

impl Tag {
    fn text(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn attribute(&self) -> (String, Value) {
        let value = match (self.type_name.as_str(), &self.value) {
            // Too large for JavaScript, so it came as text.
            ("int64", Value::String(text)) => text
                .parse::<i64>()
                .map_or_else(|_| self.value.clone(), Value::from),
            _ => self.value.clone(),
        };
        (self.key.clone(), value)
    }
}
