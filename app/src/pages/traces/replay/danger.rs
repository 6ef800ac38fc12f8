//! What a replay may only call when somebody says so: tools that destroy something, and other agents.

use std::time::Duration;

use futures::future::join_all;
use leptos::prelude::*;

use crate::{
    rows::Id,
    site::{
        Failure, Ports, kubernetes,
        mcp::McpServer,
        replay_form::{ALLOWED, LEAVES_OUT, ReplayForm},
    },
    untrusted::visible,
};

/// How long the list of a server's tools may take.
const LIST_WITHIN: Duration = Duration::from_secs(3);

/// The dangers of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dangers {
    /// As the runtime wants them to be allowed: `server/tool`.
    tools: Vec<String>,
    agents: Vec<String>,
    /// Servers that do not say what their tools do.
    silent: Vec<String>,
}

impl Dangers {
    /// Asks the agent's MCP servers. An agent that is gone has none, and cannot be asked either.
    pub(crate) async fn of(ports: &Ports, agent: &Id) -> Result<Self, Failure> {
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

    #[cfg(test)]
    pub(crate) fn of_tools(tools: &[&str]) -> Self {
        Self {
            tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Whether each tool that destroys something is among those that may be called.
    pub(crate) fn are_allowed(&self, allowed: &[String]) -> bool {
        self.tools.iter().all(|tool| allowed.contains(tool))
    }

    /// A tick for each, and what is wrong with the ticks.
    pub(super) fn view(&self, form: &ReplayForm) -> AnyView {
        let problem = form.problem(ALLOWED);
        let tick = |name: &String, words: String| {
            let is_allowed = form.allowed.contains(name);
            let is_wrong = !problem.is_empty() && !is_allowed && self.tools.contains(name);
            let invalid = is_wrong.then_some("true");
            let described_by = is_wrong.then_some("allowed-error");
            view! {
                <label class="replay-choice">
                    <input
                        type="checkbox"
                        name=ALLOWED
                        value=name.clone()
                        checked=is_allowed
                        aria-invalid=invalid
                        aria-describedby=described_by
                    />
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
        let problem = (!problem.is_empty()).then(|| {
            view! {
                <p class="field-error" id="allowed-error" role="alert">
                    {problem}
                </p>
                <label class="replay-choice">
                    <input type="checkbox" name=LEAVES_OUT value="yes" />
                    <span>
                        "Replay without what is not ticked: it is not called, and the model is told so."
                    </span>
                </label>
            }
        });
        view! {
            {tools}
            {problem}
            {agents}
            {silent}
        }
        .into_any()
    }
}
