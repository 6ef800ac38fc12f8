//! Jaeger's own shape of a trace. Times are microseconds.

use std::collections::BTreeMap;

use api::attributes::key;
use api::telemetry::ServiceEdge;
use api::traces::{SpanId, SpanStatus, TraceId};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span as OtlpSpan;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use serde::Serialize;
use serde_json::Value;

use crate::convert;
use crate::store::{StoredSpan, StoredTrace};

/// Integers beyond it would lose digits in JavaScript; they are written as text.
const LARGEST_EXACT: u64 = 1 << 53;

/// One service calling another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    parent: String,
    child: String,
    call_count: u64,
}

impl Dependency {
    pub(super) fn new(edge: ServiceEdge) -> Self {
        Self {
            parent: edge.caller,
            child: edge.callee,
            call_count: edge.calls.n,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    id: TraceId,
    spans: Vec<Span>,
    processes: BTreeMap<String, Process>,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(rename = "traceID")]
    trace_id: TraceId,
    #[serde(rename = "spanID")]
    id: String,
    flags: u32,
    operation_name: String,
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    tags: Vec<Tag>,
    logs: Vec<Log>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: TraceId,
    #[serde(rename = "spanID")]
    span_id: SpanId,
}

#[derive(Serialize)]
struct Tag {
    key: String,
    #[serde(rename = "type")]
    type_name: &'static str,
    value: Value,
}

#[derive(Serialize)]
struct Log {
    timestamp: u64,
    fields: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    tags: Vec<Tag>,
}

pub(super) fn trace(stored: &StoredTrace) -> Trace {
    let mut resources: Vec<&Resource> = Vec::new();
    let mut processes = BTreeMap::new();
    let mut spans = Vec::with_capacity(stored.spans.len());
    for of in &stored.spans {
        let resource = &of.source.resource;
        let known = resources.iter().position(|other| *other == resource);
        let index = known.unwrap_or_else(|| {
            resources.push(resource);
            resources.len() - 1
        });
        let id = format!("p{}", index + 1);
        if known.is_none() {
            processes.insert(id.clone(), process(&of.source.service, resource));
        }
        spans.push(span(stored.id, of, id));
    }
    Trace {
        id: stored.id,
        spans,
        processes,
        warnings: None,
    }
}

fn process(service: &str, resource: &Resource) -> Process {
    let described = resource
        .attributes
        .iter()
        .filter(|pair| pair.key != key::SERVICE_NAME);
    Process {
        service_name: service.to_owned(),
        tags: described.map(tag).collect(),
    }
}

fn span(trace_id: TraceId, of: &StoredSpan, process_id: String) -> Span {
    let otlp = &of.span;
    let duration_ns = otlp
        .end_time_unix_nano
        .saturating_sub(otlp.start_time_unix_nano);
    Span {
        trace_id,
        id: hex::encode(&otlp.span_id),
        flags: otlp.flags & 0xff,
        operation_name: otlp.name.clone(),
        references: references(trace_id, otlp),
        start_time: otlp.start_time_unix_nano / 1_000,
        duration: duration_ns / 1_000,
        tags: tags(otlp, &of.source.scope),
        logs: otlp.events.iter().map(log).collect(),
        process_id,
        warnings: None,
    }
}

fn references(trace_id: TraceId, otlp: &OtlpSpan) -> Vec<Reference> {
    let parent = SpanId::from_slice(&otlp.parent_span_id).map(|span_id| Reference {
        ref_type: "CHILD_OF",
        trace_id,
        span_id,
    });
    let links = otlp.links.iter().filter_map(link);
    parent.into_iter().chain(links).collect()
}

fn link(otlp: &Link) -> Option<Reference> {
    let said = convert::attribute_text(&otlp.attributes, "opentracing.ref_type");
    Some(Reference {
        ref_type: match said.as_deref() {
            Some("child_of") => "CHILD_OF",
            Some(_) | None => "FOLLOWS_FROM",
        },
        trace_id: TraceId::from_slice(&otlp.trace_id)?,
        span_id: SpanId::from_slice(&otlp.span_id)?,
    })
}

/// What OTLP has fields for, Jaeger has tags for.
fn tags(otlp: &OtlpSpan, scope: &InstrumentationScope) -> Vec<Tag> {
    let mut tags = Vec::new();
    if !scope.name.is_empty() {
        tags.push(text_tag("otel.scope.name", &scope.name));
    }
    if !scope.version.is_empty() {
        tags.push(text_tag("otel.scope.version", &scope.version));
    }
    tags.extend(otlp.attributes.iter().map(tag));
    if let Some(kind) = convert::kind_word(convert::kind(otlp.kind)) {
        tags.push(text_tag("span.kind", kind));
    }
    match convert::status(otlp) {
        SpanStatus::Unset => {}
        SpanStatus::Ok => tags.push(text_tag("otel.status_code", "OK")),
        SpanStatus::Error(description) => {
            tags.push(text_tag("otel.status_code", "ERROR"));
            tags.push(Tag {
                key: "error".to_owned(),
                type_name: "bool",
                value: Value::Bool(true),
            });
            if !description.is_empty() {
                tags.push(text_tag("otel.status_description", &description));
            }
        }
    }
    if !otlp.trace_state.is_empty() {
        tags.push(text_tag("w3c.tracestate", &otlp.trace_state));
    }
    tags
}

fn log(otlp: &Event) -> Log {
    let name = (!otlp.name.is_empty()).then(|| text_tag("event", &otlp.name));
    Log {
        timestamp: otlp.time_unix_nano / 1_000,
        fields: name
            .into_iter()
            .chain(otlp.attributes.iter().map(tag))
            .collect(),
    }
}

fn text_tag(key: &str, value: &str) -> Tag {
    Tag {
        key: key.to_owned(),
        type_name: "string",
        value: Value::from(value),
    }
}

fn tag(pair: &KeyValue) -> Tag {
    let (type_name, value) = typed(pair.value.as_ref());
    Tag {
        key: pair.key.clone(),
        type_name,
        value,
    }
}

fn typed(any: Option<&AnyValue>) -> (&'static str, Value) {
    let Some(value) = any.and_then(|any| any.value.as_ref()) else {
        return ("string", Value::from(""));
    };
    match value {
        OtlpValue::BoolValue(_) => ("bool", convert::value(value)),
        OtlpValue::IntValue(number) if number.unsigned_abs() > LARGEST_EXACT => {
            ("int64", Value::from(number.to_string()))
        }
        OtlpValue::IntValue(_) => ("int64", convert::value(value)),
        OtlpValue::DoubleValue(_) => ("float64", convert::value(value)),
        OtlpValue::BytesValue(_) => ("binary", convert::value(value)),
        OtlpValue::StringValue(_)
        | OtlpValue::ArrayValue(_)
        | OtlpValue::KvlistValue(_)
        | OtlpValue::StringValueStrindex(_) => ("string", Value::from(convert::text(any))),
    }
}
