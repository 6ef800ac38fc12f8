//! An agent's own HTTP endpoints.

use std::{sync::Arc, time::Duration};

use api::{chat::ChatRequest, replay::Replay};
use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{FutureExt, StreamExt, future};
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::{
    Agent, bounds,
    card::{agent_card, original_card},
    conversation,
    error::ChatError,
    events::{FellBehind, Update},
    progress::Form,
    replay,
    respond::{self, Envelope, LastChunk, SESSION_HEADER},
    run::{self, Life},
    start::{self, Started},
};
use crate::{body, memory, telemetry::Exposition, turn::Bounds};

/// The longest request: a conversation with images fits.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// How long a plain client waits for the status of its answer before it gets 200 in any case.
const DECISION: Duration = Duration::from_secs(10);
/// `events`: the client wants the run's events from the first on, and takes errors from the stream.
/// `content`: it wants the original's progress among the words.
const PROGRESS_HEADER: &str = "x-kaos-progress";
/// `detached`: the run goes on when the client goes.
const LIFE_HEADER: &str = "x-kaos-run";

/// Whom a request asks.
type Asked = Extension<Arc<Agent>>;
/// A piece of what a run tells its client.
type Told = Result<Update, FellBehind>;

/// What every agent answers, from its root, about the [`Agent`] among the request's extensions: one
/// router for all of them.
pub(super) fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/metrics", get(metrics))
        .route(
            "/health",
            get(|Extension(agent): Asked| async move { state(&agent, "healthy") }),
        )
        .route(
            "/ready",
            get(|Extension(agent): Asked| async move { state(&agent, "ready") }),
        )
        .route("/.well-known/agent-card.json", get(card))
        // Where A2A had it before.
        .route("/.well-known/agent.json", get(card))
        .route(
            "/.well-known/agent",
            get(|Extension(agent): Asked| async move {
                Json(original_card(&agent.plan, &agent.url(), &agent.tools().0))
            }),
        )
        .merge(memory::routes())
        .fallback(unknown)
}

/// Lets a request that goes to [`router`] know whom it asks.
pub(super) fn address(request: &mut http::Request<Body>, agent: Arc<Agent>) {
    let extensions = request.extensions_mut();
    // The parameters of the path that led here would count as the agent's own.
    extensions.clear();
    extensions.insert(agent.memory.clone());
    extensions.insert(agent);
}

async fn unknown(method: Method, uri: Uri) -> ChatError {
    let path = uri.path().to_owned();
    ChatError::FindPath { method, path }
}

fn state(agent: &Agent, status: &str) -> Json<Value> {
    let timestamp = agent.context.clock.now().as_second();
    Json(json!({"status": status, "name": agent.plan.id.name, "timestamp": timestamp}))
}

async fn card(Extension(agent): Asked) -> Json<Value> {
    Json(agent_card(&agent.plan, &agent.url(), &agent.tools().0))
}

async fn metrics(Extension(agent): Asked, headers: HeaderMap) -> impl IntoResponse {
    let form = Exposition::asked(&headers);
    form.answer(agent.service.exposition(form))
}

async fn models(Extension(agent): Asked) -> Json<Value> {
    let model = json!({"id": agent.plan.model, "object": "model", "owned_by": "kaos"});
    Json(json!({"object": "list", "data": [model]}))
}

async fn chat(Extension(agent): Asked, request: Request) -> Response {
    answer(&agent, request).await
}

/// Answers a question in a conversation.
pub(super) async fn answer(agent: &Arc<Agent>, request: Request) -> Response {
    let (http::request::Parts { headers, .. }, body) = request.into_parts();
    let Parsed {
        request,
        asked,
        bounds,
        replay,
    } = match parse(body, agent).await {
        Ok(parsed) => parsed,
        Err(error) => return error.response(None),
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let session = request
        .session_id
        .clone()
        .or_else(|| text(SESSION_HEADER.as_str()).map(str::to_owned));
    let wants_events = text(PROGRESS_HEADER) == Some("events");
    let form = if text(PROGRESS_HEADER) == Some("content") {
        Form::Content
    } else {
        Form::Field
    };
    let last = match request.stream_options {
        Some(options) if options.include_usage => LastChunk::Usage,
        Some(_) | None => LastChunk::FinishReason,
    };
    let streams = request.streams();

    let life = if text(LIFE_HEADER) == Some("detached") {
        Life::Detached
    } else {
        Life::Attached
    };
    let run = run::Request {
        asked,
        rest: request.rest,
        tools: request.tools,
        bounds,
        session,
        model: request.model,
        streams,
        life,
        replay,
    };
    let run = match start::start(agent, run, &crate::telemetry::extract(&headers)) {
        Ok(run) => run,
        Err((error, trace_id)) => return error.response(Some(trace_id)),
    };
    if !streams {
        return match run.outcome.await {
            Ok(answer) => respond::whole(run.envelope, answer),
            Err(error) => failed(&run.envelope, &error),
        };
    }
    if wants_events {
        return respond::streamed(run, Vec::new(), form, last);
    }
    let envelope = run.envelope.clone();
    match decided(run).await {
        Ok((first, run)) => respond::streamed(run, first, form, last),
        Err(error) => failed(&envelope, &error),
    }
}

fn failed(envelope: &Envelope, error: &ChatError) -> Response {
    let body = error.response(Some(envelope.trace_id.clone()));
    (envelope.headers(), body).into_response()
}

/// A request, checked.
struct Parsed {
    request: ChatRequest,
    asked: conversation::Asked,
    bounds: Bounds,
    replay: Option<Replay>,
}

async fn parse(body: Body, agent: &Agent) -> Result<Parsed, ChatError> {
    let body: Bytes = body::read(body, MAX_BODY_BYTES).await?;
    let mut request: ChatRequest =
        serde_json::from_slice(&body).map_err(|error| ChatError::Parse(error.to_string()))?;
    let asked = conversation::Asked::parse(&request)?;
    let replay = replay::take(&mut request.rest)?;
    let bounds = bounds::lower(bounds::own(&agent.plan), &mut request.rest)?;
    Ok(Parsed {
        request,
        asked,
        bounds,
        replay,
    })
}

/// Waits until the run has its first words or calls, so that a failure before them is an HTTP
/// error, as plain clients expect.
async fn decided(mut run: Started) -> Result<(Vec<Told>, Started), ChatError> {
    let mut first = Vec::new();
    let ended_undecided = async {
        while let Some(update) = run.updates.next().await {
            let decides = update.as_ref().map_or(true, decides);
            first.push(update);
            if decides {
                return false;
            }
        }
        true
    };
    if tokio::time::timeout(DECISION, ended_undecided).await == Ok(true) {
        let answer = run.outcome.await?;
        run.outcome = future::ready(Ok(answer)).boxed();
    }
    Ok((first, run))
}

fn decides(update: &Update) -> bool {
    use api::run::RunEventKind::{
        DelegateFailed, DelegateFinished, DelegateStarted, MessageDelta, ModelFailed,
        ModelFallback, ModelFinished, ModelRetrying, ModelStarted, RunError, RunFinished,
        RunStarted, StepStarted, ToolFailed, ToolFinished, ToolStarted,
    };
    match update {
        Update::Text(_) => true,
        Update::Event(event) => match event.kind {
            RunStarted { .. }
            | StepStarted { .. }
            | ModelStarted { .. }
            | ModelRetrying { .. }
            | ModelFallback { .. }
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
