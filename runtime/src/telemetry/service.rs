//! One agent as a service: its resource, tracer, logger and instruments.

use std::sync::Arc;

use api::attributes::key;
use opentelemetry::{InstrumentationScope, KeyValue, logs::LoggerProvider, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    logs::{SdkLogger, SdkLoggerProvider},
    resource::TelemetryResourceDetector,
    trace::{SdkTracer, SdkTracerProvider},
};

use super::{
    Exposition,
    destinations::Destination,
    instruments::Instruments,
    meters::Meters,
    pipeline::CaptureContent,
    queue::{Enqueue, Queue, Source},
    sampling::Sampling,
    span::{Span, SpanSpec},
};

/// The telemetry of one agent, or of what agents use; cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    name: Arc<str>,
    role: Role,
    tracer: SdkTracer,
    logger: SdkLogger,
    instruments: Instruments,
    capture_content: CaptureContent,
}

/// What a service is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Every span of it says which agent it is.
    Agent,
    /// Agents use it.
    Used,
}

/// Who a service is.
pub(super) struct Identity<'a> {
    /// Unique in the pipeline.
    pub(super) id: u64,
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) role: Role,
    pub(super) version: &'a str,
    pub(super) sampling: Sampling,
    /// Beside those that every service has.
    pub(super) resource_attributes: &'a [(String, String)],
    pub(super) destination: Destination,
    pub(super) capture_content: CaptureContent,
}

impl Service {
    pub(super) fn new(identity: &Identity<'_>, queue: &Arc<Queue>, meters: &Meters) -> Self {
        let resource = resource(identity);
        let scope = InstrumentationScope::builder(format!("kaos.{}", identity.name))
            .with_version(identity.version.to_owned())
            .build();
        let source = Source {
            id: identity.id,
            resource: (&resource).into(),
            scope: (&scope, None).into(),
            destination: identity.destination.clone(),
        };
        let source = Arc::new(source);
        let enqueue = Enqueue {
            queue: Arc::clone(queue),
            source: Arc::clone(&source),
        };
        let tracers = SdkTracerProvider::builder()
            .with_sampler(identity.sampling.sampler())
            .with_resource(resource.clone())
            .with_span_processor(enqueue.clone())
            .build();
        let loggers = SdkLoggerProvider::builder()
            .with_resource(resource)
            .with_log_processor(enqueue)
            .build();
        let inner = Inner {
            name: identity.name.into(),
            role: identity.role,
            tracer: tracers.tracer_with_scope(scope.clone()),
            logger: loggers.logger_with_scope(scope),
            instruments: Instruments::new(identity.name, meters.table(source)),
            capture_content: identity.capture_content,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Its `service.name`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The attribute that every span of an agent carries.
    pub(super) fn agent_name(&self) -> Option<KeyValue> {
        match self.inner.role {
            Role::Agent => Some(KeyValue::new(key::AGENT_NAME, Arc::clone(&self.inner.name))),
            Role::Used => None,
        }
    }

    /// Its tracer, for what [`Self::start_span`] does not cover.
    pub fn tracer(&self) -> &SdkTracer {
        &self.inner.tracer
    }

    /// Its logger. Code that logs through `tracing` needs only [`super::LogLayer`].
    pub fn logger(&self) -> &SdkLogger {
        &self.inner.logger
    }

    /// What it counts and times.
    pub fn instruments(&self) -> &Instruments {
        &self.inner.instruments
    }

    /// What it has measured, as text for a scraper.
    pub fn exposition(&self, form: Exposition) -> String {
        form.write(std::slice::from_ref(self.inner.instruments.table()))
    }

    /// Whether messages, arguments and results may be written into spans.
    pub fn captures_content(&self) -> bool {
        self.inner.capture_content == CaptureContent::On
    }

    /// Starts a span of this service.
    pub fn start_span(&self, spec: SpanSpec<'_>) -> Span {
        Span::start(self, spec)
    }
}

fn resource(identity: &Identity<'_>) -> Resource {
    // Not `Resource::builder`, which reads the environment: each agent is a service of its own.
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        // First, because what follows goes before it: a name of all services is none.
        .with_attributes(
            identity
                .resource_attributes
                .iter()
                .map(|(key, value)| KeyValue::new(key.clone(), value.clone())),
        )
        .with_attributes([
            KeyValue::new(key::SERVICE_NAME, identity.name.to_owned()),
            KeyValue::new(key::SERVICE_NAMESPACE, identity.namespace.to_owned()),
            KeyValue::new(key::SERVICE_VERSION, identity.version.to_owned()),
            KeyValue::new(key::RESOURCE_NAME, identity.name.to_owned()),
        ])
        .build()
}
