//! OTLP over gRPC: the three Export services.

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::status::{Code, RpcStatus};
use super::{MAX_REQUEST_BYTES, RETRY_AFTER_SECONDS, rejection};
use crate::{Receipt, Store, WriteError};

/// The services an OTLP exporter calls over gRPC, with or without gzip.
pub fn otlp_grpc(store: Store) -> Routes {
    let receiver = Receiver { store };
    let traces = TraceServiceServer::new(receiver.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let metrics = MetricsServiceServer::new(receiver.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    let logs = LogsServiceServer::new(receiver)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(MAX_REQUEST_BYTES);
    Routes::new(traces).add_service(metrics).add_service(logs)
}

#[derive(Clone)]
struct Receiver {
    store: Store,
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let written = self.store.write_traces(&request.into_inner()).await;
        let partial_success =
            left_out(written)?.map(|(n, error_message)| ExportTracePartialSuccess {
                rejected_spans: n,
                error_message,
            });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let written = self.store.write_metrics(&request.into_inner()).await;
        let partial_success =
            left_out(written)?.map(|(n, error_message)| ExportMetricsPartialSuccess {
                rejected_data_points: n,
                error_message,
            });
        Ok(Response::new(ExportMetricsServiceResponse {
            partial_success,
        }))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let written = self.store.write_logs(&request.into_inner()).await;
        let partial_success =
            left_out(written)?.map(|(n, error_message)| ExportLogsPartialSuccess {
                rejected_log_records: n,
                error_message,
            });
        Ok(Response::new(ExportLogsServiceResponse { partial_success }))
    }
}

/// How many items were left out and why, when some were.
fn left_out(written: Result<Receipt, WriteError>) -> Result<Option<(i64, String)>, Status> {
    let n_rejected = written.map_err(|error| status(&error))?.n_rejected;
    let count = i64::try_from(n_rejected).unwrap_or(i64::MAX);
    Ok((n_rejected > 0).then(|| (count, rejection(n_rejected))))
}

fn status(error: &WriteError) -> Status {
    match error {
        WriteError::Busy => {
            let details = RpcStatus::new(Code::ResourceExhausted, error.to_string())
                .retry_after(RETRY_AFTER_SECONDS);
            let bytes = details.encode_to_vec().into();
            Status::with_details(tonic::Code::ResourceExhausted, error.to_string(), bytes)
        }
        WriteError::Closed | WriteError::Commit { .. } => Status::unavailable(error.to_string()),
    }
}
