//! A span as a guard: it says how it ended, or ends as cancelled.

use std::{
    borrow::Cow,
    fmt::Write,
    sync::{Arc, Mutex},
};

use api::{
    attributes::key,
    traces::{SpanId, TraceId},
};
use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer},
};

use super::{Service, log_layer::emit_exception};

/// Value of [`key::FINISH_REASON`] on a span that was given up before its end.
const CANCELLED: &str = "cancelled";

/// What a span starts with.
pub struct SpanSpec<'a> {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its kind.
    pub kind: SpanKind,
    /// The context it is started in; without a span in it, a new trace begins.
    pub parent: &'a Context,
    /// Attributes it starts with. An agent's `agent.name` comes by itself.
    pub attributes: Vec<KeyValue>,
}

/// Does something in a context, for what is logged or measured meanwhile. A future that runs in one enters it
/// each time it is polled; where only a line of it tells something, this costs less.
pub fn within<T>(context: &Context, work: impl FnOnce() -> T) -> T {
    let _attached = context.clone().attach();
    work()
}

/// A span under way. Dropped without an end, as by a cancelled future, it ends as cancelled.
#[must_use = "a span that is dropped ends as cancelled"]
pub struct Span {
    context: Context,
}

/// What a context knows of its span: whose it is, and those around it in this process.
#[derive(Clone)]
pub(super) struct Within(Arc<Frame>);

struct Frame {
    service: Service,
    name: Cow<'static, str>,
    outer: Option<Within>,
    /// What the last span inside failed with: an error that passes through a span did not begin
    /// there.
    failed_inside: Mutex<Option<String>>,
}

impl Within {
    /// The service the span is of.
    pub(super) fn service(&self) -> &Service {
        &self.0.service
    }
}

impl Span {
    pub(super) fn start(service: &Service, spec: SpanSpec<'_>) -> Self {
        let SpanSpec {
            name,
            kind,
            parent,
            mut attributes,
        } = spec;
        attributes.extend(service.agent_name());
        let within = Within(Arc::new(Frame {
            service: service.clone(),
            name: name.clone(),
            outer: parent.get::<Within>().cloned(),
            failed_inside: Mutex::default(),
        }));
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_attributes(attributes);
        let span = service.tracer().build_with_context(builder, parent);
        let context = parent.with_span(span).with_value(within);
        Self { context }
    }

    /// The context that holds this span and its service. What runs in it has this span as parent,
    /// and its `tracing` events become log records of the service.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The trace's id, in 32 hex digits.
    pub fn trace_id(&self) -> String {
        TraceId(self.context.span().span_context().trace_id().to_bytes()).to_string()
    }

    /// The span's id, in 16 hex digits.
    pub fn span_id(&self) -> String {
        SpanId(self.context.span().span_context().span_id().to_bytes()).to_string()
    }

    /// Sets one attribute.
    pub fn set_attribute(&mut self, attribute: KeyValue) {
        self.context.span().set_attribute(attribute);
    }

    /// Adds an event, now.
    pub fn add_event(&mut self, name: impl Into<Cow<'static, str>>, attributes: Vec<KeyValue>) {
        self.context.span().add_event(name, attributes);
    }

    /// Runs `log` in this span's context, for a log or a measurement outside a future that runs in it.
    pub fn log<T>(&self, log: impl FnOnce() -> T) -> T {
        within(&self.context, log)
    }

    /// Ends it as a success.
    pub fn end_ok(self) {
        let span = self.context.span();
        span.set_status(Status::Ok);
        span.end();
    }

    /// From now on, whatever runs in this span carries the entry to those it asks.
    pub fn carry(&mut self, entry: KeyValue) {
        self.context = self.context.with_baggage([entry]);
    }

    /// Ends it as a failure, with an `exception` event; and with a log record of the exception where
    /// it began, which is the innermost span that failed with it.
    pub fn fail(self, error_type: &str, message: &str) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new(key::ERROR_TYPE, error_type.to_owned()));
        let exception = vec![
            KeyValue::new(key::EXCEPTION_TYPE, error_type.to_owned()),
            KeyValue::new(key::EXCEPTION_MESSAGE, message.to_owned()),
            KeyValue::new(
                key::EXCEPTION_STACKTRACE,
                self.stack_trace(error_type, message),
            ),
            KeyValue::new(key::EXCEPTION_ESCAPED, false),
        ];
        if let Some(Within(frame)) = self.context.get::<Within>()
            && frame.begins(message)
        {
            within(&self.context, || {
                emit_exception(&frame.service, error_type, message, &exception);
            });
        }
        span.add_event(key::EXCEPTION, exception);
        span.set_status(Status::error(message.to_owned()));
        span.end();
    }

    /// Ends it as a failure that whoever asked tells of: without an exception, which would be counted
    /// twice.
    pub fn end_failed(self, error_type: &str, message: &str) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new(key::ERROR_TYPE, error_type.to_owned()));
        span.set_status(Status::error(message.to_owned()));
        span.end();
    }

    /// Ends it as given up: neither a success nor a failure.
    pub fn cancelled(self) {
        drop(self);
    }

    /// The steps that led here, innermost first. Rust has no stack at this point that would tell
    /// more: futures are polled from anywhere.
    fn stack_trace(&self, error_type: &str, message: &str) -> String {
        let mut text = format!("{error_type}: {message}");
        let mut within = self.context.get::<Within>();
        while let Some(Within(frame)) = within {
            let (name, service) = (&frame.name, frame.service.name());
            // Writing to a string cannot fail.
            write!(text, "\n    at {name} ({service})").ok();
            within = frame.outer.as_ref();
        }
        text
    }
}

impl Frame {
    /// Whether an error with this message began here; it is known to the span outside from now on.
    fn begins(&self, message: &str) -> bool {
        let inside = self.failed_inside.lock();
        let passed = inside.is_ok_and(|inside| inside.as_deref() == Some(message));
        if let Some(Within(outer)) = &self.outer
            && let Ok(mut inside) = outer.failed_inside.lock()
        {
            *inside = Some(message.to_owned());
        }
        !passed
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let span = self.context.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new(key::FINISH_REASON, CANCELLED));
            span.end();
        }
    }
}
