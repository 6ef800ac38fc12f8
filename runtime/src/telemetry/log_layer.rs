//! `tracing` events as OpenTelemetry log records of the agent they happen in.

use std::sync::{Arc, OnceLock};

use api::{
    attributes::key,
    clock::{Clock, SystemClock},
};
use opentelemetry::{
    Context, KeyValue,
    logs::{AnyValue, LogRecord, Logger, Severity},
};
use serde_json::Value;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{self, Layer};

use super::{Service, event::EventText, span::Within};

/// Gives each event to the service in the current [`Context`]: the one whose span it happens in.
///
/// Events outside any go to the process's own service, if there is one. Clones share it.
#[derive(Clone, Default)]
pub struct LogLayer {
    process: Arc<OnceLock<Service>>,
}

impl LogLayer {
    /// Says whose events outside all services are, once; later calls change nothing.
    pub fn set_process_service(&self, service: Service) {
        self.process.get_or_init(|| service);
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let within = Context::map_current(|context| context.get::<Within>().cloned());
        let service = within.as_ref().map(Within::service);
        if let Some(service) = service.or_else(|| self.process.get()) {
            emit(service, event);
        }
    }
}

/// The SDK adds the ids of the current span, and leaves out what telemetry itself says.
fn emit(service: &Service, event: &Event<'_>) {
    let EventText { message, fields } = EventText::of(event);
    let metadata = event.metadata();
    let (severity, name) = severity(*metadata.level());
    let mut record = service.logger().create_log_record();
    record.set_timestamp(SystemClock.now().into());
    record.set_severity_number(severity);
    record.set_severity_text(name);
    record.set_body(message.into());
    record.add_attribute(key::LOGGER_NAME, metadata.target());
    record.add_attributes(
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, any_value(value)?))),
    );
    service.logger().emit(record);
}

/// A record of an exception, of the span in the current [`Context`].
pub(super) fn emit_exception(
    service: &Service,
    error_type: &str,
    message: &str,
    attributes: &[KeyValue],
) {
    let mut record = service.logger().create_log_record();
    record.set_timestamp(SystemClock.now().into());
    record.set_severity_number(Severity::Error);
    record.set_severity_text("ERROR");
    record.set_event_name(key::EXCEPTION);
    record.set_body(format!("{error_type}: {message}").into());
    let text = |attribute: &KeyValue| {
        let value = AnyValue::from(attribute.value.as_str().into_owned());
        (attribute.key.clone(), value)
    };
    record.add_attributes(attributes.iter().map(text));
    service.logger().emit(record);
}

fn severity(level: Level) -> (Severity, &'static str) {
    match level {
        Level::ERROR => (Severity::Error, "ERROR"),
        Level::WARN => (Severity::Warn, "WARN"),
        Level::INFO => (Severity::Info, "INFO"),
        Level::DEBUG => (Severity::Debug, "DEBUG"),
        Level::TRACE => (Severity::Trace, "TRACE"),
    }
}

fn any_value(value: Value) -> Option<AnyValue> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(value.into()),
        Value::Number(number) => number
            .as_i64()
            .map(AnyValue::from)
            .or_else(|| number.as_f64().map(AnyValue::from)),
        Value::String(text) => Some(text.into()),
        nested @ (Value::Array(_) | Value::Object(_)) => Some(nested.to_string().into()),
    }
}
