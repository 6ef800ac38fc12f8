//! OTLP endpoints as receivers: over gRPC and HTTP, plain and compressed.

use std::{io::Read, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use prost::Message;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Status, codec::CompressionEncoding, service::Routes};

use super::{
    root,
    support::{Recorder, settings},
};
use crate::telemetry::{
    Again, Otlp, OtlpCompression, OtlpProtocol, OtlpSettings, OtlpTarget, Pipeline, ReceiveError,
    Received, Receiver,
};

const PROTOCOLS: [OtlpProtocol; 2] = [OtlpProtocol::Grpc, OtlpProtocol::HttpProtobuf];

/// An OTLP endpoint for traces that wants a key; gone when dropped.
struct Endpoint {
    address: String,
    /// Serves until it is dropped.
    serving: JoinSet<()>,
}

impl Endpoint {
    async fn serve(recorder: &Recorder) -> Self {
        let service = TraceServiceServer::new(Grpc(recorder.clone()))
            .accept_compressed(CompressionEncoding::Gzip);
        let http = Router::new()
            .route("/v1/traces", post(take))
            .with_state(recorder.clone());
        let router = Routes::new(service)
            .into_axum_router()
            .reset_fallback()
            .merge(http);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, serving }
    }

    fn receiver(&self, protocol: OtlpProtocol, compression: OtlpCompression) -> Otlp {
        self.receiver_with(protocol, compression, "open")
    }

    fn receiver_with(
        &self,
        protocol: OtlpProtocol,
        compression: OtlpCompression,
        key: &'static str,
    ) -> Otlp {
        // The client wants a provider of TLS even for plain HTTP; another test may have set it.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let path = match protocol {
            OtlpProtocol::Grpc => "",
            OtlpProtocol::HttpProtobuf => "/v1/traces",
        };
        let header = (
            HeaderName::from_static("x-key"),
            HeaderValue::from_static(key),
        );
        let target = OtlpTarget {
            url: format!("http://{}{path}", self.address),
            protocol,
            headers: HeaderMap::from_iter([header]),
            compression,
            timeout: Duration::from_mins(1),
        };
        let settings = OtlpSettings {
            traces: Some(target),
            ..OtlpSettings::default()
        };
        Otlp::new(settings).unwrap()
    }
}

async fn take(State(recorder): State<Recorder>, headers: HeaderMap, body: Bytes) -> Response {
    if headers["content-type"] != "application/x-protobuf" || headers["x-key"] != "open" {
        return (StatusCode::UNAUTHORIZED, "the key is wrong").into_response();
    }
    let mut plain = Vec::new();
    if headers
        .get("content-encoding")
        .is_some_and(|it| it == "gzip")
    {
        GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
    } else {
        plain.extend_from_slice(&body);
    }
    let request = ExportTraceServiceRequest::decode(plain.as_slice()).unwrap();
    match recorder.traces(&request).await {
        Ok(received) => answer(received).encode_to_vec().into_response(),
        Err(error) => {
            let wait = [("retry-after", "7")];
            (StatusCode::SERVICE_UNAVAILABLE, wait, error.reason).into_response()
        }
    }
}

fn answer(received: Received) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: received.rejected.try_into().unwrap(),
            error_message: received.reason,
        }),
    }
}

struct Grpc(Recorder);

#[tonic::async_trait]
impl TraceService for Grpc {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, Status> {
        if request
            .metadata()
            .get("x-key")
            .is_none_or(|key| key != "open")
        {
            return Err(Status::unauthenticated("the key is wrong"));
        }
        let taken = self.0.traces(&request.into_inner()).await;
        let taken = taken.map_err(|error| Status::unavailable(error.reason))?;
        Ok(tonic::Response::new(answer(taken)))
    }
}

#[tokio::test]
async fn spans_reach_an_endpoint_over_both_protocols_plain_and_compressed() {
    for protocol in PROTOCOLS {
        for compression in [OtlpCompression::None, OtlpCompression::Gzip] {
            let recorder = Recorder::default();
            let endpoint = Endpoint::serve(&recorder).await;
            let receiver = endpoint.receiver(protocol, compression);
            let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(receiver)];
            let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
            let pipeline = Pipeline::start(receivers, settings(), &tracker, shutdown);
            root(&pipeline.service("analyst", "default"), "agent.step.1").end_ok();
            pipeline.flush().await;
            let got = (recorder.spans().len(), pipeline.dropped());
            assert_eq!(got, (1, 0), "{protocol:?} {compression:?}");
        }
    }
}

/// Sends nothing to it, and sees what it says.
async fn send(receiver: &Otlp) -> Result<Received, ReceiveError> {
    receiver.traces(&ExportTraceServiceRequest::default()).await
}

#[tokio::test]
async fn what_an_endpoint_rejects_and_refuses_is_told_apart() {
    for protocol in PROTOCOLS {
        let recorder = Recorder::default();
        let endpoint = Endpoint::serve(&recorder).await;
        let receiver = endpoint.receiver(protocol, OtlpCompression::None);

        recorder.reject(3);
        let taken = send(&receiver).await.unwrap();
        assert_eq!((taken.rejected, taken.reason.as_str()), (3, "too long"));

        recorder.fail_next(1);
        let busy = send(&receiver).await.unwrap_err();
        assert!(busy.to_string().contains("not now"), "{busy}");
        let wish = match protocol {
            OtlpProtocol::Grpc => Again::Soon,
            OtlpProtocol::HttpProtobuf => Again::After(Duration::from_secs(7)),
        };
        assert_eq!(busy.again, wish);

        let locked_out = endpoint.receiver_with(protocol, OtlpCompression::None, "wrong");
        let refused = send(&locked_out).await.unwrap_err();
        assert_eq!(refused.again, Again::Never);
        assert!(
            refused.to_string().contains("the key is wrong"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_is_away_may_come_back() {
    let recorder = Recorder::default();
    for protocol in PROTOCOLS {
        let endpoint = Endpoint::serve(&recorder).await;
        let receiver = endpoint.receiver(protocol, OtlpCompression::None);
        let Endpoint { address, serving } = endpoint;
        drop(serving);
        let gone = send(&receiver).await.unwrap_err();
        assert_eq!(gone.again, Again::Soon, "{gone}");
        assert!(gone.to_string().contains(&address), "{gone}");
    }
}

#[tokio::test]
async fn signals_without_a_target_are_not_sent() {
    let nowhere = Otlp::new(OtlpSettings::default()).unwrap();
    assert_eq!(send(&nowhere).await.unwrap(), Received::default());
}
