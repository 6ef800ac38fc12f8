//! Attributes, and who sends telemetry, as OTLP has them.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
};

/// What an agent's loop says of itself.
pub(super) fn loop_attributes(session: &str, agent: &str) -> Vec<KeyValue> {
    vec![
        text("agent.name", agent),
        int("agent.max_steps", 5),
        pair("stream", Value::BoolValue(false)),
        text("session.id", session),
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", agent),
        text("gen_ai.agent.id", &format!("kaos-hierarchy/{agent}")),
        text("gen_ai.conversation.id", session),
        text("gen_ai.provider.name", "kaos"),
        text("kaos.finish_reason", "stop"),
        int("kaos.usage.total_input_tokens", 900),
        int("kaos.usage.total_output_tokens", 120),
    ]
}

pub(super) fn resource(agent: &str) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", agent),
            text("service.namespace", "kaos-hierarchy"),
            text("service.version", "0.1.0"),
            text("kaos.resource.name", agent),
        ],
        ..Resource::default()
    }
}

pub(super) fn scope(agent: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: format!("kaos.{agent}"),
        version: "0.1.0".to_owned(),
        ..InstrumentationScope::default()
    }
}

pub(super) fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

pub(super) fn int(key: &str, value: u64) -> KeyValue {
    pair(key, Value::IntValue(value.cast_signed()))
}

pub(super) fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
