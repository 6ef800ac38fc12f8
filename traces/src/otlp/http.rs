//! OTLP over HTTP: protobuf or JSON, plain, gzip or zstd, answered in the encoding of the request.

use std::io::Read;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::status::{Code, RpcStatus};
use super::{MAX_REQUEST_BYTES, RETRY_AFTER_SECONDS, rejection};
use crate::{Receipt, Store, WriteError};

/// `POST /v1/traces`, `/v1/metrics` and `/v1/logs`.
pub fn otlp_http(store: Store) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(metrics))
        .route("/v1/logs", post(logs))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(store)
}

type Body = Result<Bytes, BytesRejection>;

async fn traces(State(store): State<Store>, headers: HeaderMap, body: Body) -> Response {
    answer(&headers, async {
        let receipt = store.write_traces(&decode(&headers, body).await?).await?;
        let partial_success = left_out(receipt).map(|n| ExportTracePartialSuccess {
            rejected_spans: n,
            error_message: rejection(receipt.n_rejected),
        });
        Ok(ExportTraceServiceResponse { partial_success })
    })
    .await
}

async fn metrics(State(store): State<Store>, headers: HeaderMap, body: Body) -> Response {
    answer(&headers, async {
        let receipt = store.write_metrics(&decode(&headers, body).await?).await?;
        let partial_success = left_out(receipt).map(|n| ExportMetricsPartialSuccess {
            rejected_data_points: n,
            error_message: rejection(receipt.n_rejected),
        });
        Ok(ExportMetricsServiceResponse { partial_success })
    })
    .await
}

async fn logs(State(store): State<Store>, headers: HeaderMap, body: Body) -> Response {
    answer(&headers, async {
        let receipt = store.write_logs(&decode(&headers, body).await?).await?;
        let partial_success = left_out(receipt).map(|n| ExportLogsPartialSuccess {
            rejected_log_records: n,
            error_message: rejection(receipt.n_rejected),
        });
        Ok(ExportLogsServiceResponse { partial_success })
    })
    .await
}

fn left_out(receipt: Receipt) -> Option<i64> {
    let count = i64::try_from(receipt.n_rejected).unwrap_or(i64::MAX);
    (count > 0).then_some(count)
}

/// A request that was not taken.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the content type \"{0}\" is not application/x-protobuf or application/json")]
    KnowNoSuchType(String),
    #[error("the content encoding \"{0}\" is neither gzip nor zstd")]
    KnowNoSuchEncoding(String),
    #[error("the request is larger than {MAX_REQUEST_BYTES} bytes; send smaller batches")]
    TakeSoMuch,
    #[error("failed to read the body: {0}")]
    ReadBody(BytesRejection),
    #[error("failed to decompress the body: {0}")]
    Decompress(std::io::Error),
    #[error("failed to decode the body as protobuf: {0}")]
    DecodeProtobuf(prost::DecodeError),
    #[error("failed to decode the body as JSON: {0}")]
    DecodeJson(serde_json::Error),
    #[error("failed to decode the body: {0}")]
    Decode(tokio::task::JoinError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::KnowNoSuchType(_) | Self::KnowNoSuchEncoding(_) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::TakeSoMuch => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ReadBody(rejection) => rejection.status(),
            Self::Decompress(_) | Self::DecodeProtobuf(_) | Self::DecodeJson(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Decode(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Write(WriteError::Busy) => StatusCode::TOO_MANY_REQUESTS,
            Self::Write(WriteError::Closed | WriteError::Commit { .. }) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Write(WriteError::Busy) => Code::ResourceExhausted,
            Self::Write(WriteError::Closed | WriteError::Commit { .. }) | Self::Decode(_) => {
                Code::Unavailable
            }
            Self::KnowNoSuchType(_)
            | Self::KnowNoSuchEncoding(_)
            | Self::TakeSoMuch
            | Self::ReadBody(_)
            | Self::Decompress(_)
            | Self::DecodeProtobuf(_)
            | Self::DecodeJson(_) => Code::InvalidArgument,
        }
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let sent = header(headers, CONTENT_TYPE);
        let media_type = sent.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/x-protobuf" | "application/protobuf" => Ok(Self::Protobuf),
            "application/json" => Ok(Self::Json),
            _ => Err(Error::KnowNoSuchType(sent.to_owned())),
        }
    }

    fn response(self, status: StatusCode, message: &(impl Message + Serialize)) -> Response {
        match self {
            Self::Protobuf => {
                let headers = [(CONTENT_TYPE, "application/x-protobuf")];
                (status, headers, message.encode_to_vec()).into_response()
            }
            Self::Json => (status, axum::Json(message)).into_response(),
        }
    }
}

async fn answer<T: Message + Serialize>(
    headers: &HeaderMap,
    work: impl Future<Output = Result<T, Error>>,
) -> Response {
    // A sender whose type we do not know can at least read JSON.
    let encoding = Encoding::of(headers).unwrap_or(Encoding::Json);
    match work.await {
        Ok(message) => encoding.response(StatusCode::OK, &message),
        Err(error) => {
            let message = RpcStatus::new(error.code(), error.to_string());
            let mut response = encoding.response(error.status(), &message);
            if error.status() == StatusCode::TOO_MANY_REQUESTS {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
            }
            response
        }
    }
}

/// Decompresses and decodes where it holds up nobody.
async fn decode<T>(headers: &HeaderMap, body: Body) -> Result<T, Error>
where
    T: Message + Default + DeserializeOwned + Send + 'static,
{
    let encoding = Encoding::of(headers)?;
    let compression = header(headers, CONTENT_ENCODING).to_ascii_lowercase();
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TakeSoMuch,
        _ => Error::ReadBody(rejection),
    })?;
    let decoding = tokio::task::spawn_blocking(move || {
        let plain = match compression.as_str() {
            "" | "identity" => body,
            "gzip" => all(MultiGzDecoder::new(body.as_ref()))?,
            "zstd" => all(zstd::Decoder::new(body.as_ref()).map_err(Error::Decompress)?)?,
            _ => return Err(Error::KnowNoSuchEncoding(compression)),
        };
        match encoding {
            Encoding::Protobuf => T::decode(plain).map_err(Error::DecodeProtobuf),
            Encoding::Json => serde_json::from_slice(&plain).map_err(Error::DecodeJson),
        }
    });
    decoding.await.map_err(Error::Decode)?
}

fn all(compressed: impl Read) -> Result<Bytes, Error> {
    let mut plain = Vec::new();
    let limit = MAX_REQUEST_BYTES as u64 + 1;
    let mut reader = compressed.take(limit);
    reader.read_to_end(&mut plain).map_err(Error::Decompress)?;
    if plain.len() > MAX_REQUEST_BYTES {
        return Err(Error::TakeSoMuch);
    }
    Ok(plain.into())
}

fn header(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
