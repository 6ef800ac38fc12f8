//! A restart looks like nothing happened: what answered before the stop answers before the program
//! says that it is ready.

use std::time::Duration;

use anyhow::Context;
use api::{
    plan::ResourceId,
    resources::{Agent, Phase},
};
use kube::{Api, Client, ResourceExt, api::ListParams};
use runtime::mcp::{McpServers, McpState};
use tokio::sync::broadcast::error::RecvError;

use crate::embedded::Embedded;

/// A tool that takes long to start does not hold up everything else.
const PATIENCE: Duration = Duration::from_secs(10);

/// The agents that answered when the program last stopped.
pub(crate) async fn ready_agents(client: &Client) -> anyhow::Result<Vec<ResourceId>> {
    let agents = Api::<Agent>::all(client.clone())
        .list(&ListParams::default())
        .await
        .context("failed to list agents")?;
    let was_ready = |agent: &Agent| {
        agent
            .status
            .as_ref()
            .is_some_and(|status| status.phase == Phase::Ready)
    };
    Ok(agents
        .iter()
        .filter(|agent| was_ready(agent))
        .map(|agent| ResourceId::new(agent.namespace().unwrap_or_default(), agent.name_any()))
        .collect())
}

/// Waits until these agents answer and no tool is on its way up.
pub(crate) async fn settled(embedded: &Embedded, agents: &[ResourceId]) {
    let settled = async {
        embedded.agents.until_running(agents).await;
        let mut changes = embedded.mcp.changes();
        while is_starting(&embedded.mcp) {
            if let Err(RecvError::Closed) = changes.recv().await {
                return;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, settled).await.is_err() {
        tracing::warn!(
            "not everything is up after {} s; it goes on starting",
            PATIENCE.as_secs()
        );
    }
}

fn is_starting(mcp: &McpServers) -> bool {
    mcp.ids()
        .iter()
        .any(|id| mcp.state(id) == Some(McpState::Starting))
}
