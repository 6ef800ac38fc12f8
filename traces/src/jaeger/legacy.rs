//! The paths before `/api/v3`, which Jaeger's UI and Grafana used for years.
//!
//! Every answer, also a failure, is in the same envelope.

mod shape;

use api::telemetry::{CallReader, Window};
use api::traces::{TraceId, TraceReader};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::Error;
use super::params::{self, Params};
use crate::Store;
use crate::store::StoredTrace;

/// How far back dependencies are counted when the question does not say.
const DEFAULT_LOOKBACK_MS: u64 = 24 * 3_600 * 1_000;

const TRACE_NOT_FOUND: &str = "trace not found";

pub(super) fn routes() -> Router<Store> {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(search))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
}

async fn services(State(store): State<Store>) -> Response {
    answer(async { Ok(Envelope::list(store.services().await?)) }).await
}

async fn operation_names(State(store): State<Store>, Path(service): Path<String>) -> Response {
    answer(async {
        let operations = store.operations(&service).await?;
        let mut names: Vec<_> = operations
            .into_iter()
            .map(|operation| operation.name)
            .collect();
        names.dedup();
        Ok(Envelope::list(names))
    })
    .await
}

async fn operations(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let Some(service) = params.get("service") else {
            return Err(Error::MissParameter(
                "parameter 'service' is required".to_owned(),
            ));
        };
        let mut operations = store.operations(service).await?;
        if let Some(kind) = params.get("spanKind") {
            operations.retain(|operation| operation.span_kind == kind);
        }
        Ok(Envelope::list(operations))
    })
    .await
}

async fn search(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let asked = params
            .all("traceID")
            .map(trace_id)
            .collect::<Result<Vec<_>, _>>()?;
        if !asked.is_empty() {
            return by_ids(&store, asked).await;
        }
        let query = params::legacy_query(&params, store.now_ns())?;
        let found = store.search(&query).await?;
        let ids = found.into_iter().map(|summary| summary.id).collect();
        let traces = store.stored_traces(ids).await?;
        Ok(Envelope::new(traces.iter().map(shape::trace).collect()))
    })
    .await
}

/// Those that are missing are named beside those that are there.
async fn by_ids(store: &Store, asked: Vec<TraceId>) -> Result<Envelope<Vec<shape::Trace>>, Error> {
    let traces = store.stored_traces(asked.clone()).await?;
    let missing = asked
        .iter()
        .filter(|id| !traces.iter().any(|trace| trace.id == **id));
    let errors: Vec<_> = missing
        .map(|id| Failure {
            code: StatusCode::NOT_FOUND.as_u16(),
            msg: TRACE_NOT_FOUND.to_owned(),
            trace_id: Some(*id),
        })
        .collect();
    let mut envelope = Envelope::new(traces.iter().map(shape::trace).collect());
    envelope.errors = (!errors.is_empty()).then_some(errors);
    Ok(envelope)
}

async fn trace(State(store): State<Store>, Path(id): Path<String>) -> Response {
    answer(async {
        let stored = store.stored_trace(trace_id(&id)?).await?;
        let stored = stored.ok_or(Error::FindNothing(TRACE_NOT_FOUND))?;
        Ok(Envelope::new(vec![shape::trace(&stored)]))
    })
    .await
}

/// A trace as an answer has it under `data`.
pub(crate) fn shaped(trace: &StoredTrace) -> impl Serialize + use<> {
    shape::trace(trace)
}

async fn dependencies(State(store): State<Store>, Query(params): Query<Params>) -> Response {
    answer(async {
        let end_ms = params
            .number("endTs")?
            .unwrap_or(store.now_ns() / 1_000_000 + 1);
        let lookback_ms = params.number("lookback")?.unwrap_or(DEFAULT_LOOKBACK_MS);
        let start_ms = end_ms.saturating_sub(lookback_ms);
        let to_ns = |ms: u64| ms.saturating_mul(1_000_000);
        let window = Window {
            from_ns: to_ns(start_ms),
            to_ns: to_ns(end_ms),
        };
        let mut edges = store.service_graph(window).await?.edges;
        if let Some(service) = params.get("service") {
            edges.retain(|edge| edge.caller == service || edge.callee == service);
        }
        Ok(Envelope::new(
            edges
                .into_iter()
                .map(shape::Dependency::new)
                .collect::<Vec<_>>(),
        ))
    })
    .await
}

fn trace_id(text: &str) -> Result<TraceId, Error> {
    let reason = || format!("\"{text}\" is no trace id in hex");
    TraceId::parse(text).ok_or_else(|| Error::malformed("traceID", reason()))
}

/// Around every answer. `total` counts services and operations only, as in Jaeger.
#[derive(Serialize)]
struct Envelope<T> {
    data: Option<T>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<Failure>>,
}

#[derive(Serialize)]
struct Failure {
    code: u16,
    msg: String,
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    trace_id: Option<TraceId>,
}

impl<T> Envelope<T> {
    fn new(data: T) -> Self {
        Self {
            data: Some(data),
            total: 0,
            limit: 0,
            offset: 0,
            errors: None,
        }
    }
}

impl<T> Envelope<Vec<T>> {
    fn list(data: Vec<T>) -> Self {
        let total = data.len();
        Self {
            total,
            ..Self::new(data)
        }
    }
}

async fn answer<T: Serialize>(work: impl Future<Output = Result<Envelope<T>, Error>>) -> Response {
    match work.await {
        Ok(envelope) => Json(envelope).into_response(),
        Err(error) => {
            error.log();
            let failure = Failure {
                code: error.status().as_u16(),
                msg: error.to_string(),
                trace_id: None,
            };
            let envelope = Envelope::<()> {
                data: None,
                total: 0,
                limit: 0,
                offset: 0,
                errors: Some(vec![failure]),
            };
            (error.status(), Json(envelope)).into_response()
        }
    }
}
