//! OTLP over gRPC, on the same HTTP client as everything else.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse, logs_service_client::LogsServiceClient,
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_client::MetricsServiceClient,
    },
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_client::TraceServiceClient,
    },
};
use tonic::{Code, Status, codec::CompressionEncoding, metadata::MetadataMap};
use tower::Service;

use super::{OtlpCompression, OtlpError, OtlpTarget, cause};
use crate::telemetry::{Again, ReceiveError};

/// One signal's endpoint.
pub(super) struct Grpc {
    transport: Transport,
    origin: Uri,
    target: OtlpTarget,
}

/// Calls one of the protocol's services, whose generated clients have nothing in common.
macro_rules! export {
    ($grpc:expr, $client:ident, $message:expr) => {{
        let grpc = $grpc;
        let mut client = $client::with_origin(grpc.transport.clone(), grpc.origin.clone());
        if grpc.target.compression == OtlpCompression::Gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        let answer = client.export(grpc.request($message)).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| grpc.failed(&status))
    }};
}

impl Grpc {
    pub(super) fn open(target: OtlpTarget) -> Result<Self, OtlpError> {
        let unreadable = |reason: String| OtlpError::ParseUrl {
            url: target.url.clone(),
            reason,
        };
        let origin: Uri = target
            .url
            .parse()
            .map_err(|error: http::uri::InvalidUri| unreadable(error.to_string()))?;
        let mut client = reqwest::Client::builder().timeout(target.timeout);
        match origin.scheme_str() {
            // Without encryption nobody says which version of HTTP the other side speaks.
            Some("http") => client = client.http2_prior_knowledge(),
            Some("https") => {}
            _ => {
                return Err(unreadable(
                    "it begins neither with http:// nor https://".to_owned(),
                ));
            }
        }
        Ok(Self {
            transport: Transport(client.build()?),
            origin,
            target,
        })
    }

    pub(super) async fn traces(
        &self,
        request: ExportTraceServiceRequest,
    ) -> Result<ExportTraceServiceResponse, ReceiveError> {
        export!(self, TraceServiceClient, request)
    }

    pub(super) async fn metrics(
        &self,
        request: ExportMetricsServiceRequest,
    ) -> Result<ExportMetricsServiceResponse, ReceiveError> {
        export!(self, MetricsServiceClient, request)
    }

    pub(super) async fn logs(
        &self,
        request: ExportLogsServiceRequest,
    ) -> Result<ExportLogsServiceResponse, ReceiveError> {
        export!(self, LogsServiceClient, request)
    }

    fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        *request.metadata_mut() = MetadataMap::from_headers(self.target.headers.clone());
        request
    }

    fn failed(&self, status: &Status) -> ReceiveError {
        let again = match status.code() {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => Again::Soon,
            _ => Again::Never,
        };
        let (url, code) = (&self.target.url, status.code());
        ReceiveError {
            reason: format!("{url}: {code:?}: {}", status.message()),
            again,
        }
    }
}

/// Carries gRPC over our HTTP client, which knows about proxies and certificates.
#[derive(Clone)]
struct Transport(reqwest::Client);

impl Service<Request<tonic::body::Body>> for Transport {
    type Response = Response<reqwest::Body>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // It is one message, whole from the start.
            let body = body.collect().await?.to_bytes();
            let unavailable = |error| Status::unavailable(cause(error));
            let request = Request::from_parts(parts, body);
            let request = reqwest::Request::try_from(request).map_err(unavailable)?;
            let response = client.execute(request).await.map_err(unavailable)?;
            Ok(response.into())
        })
    }
}
