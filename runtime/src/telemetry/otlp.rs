//! Any OTLP endpoint as a receiver, over gRPC or HTTP, each signal with a target of its own.

mod grpc;
mod http;

use std::time::Duration;

use ::http::{HeaderMap, Uri};
use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse},
    metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
};

use self::{grpc::Grpc, http::Http};
use super::{Place, ReceiveError, Received, Receiver};

/// Where each signal goes; `None` does not send it.
#[derive(Clone, Debug, Default)]
pub struct OtlpSettings {
    /// Spans.
    pub traces: Option<OtlpTarget>,
    /// Metrics.
    pub metrics: Option<OtlpTarget>,
    /// Log records.
    pub logs: Option<OtlpTarget>,
}

/// How long a request may take when nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The port that everybody gives gRPC.
const GRPC_PORT: u16 = 4317;

impl OtlpSettings {
    /// All signals to one endpoint, `http://host:port`: gRPC on port 4317, else HTTP.
    pub fn at(endpoint: &str) -> Result<Self, OtlpError> {
        let uri: Uri = endpoint.parse().map_err(|error| OtlpError::ParseUrl {
            url: endpoint.to_owned(),
            reason: format!("{error}"),
        })?;
        let protocol = OtlpProtocol::usual(&uri);
        let target = |path: &str| OtlpTarget {
            url: match protocol {
                OtlpProtocol::Grpc => endpoint.to_owned(),
                OtlpProtocol::HttpProtobuf => {
                    format!("{}{path}", endpoint.trim_end_matches('/'))
                }
            },
            protocol,
            headers: HeaderMap::new(),
            compression: OtlpCompression::None,
            timeout: TIMEOUT,
        };
        Ok(Self {
            traces: Some(target("/v1/traces")),
            metrics: Some(target("/v1/metrics")),
            logs: Some(target("/v1/logs")),
        })
    }

    pub(super) fn urls(&self) -> Vec<String> {
        let targets = [&self.traces, &self.metrics, &self.logs];
        let urls = targets.into_iter().flatten().map(|it| it.url.clone());
        let mut urls: Vec<_> = urls.collect();
        urls.dedup();
        urls
    }

    /// The endpoints, each once.
    fn name(&self) -> String {
        format!("OTLP to {}", self.urls().join(", "))
    }
}

/// How to reach the endpoint of one signal.
#[derive(Clone, Debug)]
pub struct OtlpTarget {
    /// For HTTP the whole URL, such as `http://collector:4318/v1/traces`; for gRPC the server's.
    pub url: String,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Go with each request; mark those that are secret as sensitive.
    pub headers: HeaderMap,
    /// Whether requests are compressed.
    pub compression: OtlpCompression,
    /// How long a request may take.
    pub timeout: Duration,
}

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC.
    Grpc,
    /// HTTP with protobuf.
    HttpProtobuf,
}

impl OtlpProtocol {
    /// What an endpoint most likely speaks when nobody says.
    pub fn usual(endpoint: &Uri) -> Self {
        match endpoint.port_u16() {
            Some(GRPC_PORT) => Self::Grpc,
            _ => Self::HttpProtobuf,
        }
    }
}

/// Whether requests are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpCompression {
    /// They are sent as they are.
    None,
    /// With gzip.
    Gzip,
}

/// Sends to OTLP endpoints.
pub struct Otlp {
    name: String,
    urls: Vec<String>,
    traces: Option<Channel>,
    metrics: Option<Channel>,
    logs: Option<Channel>,
}

enum Channel {
    Http(Http),
    Grpc(Grpc),
}

/// Why an OTLP endpoint cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The URL is none.
    #[error("failed to read the OTLP endpoint \"{url}\": {reason}")]
    ParseUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no way to speak HTTP.
    #[error("failed to start HTTP")]
    StartHttp(#[from] reqwest::Error),
}

impl Otlp {
    /// Sends to the targets of `settings`, over connections of its own. Nothing is connected yet.
    pub fn new(settings: OtlpSettings) -> Result<Self, OtlpError> {
        let (name, urls) = (settings.name(), settings.urls());
        let OtlpSettings {
            traces,
            metrics,
            logs,
        } = settings;
        let open = |target: Option<OtlpTarget>| target.map(Channel::open).transpose();
        Ok(Self {
            name,
            urls,
            traces: open(traces)?,
            metrics: open(metrics)?,
            logs: open(logs)?,
        })
    }
}

impl Channel {
    fn open(target: OtlpTarget) -> Result<Self, OtlpError> {
        Ok(match target.protocol {
            OtlpProtocol::Grpc => Self::Grpc(Grpc::open(target)?),
            OtlpProtocol::HttpProtobuf => Self::Http(Http::open(target)?),
        })
    }
}

/// The innermost reason, which says what really happened; the URL is named by who asks.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[async_trait]
impl Receiver for Otlp {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn place(&self) -> Place {
        Place::At(self.urls.clone())
    }

    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        let response: ExportTraceServiceResponse = match &self.traces {
            None => return Ok(Received::default()),
            Some(Channel::Http(http)) => http.send(request).await?,
            Some(Channel::Grpc(grpc)) => grpc.traces(request.clone()).await?,
        };
        let partial = response.partial_success.unwrap_or_default();
        Ok(Received::without(
            partial.rejected_spans,
            partial.error_message,
        ))
    }

    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        let response: ExportMetricsServiceResponse = match &self.metrics {
            None => return Ok(Received::default()),
            Some(Channel::Http(http)) => http.send(request).await?,
            Some(Channel::Grpc(grpc)) => grpc.metrics(request.clone()).await?,
        };
        let partial = response.partial_success.unwrap_or_default();
        Ok(Received::without(
            partial.rejected_data_points,
            partial.error_message,
        ))
    }

    async fn logs(&self, request: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        let response: ExportLogsServiceResponse = match &self.logs {
            None => return Ok(Received::default()),
            Some(Channel::Http(http)) => http.send(request).await?,
            Some(Channel::Grpc(grpc)) => grpc.logs(request.clone()).await?,
        };
        let partial = response.partial_success.unwrap_or_default();
        Ok(Received::without(
            partial.rejected_log_records,
            partial.error_message,
        ))
    }
}
