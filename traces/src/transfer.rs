//! Traces as files, with their logs: OTLP in JSON, out of this store and into another one.
//!
//! Each line is a document, as OTLP's own files have them: the spans of a trace, and after it its log
//! records, if it has any. Going out, traces can have Jaeger's shape instead, which has no place for log
//! records.

use std::collections::{HashMap, HashSet};
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
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::jaeger::shaped;
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
    /// Ids of traces, in hex, with commas between them.
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
    /// How the file is written.
    format: Format,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A line for each document, which can be imported again.
    #[default]
    Otlp,
    /// One document, as Jaeger's own pages save and open it.
    Jaeger,
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Otlp => "application/x-ndjson",
            Self::Jaeger => "application/json",
        }
    }

    /// How the name of the file ends.
    fn ending(self) -> &'static str {
        match self {
            Self::Otlp => "jsonl",
            Self::Jaeger => "jaeger.json",
        }
    }

    /// What stands before, between and behind the traces.
    fn around(self) -> [&'static str; 3] {
        match self {
            Self::Otlp => ["", "", ""],
            Self::Jaeger => ["{\"data\":[", ",", "]}\n"],
        }
    }
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
    let format = wanted.format;
    let ids = ids(&store, wanted).await?;
    let ending = format.ending();
    let name = match ids.as_slice() {
        [id] => format!("trace-{id}.{ending}"),
        _ => format!("traces.{ending}"),
    };
    let [before, between, behind] = format.around();
    // The first one before the answer begins, so that a failure can still be told.
    let mut ids = ids.into_iter();
    let first = loop {
        let id = ids.next().ok_or(Error::FindNothing)?;
        if let Some(written) = written(&store, id, format, before).await? {
            break written;
        }
    };
    let rest = stream::iter(ids).then(move |id| {
        let store = store.clone();
        async move {
            match written(&store, id, format, between).await {
                Ok(written) => written.unwrap_or_default(),
                Err(error) => {
                    tracing::warn!(%error, trace = %id, "a trace is missing in an exported file");
                    Bytes::new()
                }
            }
        }
    });
    let end = Bytes::from_static(behind.as_bytes());
    let parts = stream::iter([first]).chain(rest).chain(stream::iter([end]));
    let parts = parts.map(Ok::<_, Infallible>);
    let headers = [
        (CONTENT_TYPE, format.content_type().to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

async fn ids(store: &Store, wanted: Wanted) -> Result<Vec<TraceId>, Error> {
    if let Some(text) = wanted.trace {
        let id = |text: &str| TraceId::parse(text).ok_or_else(|| Error::ReadId(text.to_owned()));
        return text.split(',').map(id).collect();
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

/// A trace behind `lead`; none when it was forgotten meanwhile.
async fn written(
    store: &Store,
    id: TraceId,
    format: Format,
    lead: &str,
) -> Result<Option<Bytes>, Error> {
    let Some(trace) = store.stored_trace(id).await? else {
        return Ok(None);
    };
    let mut file = lead.as_bytes().to_vec();
    match format {
        Format::Otlp => {
            let resource_spans = trace.into_resource_spans();
            append(&mut file, &ExportTraceServiceRequest { resource_spans })?;
            file.push(b'\n');
            let resource_logs = store.stored_logs(id).await?;
            if !resource_logs.is_empty() {
                append(&mut file, &ExportLogsServiceRequest { resource_logs })?;
                file.push(b'\n');
            }
        }
        Format::Jaeger => append(&mut file, &shaped(&trace))?,
    }
    Ok(Some(file.into()))
}

fn append(file: &mut Vec<u8>, document: &impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(file, document).map_err(|error| {
        Error::from(ReadError::Read {
            what: "the trace",
            reason: error.to_string(),
        })
    })
}

/// A line of a file: spans, or log records, or both.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    resource_spans: Vec<ResourceSpans>,
    resource_logs: Vec<ResourceLogs>,
}

/// What was taken of a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    spans: u64,
    rejected_spans: u64,
    /// Log records that were not there before.
    logs: u64,
    /// Traces that something came of.
    n_traces: usize,
    /// The first of them, in the order of the file.
    traces: Vec<TraceId>,
}

/// Traces that the answer names.
const MAX_NAMED: usize = 100;

async fn import(
    State(store): State<Store>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Taken>, Error> {
    let file = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TakeSoMuch,
        _ => Error::ReadBody(rejection),
    })?;
    let documents = serde_json::Deserializer::from_slice(&file).into_iter();
    let mut taken = Taken::default();
    let mut traces = HashSet::new();
    for (before, document) in documents.enumerate() {
        let place = before + 1;
        let document: Document = document.map_err(|error| Error::Decode { place, error })?;
        let write = |error| Error::Write {
            taken: before,
            error,
        };
        let n_spans = count(&document.resource_spans);
        for id in ids_of(&document) {
            if traces.insert(id) && taken.traces.len() < MAX_NAMED {
                taken.traces.push(id);
            }
        }
        let resource_spans = document.resource_spans;
        let request = ExportTraceServiceRequest { resource_spans };
        let written = store.write_traces(&request);
        let n_rejected = written.await.map_err(write)?.n_rejected;
        taken.rejected_spans += n_rejected;
        taken.spans += n_spans.saturating_sub(n_rejected);
        let resource_logs = new_logs(&store, document.resource_logs).await?;
        if !resource_logs.is_empty() {
            taken.logs += resource_logs.len() as u64;
            let request = ExportLogsServiceRequest { resource_logs };
            let written = store.write_logs(&request);
            written.await.map_err(write)?;
        }
    }
    taken.n_traces = traces.len();
    Ok(Json(taken))
}

/// The traces of its spans and log records, in their order.
fn ids_of(document: &Document) -> impl Iterator<Item = TraceId> {
    let spans = document
        .resource_spans
        .iter()
        .flat_map(|of| &of.scope_spans);
    let spans = spans.flat_map(|scope| &scope.spans);
    let logs = document.resource_logs.iter().flat_map(|of| &of.scope_logs);
    let logs = logs.flat_map(|scope| &scope.log_records);
    let ids = spans.map(|span| &span.trace_id);
    let ids = ids.chain(logs.map(|record| &record.trace_id));
    ids.filter_map(|id| TraceId::from_slice(id))
}

fn count(resources: &[ResourceSpans]) -> u64 {
    let scopes = resources.iter().flat_map(|of| &of.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}

/// Those log records that the store does not have yet, each by itself: they have no identity, so that a
/// file which is imported twice would double them.
async fn new_logs(store: &Store, sent: Vec<ResourceLogs>) -> Result<Vec<ResourceLogs>, Error> {
    let sent: Vec<_> = sent.into_iter().flat_map(one_by_one).collect();
    let traces: HashSet<_> = sent.iter().filter_map(|(id, _)| *id).collect();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for id in traces {
        let stored = store.stored_logs(id).await?;
        for (_, record) in stored.into_iter().flat_map(one_by_one) {
            *known.entry(record.encode_to_vec()).or_default() += 1;
        }
    }
    let new =
        sent.into_iter()
            .filter_map(|(_, record)| match known.get_mut(&record.encode_to_vec()) {
                Some(n) if *n > 0 => {
                    *n -= 1;
                    None
                }
                _ => Some(record),
            });
    Ok(new.collect())
}

/// Each log record with who sent it, and its trace.
fn one_by_one(of: ResourceLogs) -> impl Iterator<Item = (Option<TraceId>, ResourceLogs)> {
    let ResourceLogs {
        resource,
        scope_logs,
        schema_url,
    } = of;
    scope_logs.into_iter().flat_map(move |scope| {
        let (resource, schema_url) = (resource.clone(), schema_url.clone());
        let alone = move |record: LogRecord| ResourceLogs {
            resource: resource.clone(),
            schema_url: schema_url.clone(),
            scope_logs: vec![ScopeLogs {
                scope: scope.scope.clone(),
                schema_url: scope.schema_url.clone(),
                log_records: vec![record],
            }],
        };
        let records = scope.log_records.into_iter();
        records.map(move |record| (TraceId::from_slice(&record.trace_id), alone(record)))
    })
}
