//! OTLP's types into those of `api`.
//!
//! Nothing here fails: what OTLP allows and our types cannot say is written as text.

use std::borrow::Cow;

use api::traces::facts::Fact;
use api::traces::{
    Attributes, LogPosition, LogRecord, Span, SpanEvent, SpanId, SpanKind, SpanStatus, TraceId,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1 as otlp_logs;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp_traces;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

/// Key and value of each attribute, in the order sent.
pub(crate) fn attributes(otlp: &[KeyValue]) -> Attributes {
    otlp.iter()
        .map(|pair| (pair.key.clone(), optional_value(pair.value.as_ref())))
        .collect()
}

fn optional_value(otlp: Option<&AnyValue>) -> Value {
    otlp.and_then(|any| any.value.as_ref())
        .map_or(Value::Null, value)
}

/// Bytes become base64; numbers JSON does not have become text.
pub(crate) fn value(otlp: &OtlpValue) -> Value {
    match otlp {
        OtlpValue::StringValue(text) => Value::from(text.as_str()),
        OtlpValue::BoolValue(bool) => Value::from(*bool),
        OtlpValue::IntValue(number) => Value::from(*number),
        OtlpValue::DoubleValue(number) if number.is_finite() => Value::from(*number),
        OtlpValue::DoubleValue(number) => Value::from(number.to_string()),
        OtlpValue::ArrayValue(array) => array
            .values
            .iter()
            .map(|element| optional_value(Some(element)))
            .collect(),
        OtlpValue::KvlistValue(list) => attributes(&list.values).into_iter().collect(),
        OtlpValue::BytesValue(bytes) => Value::from(BASE64_STANDARD.encode(bytes)),
        // An index into a dictionary that only OTLP's profiles carry.
        OtlpValue::StringValueStrindex(_) => Value::Null,
    }
}

/// A value as [`api::traces::facts`] reads it.
pub(crate) fn fact(otlp: &OtlpValue) -> Fact<'_> {
    match otlp {
        OtlpValue::StringValue(text) => Fact::Text(text),
        OtlpValue::IntValue(number) => Fact::Int(*number),
        OtlpValue::DoubleValue(number) => Fact::Double(*number),
        OtlpValue::BoolValue(_)
        | OtlpValue::ArrayValue(_)
        | OtlpValue::KvlistValue(_)
        | OtlpValue::BytesValue(_)
        | OtlpValue::StringValueStrindex(_) => Fact::Other,
    }
}

/// The words a person would search for.
pub(crate) fn text(otlp: Option<&AnyValue>) -> Cow<'_, str> {
    if let Some(OtlpValue::StringValue(text)) = otlp.and_then(|any| any.value.as_ref()) {
        return Cow::Borrowed(text);
    }
    match optional_value(otlp) {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Owned(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The attribute `key`, as text.
pub(crate) fn attribute_text(otlp: &[KeyValue], key: &str) -> Option<String> {
    otlp.iter()
        .find(|pair| pair.key == key)
        .map(|pair| text(pair.value.as_ref()).into_owned())
}

/// Numbers OTLP does not define count as not said.
pub(crate) fn kind(otlp: i32) -> SpanKind {
    use otlp_traces::span::SpanKind as Otlp;
    match Otlp::try_from(otlp).unwrap_or_default() {
        Otlp::Unspecified => SpanKind::Unspecified,
        Otlp::Internal => SpanKind::Internal,
        Otlp::Server => SpanKind::Server,
        Otlp::Client => SpanKind::Client,
        Otlp::Producer => SpanKind::Producer,
        Otlp::Consumer => SpanKind::Consumer,
    }
}

/// The kind's word on Jaeger's wire; none when it was not said.
pub(crate) fn kind_word(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Unspecified => None,
        SpanKind::Internal => Some("internal"),
        SpanKind::Server => Some("server"),
        SpanKind::Client => Some("client"),
        SpanKind::Producer => Some("producer"),
        SpanKind::Consumer => Some("consumer"),
    }
}

/// Whether the span says that it failed.
pub(crate) fn is_error(span: &otlp_traces::Span) -> bool {
    let code = span.status.as_ref().map(|status| status.code);
    code == Some(StatusCode::Error.into())
}

/// How the span ended.
pub(crate) fn status(span: &otlp_traces::Span) -> SpanStatus {
    let Some(status) = &span.status else {
        return SpanStatus::Unset;
    };
    match StatusCode::try_from(status.code).unwrap_or_default() {
        StatusCode::Unset => SpanStatus::Unset,
        StatusCode::Ok => SpanStatus::Ok,
        StatusCode::Error => SpanStatus::Error(status.message.clone()),
    }
}

/// A span as pages show it; `None` without valid ids, which the store does not keep.
pub(crate) fn span(otlp: &otlp_traces::Span, service: &str, resource: &Resource) -> Option<Span> {
    let mut events: Vec<_> = otlp.events.iter().map(event).collect();
    events.sort_by_key(|event| event.time_ns);
    Some(Span {
        trace_id: TraceId::from_slice(&otlp.trace_id)?,
        span_id: SpanId::from_slice(&otlp.span_id)?,
        parent_id: SpanId::from_slice(&otlp.parent_span_id),
        service: service.to_owned(),
        name: otlp.name.clone(),
        kind: kind(otlp.kind),
        start_ns: otlp.start_time_unix_nano,
        end_ns: otlp.end_time_unix_nano,
        status: status(otlp),
        attributes: attributes(&otlp.attributes),
        events,
        resource: attributes(&resource.attributes),
    })
}

fn event(otlp: &otlp_traces::span::Event) -> SpanEvent {
    SpanEvent {
        time_ns: otlp.time_unix_nano,
        name: otlp.name.clone(),
        attributes: attributes(&otlp.attributes),
    }
}

/// A log record as pages show it.
pub(crate) fn log(otlp: &otlp_logs::LogRecord, service: &str) -> LogRecord {
    let severity = if otlp.severity_text.is_empty() {
        severity_word(otlp.severity_number).to_owned()
    } else {
        otlp.severity_text.clone()
    };
    LogRecord {
        time_ns: log_time_ns(otlp),
        service: service.to_owned(),
        severity,
        severity_number: otlp.severity_number,
        body: text(otlp.body.as_ref()).into_owned(),
        trace_id: TraceId::from_slice(&otlp.trace_id),
        span_id: SpanId::from_slice(&otlp.span_id),
        attributes: attributes(&otlp.attributes),
        position: LogPosition::default(),
    }
}

/// When it was written; when it was seen, if its source did not know.
pub(crate) fn log_time_ns(otlp: &otlp_logs::LogRecord) -> u64 {
    match otlp.time_unix_nano {
        0 => otlp.observed_time_unix_nano,
        time => time,
    }
}

fn severity_word(number: i32) -> &'static str {
    match number {
        1..=4 => "TRACE",
        5..=8 => "DEBUG",
        9..=12 => "INFO",
        13..=16 => "WARN",
        17..=20 => "ERROR",
        21..=24 => "FATAL",
        _ => "UNSPECIFIED",
    }
}
