//! An agent's own HTTP endpoints.

use std::{sync::Arc, time::Duration};

use api::chat::ChatRequest;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    Agent,
    card::{agent_card, original_card},
    conversation::Asked,
    error::ChatError,
    events::{Events, Update},
    respond::{self, Running, SESSION_HEADER},
    run::{self, Request},
};
use crate::{
    mcp::{McpState, Tool},
    memory,
};

/// The longest request: a conversation with images fits.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// How long a plain client waits for the status of its answer before it gets 200 in any case.
const DECISION: Duration = Duration::from_secs(10);
/// `events`: the client wants the run's events from the first on, and takes errors from the stream.
const PROGRESS_HEADER: &str = "x-kaos-progress";

/// The paths of the agent, from its root.
pub(super) fn router(agent: &Arc<Agent>) -> Router {
    let id = agent.plan.id.clone();
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route(
            "/health",
            get(|State(agent): State<Arc<Agent>>| async move { state(&agent, "healthy") }),
        )
        .route(
            "/ready",
            get(|State(agent): State<Arc<Agent>>| async move { state(&agent, "ready") }),
        )
        .route(
            "/.well-known/agent-card.json",
            get(|State(agent): State<Arc<Agent>>| async move {
                Json(agent_card(&agent.plan, &agent.url(), &tools(&agent)))
            }),
        )
        .route(
            "/.well-known/agent",
            get(|State(agent): State<Arc<Agent>>| async move {
                Json(original_card(&agent.plan, &agent.url(), &tools(&agent)))
            }),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Arc::clone(agent))
        .merge(memory::routes(agent.context.memory.clone(), id))
}

fn state(agent: &Agent, status: &str) -> Json<Value> {
    let timestamp = agent.context.clock.now().as_second();
    Json(json!({"status": status, "name": agent.plan.id.name, "timestamp": timestamp}))
}

fn tools(agent: &Agent) -> Vec<Tool> {
    let servers = agent.plan.mcp_servers.iter();
    servers
        .filter_map(|server| {
            match agent.context.mcp.state(&api::plan::ResourceId::new(
                &agent.plan.id.namespace,
                &server.name,
            )) {
                Some(McpState::Running { tools }) => Some(tools),
                Some(McpState::Starting | McpState::Failed { .. }) | None => None,
            }
        })
        .flatten()
        .collect()
}

async fn models(State(agent): State<Arc<Agent>>) -> Json<Value> {
    let model = json!({"id": agent.plan.model, "object": "model", "owned_by": "kaos"});
    Json(json!({"object": "list", "data": [model]}))
}

async fn chat(
    State(agent): State<Arc<Agent>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (request, asked) = match parse(body) {
        Ok(parsed) => parsed,
        Err(error) => return error.response(None),
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let session = request
        .session_id
        .clone()
        .or_else(|| text(SESSION_HEADER.as_str()).map(str::to_owned));
    let wants_events = text(PROGRESS_HEADER) == Some("events");
    let include_usage = request
        .stream_options
        .is_some_and(|options| options.include_usage);
    let streams = request.streams();

    let (events, updates) = if streams {
        let (events, updates) = Events::heard(&agent.plan.id.name);
        (events, Some(updates))
    } else {
        (Events::unheard(&agent.plan.id.name), None)
    };
    let cancel = agent.context.shutdown.child_token();
    let guard = cancel.clone().drop_guard();
    let parent = crate::telemetry::extract(&headers);
    let run = Request {
        asked,
        rest: request.rest,
        session,
        model: request.model,
        streams,
    };
    let (envelope, outcome) = run::start(&agent, run, events, parent, cancel);
    match updates {
        None => match outcome.await.unwrap_or(Err(ChatError::Cancelled)) {
            Ok(answer) => respond::whole(envelope, answer),
            Err(error) => {
                (envelope.headers(), error.response(Some(envelope.trace_id))).into_response()
            }
        },
        Some(updates) => {
            let running = Running {
                updates,
                outcome,
                guard,
            };
            if wants_events {
                return respond::streamed(envelope, Vec::new(), running, include_usage);
            }
            match decided(running).await {
                Ok((first, running)) => respond::streamed(envelope, first, running, include_usage),
                Err(error) => {
                    (envelope.headers(), error.response(Some(envelope.trace_id))).into_response()
                }
            }
        }
    }
}

fn parse(body: Result<Bytes, BytesRejection>) -> Result<(ChatRequest, Asked), ChatError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ChatError::TooLarge {
            limit: MAX_BODY_BYTES,
        },
        _ => ChatError::Parse(rejection.body_text()),
    })?;
    let request: ChatRequest =
        serde_json::from_slice(&body).map_err(|error| ChatError::Parse(error.to_string()))?;
    let asked = Asked::parse(&request)?;
    Ok((request, asked))
}

/// Waits until the run has its first words or calls, so that a failure before them is an HTTP
/// error, as plain clients expect.
async fn decided(mut running: Running) -> Result<(Vec<Update>, Running), ChatError> {
    let mut first = Vec::new();
    let ended_undecided = async {
        while let Some(update) = running.updates.recv().await {
            let decides = decides(&update);
            first.push(update);
            if decides {
                return false;
            }
        }
        true
    };
    if tokio::time::timeout(DECISION, ended_undecided).await == Ok(true) {
        let outcome = (&mut running.outcome)
            .await
            .unwrap_or(Err(ChatError::Cancelled));
        let (again, receiver) = oneshot::channel();
        // The receiver is right here.
        again.send(Ok(outcome?)).ok();
        running.outcome = receiver;
    }
    Ok((first, running))
}

fn decides(update: &Update) -> bool {
    use api::run::RunEventKind::{
        DelegateFailed, DelegateFinished, DelegateStarted, MessageDelta, ModelFailed,
        ModelFinished, ModelStarted, RunError, RunFinished, RunStarted, StepStarted, ToolFailed,
        ToolFinished, ToolStarted,
    };
    match update {
        Update::Text(_) => true,
        Update::Event(event) => match event.kind {
            RunStarted { .. }
            | StepStarted { .. }
            | ModelStarted { .. }
            | ModelFailed { .. }
            | RunError { .. } => false,
            ModelFinished { .. }
            | ToolStarted { .. }
            | ToolFinished { .. }
            | ToolFailed { .. }
            | DelegateStarted { .. }
            | DelegateFinished { .. }
            | DelegateFailed { .. }
            | MessageDelta { .. }
            | RunFinished { .. } => true,
        },
    }
}
