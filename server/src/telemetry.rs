//! Logs on standard output, and who receives what is emitted: the built-in store, OTLP endpoints, or
//! both.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use runtime::telemetry::{
    Again, CaptureContent, LogLayer, Otlp, Pipeline, PipelineSettings, ReceiveError, Received,
    Receiver, RootSampling, Sampling, stdout_layer,
};
use traces::{Receipt, Store, WriteError};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt,
};

use crate::{
    config::{LogConfig, LogFormat, OtelConfig},
    lifecycle::Stage,
    output::Output,
};

/// What it says repeats what MCP servers say, who may repeat what they were sent. We tell of its errors
/// ourselves, in words of our own.
const UNHEARD: &str = "rmcp";

/// Sends `tracing` events of the configured level to standard output and, inside an agent, to its
/// telemetry. What is not shown is not kept either: one variable decides, as in any other program.
pub(crate) fn start_logging(config: &LogConfig, output: Output) -> anyhow::Result<LogLayer> {
    let shown = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("the log level \"{}\" cannot be read", config.log_level))?;
    let format = match config.log_format {
        LogFormat::Text => runtime::telemetry::LogFormat::Text,
        LogFormat::Json => runtime::telemetry::LogFormat::Json,
    };
    let layer = LogLayer::default();
    tracing_subscriber::registry()
        .with(shown)
        .with(filter_fn(|event| !event.target().starts_with(UNHEARD)))
        .with(stdout_layer(format, output))
        .with(layer.clone())
        .try_init()
        .context("failed to start logging")?;
    Ok(layer)
}

/// Starts to collect what agents emit, for `store` and for the endpoints of `otel`.
pub(crate) fn start_pipeline(
    otel: OtelConfig,
    store: Option<Store>,
    capture_content: CaptureContent,
    stage: &Stage,
) -> anyhow::Result<Pipeline> {
    let OtelConfig {
        disabled,
        service_name: _,
        resource_attributes,
        export,
        sampling,
        flush_interval,
        metric_interval,
        max_spans,
        max_logs,
        max_batch,
    } = otel;
    let mut receivers: Vec<Arc<dyn Receiver>> = Vec::new();
    if !disabled {
        receivers.extend(store.map(|store| Arc::new(BuiltInStore(store)) as _));
        if let Some(settings) = export {
            receivers.push(Arc::new(Otlp::new(settings)?));
        }
    }
    let usual = PipelineSettings::default();
    let settings = PipelineSettings {
        flush_interval: flush_interval.unwrap_or(usual.flush_interval),
        metric_interval: metric_interval.unwrap_or(usual.metric_interval),
        max_spans: max_spans.unwrap_or(usual.max_spans),
        max_logs: max_logs.unwrap_or(usual.max_logs),
        max_batch: max_batch.unwrap_or(usual.max_batch),
        sampling: if disabled {
            Sampling::Own(RootSampling::Nothing)
        } else {
            sampling
        },
        resource_attributes,
        capture_content,
        ..usual
    };
    let Stage { tracker, shutdown } = stage;
    Ok(Pipeline::start(
        receivers,
        settings,
        tracker,
        shutdown.clone(),
    ))
}

/// The built-in store, as agents see it.
struct BuiltInStore(Store);

#[async_trait]
impl Receiver for BuiltInStore {
    fn name(&self) -> String {
        "the built-in store".to_owned()
    }

    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        self.0
            .write_traces(request)
            .await
            .map(taken)
            .map_err(refused)
    }

    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        self.0
            .write_metrics(request)
            .await
            .map(taken)
            .map_err(refused)
    }

    async fn logs(&self, request: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        self.0.write_logs(request).await.map(taken).map_err(refused)
    }
}

fn taken(Receipt { n_rejected }: Receipt) -> Received {
    Received {
        rejected: n_rejected,
        reason: "they have no valid ids".to_owned(),
    }
}

fn refused(error: WriteError) -> ReceiveError {
    let again = match error {
        WriteError::Busy | WriteError::Commit { .. } => Again::Soon,
        WriteError::Closed => Again::Never,
    };
    ReceiveError {
        reason: error.to_string(),
        again,
    }
}
