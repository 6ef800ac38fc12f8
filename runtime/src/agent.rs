//! Running agents: which there are, and where their endpoints are.

mod ask;
mod attended;
mod bounds;
mod calls;
mod card;
mod conversation;
mod delegation;
mod endpoint;
mod error;
mod events;
mod progress;
mod remedies;
mod replay;
mod respond;
mod run;
mod speech;
mod start;
mod steps;
mod tools;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use api::{
    clock::Clock,
    plan::{AgentPlan, ResourceId},
};
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{Request, StatusCode, Uri};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use uuid::Uuid;

use self::speech::Learned;
use crate::{
    mcp::McpServers,
    memory::{AgentMemory, Memory, MemoryError},
    model::{ModelSettings, Models},
    runs::Runs,
    telemetry::{Pipeline, Service, ServiceTelemetry},
    transport::Transport,
};

/// What all agents of this process share.
pub struct AgentContext {
    /// `http://` and the address agents are reached at, without a path.
    pub base_url: String,
    /// The way to models and other agents.
    pub transport: Transport,
    /// The way to tools.
    pub mcp: McpServers,
    /// Their sessions.
    pub memory: Memory,
    /// Where their telemetry goes.
    pub pipeline: Pipeline,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Runs are spawned here.
    pub tracker: TaskTracker,
    /// Cancels every run.
    pub shutdown: CancellationToken,
}

/// The agents of this process; cheap to clone.
#[derive(Clone)]
pub struct Agents {
    context: Arc<AgentContext>,
    runs: Runs,
    models: Models,
    learned: Learned,
    running: Arc<RwLock<HashMap<ResourceId, Arc<Agent>>>>,
    /// What each of them answers.
    endpoints: Router,
    /// Told after every start.
    started: watch::Sender<()>,
}

/// One agent, ready to be asked.
struct Agent {
    plan: AgentPlan,
    context: Arc<AgentContext>,
    runs: Runs,
    models: Models,
    learned: Learned,
    memory: AgentMemory,
    service: Service,
}

impl Agent {
    /// Where it is reached from outside the process.
    fn url(&self) -> String {
        let ResourceId { namespace, name } = &self.plan.id;
        format!("{}/agents/{namespace}/{name}", self.context.base_url)
    }
}

impl Agents {
    /// No agents yet.
    pub fn new(context: AgentContext) -> Self {
        Self {
            runs: Runs::new(Arc::clone(&context.clock)),
            models: Models::new(
                context.transport.clone(),
                Arc::clone(&context.clock),
                // Processes that failed together must not come back together.
                ModelSettings {
                    jitter_seed: Uuid::new_v4().as_u64_pair().0,
                    ..ModelSettings::default()
                },
            ),
            learned: Learned::default(),
            context: Arc::new(context),
            running: Arc::default(),
            endpoints: endpoint::router(),
            started: watch::Sender::new(()),
        }
    }

    /// Starts an agent, or lets it follow a changed plan. Runs under way keep the plan they began
    /// with.
    pub fn apply(&self, plan: AgentPlan) {
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        let service = match running.get(&plan.id) {
            Some(same) if same.plan == plan => return,
            Some(before) if before.plan.telemetry == plan.telemetry => before.service.clone(),
            Some(_) | None => {
                let ResourceId { namespace, name } = &plan.id;
                let telemetry = ServiceTelemetry::of(&plan.telemetry);
                let pipeline = &self.context.pipeline;
                pipeline.service_with(name, namespace, &telemetry)
            }
        };
        let id = plan.id.clone();
        let memory = self.context.memory.of(&id, &plan.uid, &plan.memory);
        let agent = Arc::new(Agent {
            plan,
            context: Arc::clone(&self.context),
            runs: self.runs.clone(),
            models: self.models.clone(),
            learned: self.learned.clone(),
            memory,
            service,
        });
        running.insert(id, agent);
        drop(running);
        self.started.send_replace(());
    }

    /// Waits until all of these answer.
    pub async fn until_running(&self, ids: &[ResourceId]) {
        let mut started = self.started.subscribe();
        while !ids.iter().all(|id| self.find(id).is_some()) {
            if started.changed().await.is_err() {
                return;
            }
        }
    }

    /// Stops answering for an agent that was deleted, and forgets what it remembers.
    pub async fn remove(&self, id: &ResourceId) -> Result<(), MemoryError> {
        self.stop(id);
        self.context.memory.forget(id).await
    }

    /// Stops answering for an agent. Runs under way end by themselves.
    pub fn stop(&self, id: &ResourceId) {
        self.running
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(id);
    }

    /// What they are asked from outside, while it goes on and for a while after.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Where their telemetry goes.
    pub fn pipeline(&self) -> &Pipeline {
        &self.context.pipeline
    }

    /// `/{namespace}/{name}/…`: what follows is the agent's own path.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{namespace}/{name}/{*path}", any(dispatch))
            .with_state(self.clone())
    }

    /// Answers a question in a conversation with an agent.
    pub(crate) async fn chat(&self, id: &ResourceId, request: Request<Body>) -> Response {
        match self.find(id) {
            Some(agent) => endpoint::answer(&agent, request).await,
            None => not_here(id),
        }
    }

    fn find(&self, id: &ResourceId) -> Option<Arc<Agent>> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        running.get(id).cloned()
    }
}

/// Hands a request to the agent's endpoints, with the path as the agent knows it.
async fn dispatch(
    State(agents): State<Agents>,
    Path((namespace, name, _)): Path<(String, String, String)>,
    mut request: Request<Body>,
) -> Response {
    let id = ResourceId::new(namespace, name);
    let Some(agent) = agents.find(&id) else {
        return not_here(&id);
    };
    match own_path(request.uri()).parse::<Uri>() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
    endpoint::address(&mut request, agent);
    match agents.endpoints.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn not_here(id: &ResourceId) -> Response {
    let message = format!("there is no agent {id} here, or it is not ready yet");
    let error = json!({"message": message, "type": "not_found_error", "param": null,
        "code": "agent_not_found"});
    (StatusCode::NOT_FOUND, Json(json!({"error": error}))).into_response()
}

/// What follows `/{namespace}/{name}`, as it was sent: decoding it would change what it means.
fn own_path(uri: &Uri) -> String {
    let path = uri.path().splitn(4, '/').nth(3).unwrap_or_default();
    match uri.query() {
        Some(query) => format!("/{path}?{query}"),
        None => format!("/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_own_path_keeps_its_escapes() {
        let uri = "/ns/a/memory/sessions/a%20b%2Fc%3Fd%25?limit=1"
            .parse()
            .unwrap();
        assert_eq!(own_path(&uri), "/memory/sessions/a%20b%2Fc%3Fd%25?limit=1");
        assert_eq!(own_path(&"/ns/a/health".parse().unwrap()), "/health");
    }
}
