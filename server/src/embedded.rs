//! Runs resources inside this process: agents as tasks, model APIs as routes, MCP servers as child
//! processes.

use std::sync::LazyLock;

use api::plan::{AgentPlan, McpServerPlan, ModelApiPlan, ResourceId};
use async_trait::async_trait;
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use operator::{Kind, Running, State, WorkloadError, Workloads};
use runtime::{
    agent::Agents,
    endpoints::Endpoints,
    gateway::{Gateway, ModelApiState, PROVIDERS},
    mcp::{McpServers, McpState},
};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

/// The places where resources run.
#[derive(Clone)]
pub(crate) struct Embedded {
    /// `http://` and the address of the one port.
    pub(crate) base_url: String,
    pub(crate) agents: Agents,
    pub(crate) gateway: Gateway,
    pub(crate) mcp: McpServers,
}

impl Embedded {
    /// What is answered for all of them.
    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints::new(&self.agents, &self.gateway, &self.mcp)
    }

    fn running(&self, kind: Kind, id: &ResourceId, state: State) -> Running {
        Running {
            state,
            endpoint: self.endpoint(kind, id),
            tools: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

#[async_trait]
impl Workloads for Embedded {
    async fn apply_agent(&self, plan: AgentPlan) -> Result<Running, WorkloadError> {
        let running = self.running(Kind::Agent, &plan.id, State::Ready);
        self.gateway.limit_agent(&plan.id, plan.usage_limits);
        self.agents.apply(plan);
        Ok(running)
    }

    async fn apply_model_api(&self, plan: ModelApiPlan) -> Result<Running, WorkloadError> {
        let id = plan.id.clone();
        self.gateway.apply(plan);
        let state = match self.gateway.state(&id) {
            Some(ModelApiState::Ready) => State::Ready,
            Some(ModelApiState::Starting(Some(progress))) => State::Progressing(progress),
            Some(ModelApiState::Failed(reason)) => State::Failed(reason),
            Some(ModelApiState::Starting(None)) | None => State::Starting,
        };
        Ok(self.running(Kind::ModelApi, &id, state))
    }

    async fn apply_mcp_server(&self, plan: McpServerPlan) -> Result<Running, WorkloadError> {
        let id = plan.id.clone();
        self.mcp.apply(plan);
        let state = match self.mcp.state(&id) {
            Some(McpState::Running { tools }) => {
                let warnings = tools.iter().filter_map(|tool| tool.warning());
                return Ok(Running {
                    tools: tools.iter().map(|tool| tool.name.clone()).collect(),
                    warnings: warnings.map(str::to_owned).collect(),
                    ..self.running(Kind::McpServer, &id, State::Ready)
                });
            }
            Some(McpState::Failed { message }) => State::Failed(message),
            Some(McpState::NeedsCredentials { message }) => State::NeedsCredentials(message),
            Some(McpState::Starting) | None => State::Starting,
        };
        Ok(self.running(Kind::McpServer, &id, state))
    }

    async fn stop(&self, kind: Kind, id: &ResourceId) -> Result<(), WorkloadError> {
        match kind {
            Kind::Agent => self.agents.stop(id),
            Kind::ModelApi => self.gateway.remove(id),
            Kind::McpServer => self.mcp.remove(id),
        }
        Ok(())
    }

    async fn remove(&self, kind: Kind, id: &ResourceId) -> Result<(), WorkloadError> {
        match kind {
            Kind::Agent => {
                self.gateway.forget_agent(id);
                self.agents.remove(id).await.map_err(|error| {
                    let (id, reason) = (id.clone(), error.to_string());
                    WorkloadError::Remove { kind, id, reason }
                })
            }
            Kind::ModelApi | Kind::McpServer => self.stop(kind, id).await,
        }
    }

    fn endpoint(&self, kind: Kind, id: &ResourceId) -> String {
        let folder = match kind {
            Kind::Agent => "agents",
            Kind::ModelApi => "modelapis",
            Kind::McpServer => "mcpservers",
        };
        format!("{}/{folder}/{}/{}", self.base_url, id.namespace, id.name)
    }

    fn known_providers(&self) -> &[&'static str] {
        static NAMES: LazyLock<Vec<&'static str>> =
            LazyLock::new(|| PROVIDERS.iter().map(|provider| provider.name).collect());
        &NAMES
    }

    fn changes(&self) -> BoxStream<'static, (Kind, ResourceId)> {
        let (mcp, gateway) = (self.mcp.clone(), self.gateway.clone());
        let servers = changed(self.mcp.changes(), move || mcp.ids());
        let model_apis = changed(self.gateway.changes(), move || gateway.ids());
        stream::select(
            servers.map(|id| (Kind::McpServer, id)),
            model_apis.map(|id| (Kind::ModelApi, id)),
        )
        .boxed()
    }
}

/// What changed. When some of it was missed, it could have been about any of them.
fn changed(
    changes: broadcast::Receiver<ResourceId>,
    all: impl Fn() -> Vec<ResourceId> + Send + 'static,
) -> impl Stream<Item = ResourceId> + Send + 'static {
    BroadcastStream::new(changes).flat_map(move |change| {
        stream::iter(match change {
            Ok(id) => vec![id],
            Err(BroadcastStreamRecvError::Lagged(_)) => all(),
        })
    })
}
