//! `/api/v3`: answers are OTLP in JSON, all traces of an answer in one document.

use api::traces::{ServiceCount, TraceId, TraceReader, TraceSummary};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde::Serialize;
use serde_json::{Value, json};

use super::Error;
use super::params::{self, Params};
use crate::Store;
use crate::store::StoredTrace;

pub(super) fn routes() -> Router<Store> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(search))
        .route("/api/v3/traces/{id}", get(trace))
        .route("/api/v3/trace-summaries", get(summaries))
}

async fn services(State(store): State<Store>) -> Response {
    answer(async { Ok(json!({ "services": store.services().await? })) }).await
}

async fn operations(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let mut operations = store
            .operations(params.get("service").unwrap_or_default())
            .await?;
        if let Some(kind) = params.either("spanKind") {
            operations.retain(|operation| operation.span_kind.eq_ignore_ascii_case(kind));
        }
        Ok(json!({ "operations": operations }))
    })
    .await
}

async fn search(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let found = store.search(&params::v3_query(&params)?).await?;
        let ids = found.into_iter().map(|summary| summary.id).collect();
        document(store.stored_traces(ids).await?)
    })
    .await
}

async fn trace(State(store): State<Store>, Path(id): Path<String>) -> Response {
    answer(async {
        let id = trace_id(&id).ok_or_else(|| {
            let reason = format!("\"{id}\" is no trace id in hex or base64");
            Error::malformed("trace_id", reason)
        })?;
        document(store.stored_trace(id).await?.into_iter().collect())
    })
    .await
}

async fn summaries(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let found = store.search(&params::v3_query(&params)?).await?;
        let summaries: Vec<_> = found.iter().map(Summary::new).collect();
        Ok(Summaries { summaries })
    })
    .await
}

async fn answer<T: Serialize>(work: impl Future<Output = Result<T, Error>>) -> Response {
    match work.await {
        Ok(body) => Json(body).into_response(),
        Err(error) => {
            error.log();
            let status = error.status();
            let details = json!({ "httpCode": status.as_u16(), "message": error.to_string() });
            (status, Json(json!({ "error": details }))).into_response()
        }
    }
}

fn trace_id(text: &str) -> Option<TraceId> {
    TraceId::parse(text).or_else(|| {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        TraceId::from_slice(&bytes)
    })
}

fn document(traces: Vec<StoredTrace>) -> Result<Value, Error> {
    if traces.is_empty() {
        return Err(Error::FindNothing("No traces found"));
    }
    let mut resource_spans: Vec<_> = traces
        .into_iter()
        .flat_map(StoredTrace::into_resource_spans)
        .collect();
    // Jaeger never leaves the status out.
    let scopes = resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans);
    for span in scopes.flat_map(|of| &mut of.spans) {
        span.status.get_or_insert_default();
    }
    Ok(json!({ "result": TracesData { resource_spans } }))
}

#[derive(Serialize)]
struct Summaries {
    summaries: Vec<Summary>,
}

/// 64-bit integers are strings, as in all JSON made from protobuf.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    trace_id: TraceId,
    root_service_name: String,
    root_operation_name: String,
    min_start_time_unix_nano: String,
    max_end_time_unix_nano: String,
    span_count: u64,
    error_span_count: u64,
    orphan_span_count: u64,
    services: Vec<SummaryService>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryService {
    name: String,
    span_count: u64,
    error_span_count: u64,
}

impl Summary {
    fn new(summary: &TraceSummary) -> Self {
        Self {
            trace_id: summary.id,
            root_service_name: summary.root_service.clone(),
            root_operation_name: summary.root_name.clone(),
            min_start_time_unix_nano: summary.start_ns.to_string(),
            max_end_time_unix_nano: summary.end_ns.to_string(),
            span_count: summary.n_spans,
            error_span_count: summary.n_errors,
            orphan_span_count: summary.n_orphans,
            services: summary.services.iter().map(SummaryService::new).collect(),
        }
    }
}

impl SummaryService {
    fn new(count: &ServiceCount) -> Self {
        Self {
            name: count.name.clone(),
            span_count: count.n_spans,
            error_span_count: count.n_errors,
        }
    }
}
