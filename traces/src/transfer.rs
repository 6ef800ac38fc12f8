//! Traces as files: OTLP in JSON, one trace per line, out of this store and into another one.
//!
//! A file of one trace is one OTLP document, which every receiver takes at `/v1/traces`.

use std::convert::Infallible;

use api::traces::{ReadError, TraceFilter, TraceId, TraceQuery, TraceReader};
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{StreamExt, stream};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde::Deserialize;
use serde_json::json;

use crate::otlp::RETRY_AFTER_SECONDS;
use crate::{Store, WriteError};

/// The largest file taken.
const MAX_FILE_BYTES: usize = 64 << 20;

/// `GET /api/export/traces` and `POST /api/import/traces`.
pub fn transfer(store: Store) -> Router {
    Router::new()
        .route("/api/export/traces", get(export))
        .route("/api/import/traces", post(import))
        .layer(DefaultBodyLimit::max(MAX_FILE_BYTES))
        .with_state(store)
}

/// Which traces to export. Without a trace's id, the newest that match.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// A trace's id, in hex.
    trace: Option<String>,
    session: Option<String>,
    agent: Option<String>,
    model: Option<String>,
    tool: Option<String>,
    service: Option<String>,
    operation: Option<String>,
    namespace: Option<String>,
    /// RFC 3339; the first moment of the window.
    from: Option<jiff::Timestamp>,
    /// RFC 3339; the moment after its last.
    to: Option<jiff::Timestamp>,
    /// `key=value` of an attribute.
    attribute: Option<String>,
    /// At most so many traces, the newest; 100 unless it is said.
    limit: Option<u32>,
}

/// A file was not given or not taken.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("\"{0}\" is no trace id in hex")]
    ReadId(String),
    #[error("the attribute \"{0}\" is not key=value")]
    ReadAttribute(String),
    #[error("no trace matches")]
    FindNothing,
    #[error("the file is larger than {MAX_FILE_BYTES} bytes; split it between lines")]
    TakeSoMuch,
    #[error("failed to read the file: {0}")]
    ReadBody(BytesRejection),
    #[error("document {place} of the file is no OTLP in JSON: {error}; those before it were taken")]
    Decode {
        place: usize,
        error: serde_json::Error,
    },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{error}; {taken} documents were taken, and may be sent again")]
    Write { taken: usize, error: WriteError },
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::ReadId(_) | Self::ReadAttribute(_) | Self::Decode { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::FindNothing => StatusCode::NOT_FOUND,
            Self::TakeSoMuch => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ReadBody(rejection) => rejection.status(),
            Self::Read(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Write {
                error: WriteError::Busy,
                ..
            } => StatusCode::TOO_MANY_REQUESTS,
            Self::Write { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        let body = Json(json!({ "error": self.to_string() }));
        if status == StatusCode::TOO_MANY_REQUESTS {
            return (status, [(RETRY_AFTER, RETRY_AFTER_SECONDS)], body).into_response();
        }
        (status, body).into_response()
    }
}

async fn export(
    State(store): State<Store>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let ids = ids(&store, wanted).await?;
    // The first one before the answer begins, so that a failure can still be told.
    let mut ids = ids.into_iter();
    let first = loop {
        let id = ids.next().ok_or(Error::FindNothing)?;
        if let Some(line) = line(&store, id).await? {
            break line;
        }
    };
    let rest = stream::iter(ids).then(move |id| {
        let store = store.clone();
        async move {
            match line(&store, id).await {
                Ok(line) => line.unwrap_or_default(),
                Err(error) => {
                    tracing::warn!(%error, trace = %id, "a trace is missing in an exported file");
                    Bytes::new()
                }
            }
        }
    });
    let lines = stream::iter([first]).chain(rest).map(Ok::<_, Infallible>);
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson"),
        (CONTENT_DISPOSITION, "attachment; filename=\"traces.jsonl\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

async fn ids(store: &Store, wanted: Wanted) -> Result<Vec<TraceId>, Error> {
    if let Some(text) = wanted.trace {
        let id = TraceId::parse(&text).ok_or(Error::ReadId(text))?;
        return Ok(vec![id]);
    }
    let attributes = wanted.attribute.map(|text| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(Error::ReadAttribute(text)),
    });
    let ns = |time: jiff::Timestamp| u64::try_from(time.as_nanosecond()).unwrap_or(0);
    let query = TraceQuery {
        service: wanted.service,
        operation: wanted.operation,
        namespace: wanted.namespace,
        start_min_ns: wanted.from.map(ns),
        start_max_ns: wanted.to.map(ns),
        attributes: attributes.transpose()?.into_iter().collect(),
        whole: TraceFilter {
            agent: wanted.agent,
            session: wanted.session,
            model: wanted.model,
            tool: wanted.tool,
            ..TraceFilter::default()
        },
        limit: wanted.limit.unwrap_or(0),
        ..TraceQuery::default()
    };
    let found = store.search(&query).await?;
    Ok(found.into_iter().map(|summary| summary.id).collect())
}

/// A trace as one document; none when it was forgotten meanwhile.
async fn line(store: &Store, id: TraceId) -> Result<Option<Bytes>, Error> {
    let Some(trace) = store.stored_trace(id).await? else {
        return Ok(None);
    };
    let document = ExportTraceServiceRequest {
        resource_spans: trace.into_resource_spans(),
    };
    let mut line = serde_json::to_vec(&document).map_err(|error| ReadError::Read {
        what: "the trace",
        reason: error.to_string(),
    })?;
    line.push(b'\n');
    Ok(Some(line.into()))
}

async fn import(
    State(store): State<Store>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<serde_json::Value>, Error> {
    let file = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TakeSoMuch,
        _ => Error::ReadBody(rejection),
    })?;
    let documents = serde_json::Deserializer::from_slice(&file).into_iter();
    let (mut taken, mut n_spans, mut n_rejected) = (0, 0, 0);
    for document in documents {
        let place = taken + 1;
        let document: ExportTraceServiceRequest =
            document.map_err(|error| Error::Decode { place, error })?;
        n_spans += count(&document);
        let written = store.write_traces(document).await;
        n_rejected += written
            .map_err(|error| Error::Write { taken, error })?
            .n_rejected;
        taken = place;
    }
    Ok(Json(
        json!({ "spans": n_spans - n_rejected, "rejectedSpans": n_rejected }),
    ))
}

fn count(document: &ExportTraceServiceRequest) -> u64 {
    let scopes = document
        .resource_spans
        .iter()
        .flat_map(|of| &of.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}
