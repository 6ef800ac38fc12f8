//! `/api/runs`: what runs now, what it does, and Stop.

use std::{convert::Infallible, sync::Arc, time::Duration};

use api::{
    chat::{ErrorBody, ErrorDetail},
    run::Gap,
};
use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures::StreamExt;
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Filter, Followed, Record, Runs};

/// Proxies close connections that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The name of the SSE event that says what is gone.
const GAP: &str = "gap";

pub(super) fn router(runs: &Runs) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/{id}", get(one))
        .route("/{id}/events", get(events))
        .route("/{id}/cancel", post(cancel))
        .with_state(runs.clone())
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum RunsError {
    #[error(
        "there is no run \"{0}\"; runs are kept for some minutes after their end, their traces \
         longer"
    )]
    FindRun(String),
    #[error("{0}")]
    ParseQuery(#[from] QueryRejection),
    #[error("the header Last-Event-ID is \"{0}\", which is no number of an event")]
    ParseLastEventId(String),
}

impl IntoResponse for RunsError {
    fn into_response(self) -> Response {
        let (status, kind, code) = match &self {
            Self::FindRun(_) => (StatusCode::NOT_FOUND, "not_found_error", "run_not_found"),
            Self::ParseQuery(_) | Self::ParseLastEventId(_) => (
                StatusCode::BAD_REQUEST,
                "invalid_request_error",
                "invalid_value",
            ),
        };
        let error = ErrorDetail {
            message: self.to_string(),
            kind: kind.to_owned(),
            code: Some(code.to_owned()),
            ..ErrorDetail::default()
        };
        (status, Json(ErrorBody { error })).into_response()
    }
}

async fn list(
    State(runs): State<Runs>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, RunsError> {
    let Query(filter) = filter?;
    Ok(Json(json!({"runs": runs.list(&filter)})).into_response())
}

async fn one(State(runs): State<Runs>, Path(id): Path<String>) -> Result<Response, RunsError> {
    Ok(Json(find(&runs, id)?.summary()).into_response())
}

/// Stops a run. Its events say when it has stopped.
async fn cancel(State(runs): State<Runs>, Path(id): Path<String>) -> Result<Response, RunsError> {
    let run = find(&runs, id)?;
    run.cancel();
    Ok((StatusCode::ACCEPTED, Json(run.summary())).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct After {
    after: u64,
}

/// A run's events from `after` on, until it ends. A browser that lost the connection says itself how
/// far it has read.
async fn events(
    State(runs): State<Runs>,
    Path(id): Path<String>,
    query: Result<Query<After>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, RunsError> {
    let after = match headers.get("last-event-id") {
        None => query?.after,
        Some(seq) => {
            let seq = String::from_utf8_lossy(seq.as_bytes());
            seq.parse()
                .map_err(|_| RunsError::ParseLastEventId(seq.into_owned()))?
        }
    };
    let run = find(&runs, id)?;
    if run.log().ends_at(after) {
        // An empty stream would make a browser's EventSource ask again for ever.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let followed = Arc::clone(run.log()).follow(after);
    let events = followed.map(|followed| Ok::<_, Infallible>(written(&followed)));
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("ping"));
    // Nginx and others buffer a stream unless told not to.
    let unbuffered = [
        ("x-accel-buffering", "no"),
        (header::CACHE_CONTROL.as_str(), "no-cache"),
    ];
    Ok((unbuffered, stream).into_response())
}

fn find(runs: &Runs, id: String) -> Result<Arc<Record>, RunsError> {
    runs.find(&id).ok_or(RunsError::FindRun(id))
}

fn written(followed: &Followed) -> Event {
    match followed {
        Followed::Event(event) => data(Event::default().id(event.seq.to_string()), event),
        Followed::Gap(gap @ Gap { next, .. }) => {
            let id = (next - 1).to_string();
            data(Event::default().event(GAP).id(id), gap)
        }
    }
}

fn data(event: Event, value: &impl Serialize) -> Event {
    // Events always serialise; a comment is the harmless way to be wrong about it.
    event
        .json_data(value)
        .unwrap_or_else(|error| Event::default().comment(error.to_string()))
}
