//! Logs on standard output, and the built-in store as the receiver of everything emitted.

use anyhow::Context;
use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use runtime::telemetry::{LogLayer, ReceiveError, Receiver, stdout_layer};
use traces::{Store, WriteError};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogConfig, LogFormat};

/// What agents say is kept in this detail, whatever standard output shows.
const KEPT: &str = "info,rmcp=warn,runtime::agent=debug";

/// Sends `tracing` events to standard output and, inside an agent, to its telemetry.
pub(crate) fn start_logging(config: &LogConfig) -> anyhow::Result<LogLayer> {
    let shown = EnvFilter::try_new(&config.log_level)
        .with_context(|| format!("the log level \"{}\" cannot be read", config.log_level))?;
    let format = match config.log_format {
        LogFormat::Text => runtime::telemetry::LogFormat::Text,
        LogFormat::Json => runtime::telemetry::LogFormat::Json,
    };
    let layer = LogLayer::default();
    tracing_subscriber::registry()
        .with(stdout_layer(format).with_filter(shown))
        .with(layer.clone().with_filter(EnvFilter::new(KEPT)))
        .try_init()
        .context("failed to start logging")?;
    Ok(layer)
}

/// The built-in store, as agents see it.
pub(crate) struct BuiltInStore(pub(crate) Store);

#[async_trait]
impl Receiver for BuiltInStore {
    async fn traces(&self, request: ExportTraceServiceRequest) -> Result<(), ReceiveError> {
        self.0
            .write_traces(request)
            .await
            .map(drop)
            .map_err(refused)
    }

    async fn metrics(&self, request: ExportMetricsServiceRequest) -> Result<(), ReceiveError> {
        self.0
            .write_metrics(request)
            .await
            .map(drop)
            .map_err(refused)
    }

    async fn logs(&self, request: ExportLogsServiceRequest) -> Result<(), ReceiveError> {
        self.0.write_logs(request).await.map(drop).map_err(refused)
    }
}

fn refused(error: WriteError) -> ReceiveError {
    ReceiveError(error.to_string())
}
