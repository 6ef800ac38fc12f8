//! `/memory/…` of an agent.

use axum::{
    Extension, Json, Router,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde::Deserialize;
use serde_json::json;

use super::{AgentMemory, Events, MemoryError};

/// Events listed when the request does not say how many.
const DEFAULT_LIMIT: u32 = 100;
/// Events listed at most.
const MAX_LIMIT: u32 = 1000;

/// The memory of the agent whose [`AgentMemory`] is among the request's extensions, from the agent's
/// root.
pub fn routes() -> Router {
    Router::new()
        .route("/memory/events", get(events))
        .route("/memory/sessions", get(sessions))
        .route("/memory/sessions/{session}", delete(delete_session))
}

#[derive(Deserialize)]
struct EventsQuery {
    limit: Option<u32>,
    session_id: Option<String>,
}

async fn events(
    Extension(memory): Extension<AgentMemory>,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Unavailable> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let Events { events, total } = memory.events(query.session_id.as_deref(), limit).await?;
    Ok(Json(json!({"agent": memory.agent.name, "events": events, "total": total})).into_response())
}

async fn sessions(Extension(memory): Extension<AgentMemory>) -> Result<Response, Unavailable> {
    let sessions = memory.sessions().await?;
    let total = sessions.len();
    Ok(
        Json(json!({"agent": memory.agent.name, "sessions": sessions, "total": total}))
            .into_response(),
    )
}

async fn delete_session(
    Extension(memory): Extension<AgentMemory>,
    Path(session): Path<String>,
) -> Result<Response, Unavailable> {
    if memory.delete_session(&session).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let detail = format!("{} has no session \"{session}\"", memory.agent.name);
    Ok((StatusCode::NOT_FOUND, Json(json!({"detail": detail}))).into_response())
}

/// The memory cannot be read or written.
struct Unavailable(MemoryError);

impl From<MemoryError> for Unavailable {
    fn from(error: MemoryError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = match error {
            MemoryError::Closed => StatusCode::SERVICE_UNAVAILABLE,
            MemoryError::Use { .. } | MemoryError::AwaitAnswer { .. } => {
                tracing::warn!("{error}");
                StatusCode::SERVICE_UNAVAILABLE
            }
            MemoryError::Open { .. }
            | MemoryError::Newer { .. }
            | MemoryError::Read(_)
            | MemoryError::Write(_)
            | MemoryError::Locate { .. }
            | MemoryError::Understand { .. }
            | MemoryError::Full => {
                tracing::error!("{error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        (status, Json(json!({"detail": error.to_string()}))).into_response()
    }
}
