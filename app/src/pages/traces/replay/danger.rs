//! What a replay may only call when somebody says so: tools that destroy something, and other agents.

use std::time::Duration;

use futures::future::join_all;
use leptos::prelude::*;

use crate::{
    rows::Id,
    site::{Failure, Ports, kubernetes, mcp::McpServer},
    untrusted::visible,
};

/// How long the list of a server's tools may take.
const LIST_WITHIN: Duration = Duration::from_secs(3);

/// The dangers of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dangers {
    /// As the runtime wants them to be allowed: `server/tool`.
    tools: Vec<String>,
    agents: Vec<String>,
    /// Servers that do not say what their tools do.
    silent: Vec<String>,
}

impl Dangers {
    /// Asks the agent's MCP servers. An agent that is gone has none, and cannot be asked either.
    pub(super) async fn of(ports: &Ports, agent: &Id) -> Result<Self, Failure> {
        let found = kubernetes::agent(&ports.kube, &agent.namespace, &agent.name).await?;
        let Some(found) = found else {
            return Ok(Self::default());
        };
        let asked = found.spec.mcp_servers.iter().map(|server| async move {
            let id = Id {
                namespace: agent.namespace.clone(),
                name: server.clone(),
            };
            let (router, id) = (&ports.agents, &id);
            (server, McpServer { router, id }.tools(LIST_WITHIN).await)
        });
        let mut dangers = Self {
            agents: found.spec.access().to_vec(),
            ..Self::default()
        };
        for (server, tools) in join_all(asked).await {
            match tools {
                Ok(tools) => dangers.tools.extend(
                    tools
                        .iter()
                        .filter(|tool| tool.is_destructive())
                        .map(|tool| format!("{server}/{}", tool.name)),
                ),
                Err(_) => dangers.silent.push(server.clone()),
            }
        }
        Ok(dangers)
    }

    /// A tick for each.
    pub(super) fn view(&self, allowed: &[String]) -> AnyView {
        let tick = |name: &String, words: String| {
            let is_allowed = allowed.contains(name);
            view! {
                <label class="replay-choice">
                    <input type="checkbox" name="allowed" value=name.clone() checked=is_allowed />
                    <span>{words}</span>
                </label>
            }
        };
        let tools = self.tools.iter().map(|name| {
            let words = format!(
                "Allow {}, which says that it destroys something",
                visible(name)
            );
            tick(name, words)
        });
        let agents = self.agents.iter().map(|name| {
            let words = format!("Allow asking {name}, which works with all its tools");
            tick(name, words)
        });
        let (tools, agents) = (tools.collect_view(), agents.collect_view());
        let silent = (!self.silent.is_empty()).then(|| {
            let servers = self.silent.join(", ");
            view! {
                <p class="field-hint">
                    {format!("{servers}: the list of tools cannot be read now. Those that destroy \
                              something will not be called.")}
                </p>
            }
        });
        view! {
            {tools}
            {agents}
            {silent}
        }
        .into_any()
    }
}
