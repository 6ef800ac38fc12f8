//! A restart looks like nothing happened: what answered before the stop answers before the program
//! says that it is ready.

use std::time::Duration;

use anyhow::Context;
use api::{
    plan::ResourceId,
    resources::{Agent, MCPServer, ModelAPI, Phase},
};
use kube::{Api, Client, Resource, ResourceExt, api::ListParams};
use runtime::mcp::McpState;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast::error::RecvError;

use crate::embedded::Embedded;

/// A tool that takes long to start does not hold up everything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// What answered when the program last stopped.
pub(crate) struct WereReady {
    /// All agents there are, by name and uid.
    pub(crate) known_agents: Vec<(ResourceId, String)>,
    agents: Vec<ResourceId>,
    model_apis: Vec<ResourceId>,
    mcp_servers: Vec<ResourceId>,
}

/// Reads it from the statuses, before the operator writes them anew.
pub(crate) async fn were_ready(client: &Client) -> anyhow::Result<WereReady> {
    let ready = Some(Phase::Ready);
    let agents = list::<Agent>(client).await?;
    let model_apis = list::<ModelAPI>(client).await?;
    let mcp_servers = list::<MCPServer>(client).await?;
    Ok(WereReady {
        known_agents: agents
            .iter()
            .map(|agent| (id_of(agent), agent.uid().unwrap_or_default()))
            .collect(),
        agents: ids(agents, |agent| {
            agent.status.as_ref().map(|status| status.phase) == ready
        }),
        model_apis: ids(model_apis, |api| {
            api.status.as_ref().map(|status| status.phase) == ready
        }),
        mcp_servers: ids(mcp_servers, |server| {
            server.status.as_ref().map(|status| status.phase) == ready
        }),
    })
}

async fn list<K>(client: &Client) -> anyhow::Result<Vec<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let found = Api::<K>::all(client.clone())
        .list(&ListParams::default())
        .await;
    Ok(found
        .with_context(|| format!("failed to list {}", K::plural(&())))?
        .items)
}

fn ids<K: ResourceExt>(objects: Vec<K>, is_ready: impl Fn(&K) -> bool) -> Vec<ResourceId> {
    objects
        .iter()
        .filter(|object| is_ready(object))
        .map(id_of)
        .collect()
}

fn id_of(object: &impl ResourceExt) -> ResourceId {
    ResourceId::new(object.namespace().unwrap_or_default(), object.name_any())
}

/// Waits until all of it answers again, and no tool is on its way up.
pub(crate) async fn settled(embedded: &Embedded, were_ready: &WereReady) {
    let settled = async {
        embedded.gateway.until_serving(&were_ready.model_apis).await;
        let mut changes = embedded.mcp.changes();
        while is_starting(embedded, &were_ready.mcp_servers) {
            if let Err(RecvError::Closed) = changes.recv().await {
                return;
            }
        }
        embedded.agents.until_running(&were_ready.agents).await;
    };
    if tokio::time::timeout(PATIENCE, settled).await.is_err() {
        tracing::warn!(
            "not everything is up after {} s; it goes on starting",
            PATIENCE.as_secs()
        );
    }
}

fn is_starting(embedded: &Embedded, expected: &[ResourceId]) -> bool {
    let known = embedded.mcp.ids();
    let mut all = expected.iter().chain(&known);
    all.any(|id| matches!(embedded.mcp.state(id), None | Some(McpState::Starting)))
}
