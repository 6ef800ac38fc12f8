//! Any OTLP endpoint as a receiver, over HTTP with protobuf.

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message;

use super::{ReceiveError, Receiver, preview};

/// Sends to `{endpoint}/v1/traces`, `/v1/metrics` and `/v1/logs`.
pub struct OtlpHttp {
    client: reqwest::Client,
    endpoint: String,
    headers: HeaderMap,
}

impl OtlpHttp {
    /// A receiver at `endpoint`, such as `http://collector:4318`; `headers` go with each request.
    pub fn new(client: reqwest::Client, endpoint: &str, headers: HeaderMap) -> Self {
        Self {
            client,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            headers,
        }
    }

    async fn post(&self, signal: &str, request: &impl Message) -> Result<(), ReceiveError> {
        let url = format!("{}/v1/{signal}", self.endpoint);
        let failed = |error: &dyn std::fmt::Display| ReceiveError(format!("{url}: {error}"));
        let response = self
            .client
            .post(&url)
            .headers(self.headers.clone())
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-protobuf"),
            )
            .body(request.encode_to_vec())
            .send()
            .await
            .map_err(|error| failed(&error.without_url()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let body = response.text().await.unwrap_or_default();
        Err(failed(&format_args!("HTTP {status} {}", preview(&body))))
    }
}

#[async_trait]
impl Receiver for OtlpHttp {
    async fn traces(&self, request: ExportTraceServiceRequest) -> Result<(), ReceiveError> {
        self.post("traces", &request).await
    }

    async fn metrics(&self, request: ExportMetricsServiceRequest) -> Result<(), ReceiveError> {
        self.post("metrics", &request).await
    }

    async fn logs(&self, request: ExportLogsServiceRequest) -> Result<(), ReceiveError> {
        self.post("logs", &request).await
    }
}
