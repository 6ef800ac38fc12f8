//! Step 2: decides whether an agent can run, and without what.

use api::plan::MemoryPlan;
use api::resources::{AgentSpec, Phase};
use api::validation::validate_agent;

use super::dereference::{Links, Network, PeerLink};
use super::memory::{self, Keys};
use crate::links::{Link, LinkState};
use crate::model_api::DEFAULT_PROVIDER;
use crate::report::{Blocked, Cause, refuse_invalid};

/// What an agent can run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidAgent {
    pub(super) provider: String,
    /// Names of the MCP servers it gets.
    pub(super) mcp_servers: Vec<String>,
    pub(super) peers: Vec<ValidPeer>,
    pub(super) memory: MemoryPlan,
    /// What the spec refers to and the agent does not get, or not yet.
    pub(super) without: Vec<Cause>,
}

/// Another agent it may delegate to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidPeer {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) reach: Reach,
}

/// Whether there is anyone at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Reachable,
    Unreachable,
}

/// Decides by the spec and what it refers to, in that order. `keys` are those of its memory.
pub(super) fn validate(
    name: &str,
    spec: &AgentSpec,
    links: &Links,
    keys: Keys,
) -> Result<ValidAgent, Blocked> {
    refuse_invalid(&validate_agent(name, spec))?;
    let memory = memory::validate(&spec.memory(), keys)?;
    let patience = match spec.wait_for_dependencies {
        Some(false) => Patience::None,
        Some(true) | None => Patience::Waits,
    };
    let mut waiting: Vec<_> = model_api_cause(&links.model_api).into_iter().collect();
    let mut mcp_servers = Vec::new();
    let mut without = Vec::new();
    for link in &links.mcp_servers {
        match judge(link, patience) {
            Judgement::Use => {
                mcp_servers.push(link.name.clone());
                without.extend(missing_tools(&link.name, spec, links));
            }
            Judgement::UseLater(cause) => {
                mcp_servers.push(link.name.clone());
                without.push(cause);
            }
            Judgement::LeaveOut(cause) => without.push(cause),
            Judgement::WaitFor(cause) => waiting.push(cause),
        }
    }
    if !waiting.is_empty() {
        return Err(Blocked::Waiting(waiting));
    }
    without.extend(links.peers.iter().filter_map(peer_cause));
    Ok(ValidAgent {
        provider: links
            .provider
            .clone()
            .unwrap_or_else(|| DEFAULT_PROVIDER.to_owned()),
        mcp_servers,
        peers: links.peers.iter().map(valid_peer).collect(),
        memory,
        without,
    })
}

/// What `waitForDependencies` says.
#[derive(Clone, Copy)]
enum Patience {
    Waits,
    None,
}

/// What to do about an MCP server.
enum Judgement {
    Use,
    UseLater(Cause),
    LeaveOut(Cause),
    WaitFor(Cause),
}

fn judge(link: &Link, patience: Patience) -> Judgement {
    let name = &link.name;
    let (phase, message) = match &link.state {
        LinkState::Missing => {
            let cause = Cause::new(
                "MCPServerNotFound",
                format!("MCPServer {name} does not exist"),
            );
            return match patience {
                Patience::Waits => Judgement::WaitFor(cause),
                Patience::None => Judgement::LeaveOut(cause),
            };
        }
        LinkState::Found { phase, message } => (*phase, message.as_deref()),
    };
    match phase {
        Phase::Ready => Judgement::Use,
        Phase::Failed => Judgement::LeaveOut(Cause::new(
            "MCPServerFailed",
            because(
                format!("without the tools of MCPServer {name}, which has failed"),
                message,
            ),
        )),
        Phase::Pending | Phase::Waiting => {
            let text = because(format!("MCPServer {name} is not ready yet"), message);
            let cause = Cause::new("MCPServerNotReady", text);
            match patience {
                Patience::Waits => Judgement::WaitFor(cause),
                Patience::None => Judgement::UseLater(cause),
            }
        }
    }
}

/// The tools that an agent is given and its server does not have.
fn missing_tools(server: &str, spec: &AgentSpec, links: &Links) -> Option<Cause> {
    let (given, offered) = (spec.mcp_tools.get(server)?, links.tools.get(server)?);
    let missing: Vec<&str> = given
        .iter()
        .filter(|tool| !offered.contains(tool))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let (missing, offered) = (missing.join(", "), offered.join(", "));
    Some(Cause::new(
        "MCPToolNotFound",
        format!("spec.mcpTools: MCPServer {server} has no tool {missing}; it has: {offered}"),
    ))
}

fn model_api_cause(link: &Link) -> Option<Cause> {
    let name = &link.name;
    let (phase, message) = match &link.state {
        LinkState::Missing => {
            let text = format!("ModelAPI {name} does not exist");
            return Some(Cause::new("ModelAPINotFound", text));
        }
        LinkState::Found { phase, message } => (*phase, message.as_deref()),
    };
    match phase {
        Phase::Ready => None,
        Phase::Failed => Some(Cause::new(
            "ModelAPIFailed",
            because(format!("ModelAPI {name} has failed"), message),
        )),
        Phase::Pending | Phase::Waiting => Some(Cause::new(
            "ModelAPINotReady",
            because(format!("ModelAPI {name} is not ready yet"), message),
        )),
    }
}

fn because(fact: String, message: Option<&str>) -> String {
    match message {
        Some(message) => format!("{fact}: {message}"),
        None => fact,
    }
}

fn peer_cause(peer: &PeerLink) -> Option<Cause> {
    let name = &peer.link.name;
    match (&peer.link.state, peer.network) {
        (LinkState::Missing, _) => Some(Cause::new(
            "AgentNotFound",
            format!("Agent {name} does not exist, so nothing can be delegated to it"),
        )),
        (LinkState::Found { .. }, Network::Private) => Some(Cause::new(
            "AgentNotExposed",
            format!(
                "Agent {name} has agentNetwork.expose: false, so nothing can be delegated to it"
            ),
        )),
        (LinkState::Found { phase, message }, Network::Exposed) => match phase {
            Phase::Failed => Some(Cause::new(
                "AgentFailed",
                because(
                    format!("Agent {name} has failed, so nothing can be delegated to it"),
                    message.as_deref(),
                ),
            )),
            // One that waits may still answer as it did before.
            Phase::Pending | Phase::Waiting | Phase::Ready => None,
        },
    }
}

fn valid_peer(peer: &PeerLink) -> ValidPeer {
    ValidPeer {
        name: peer.link.name.clone(),
        description: peer.description.clone(),
        reach: match peer_cause(peer) {
            None => Reach::Reachable,
            Some(_) => Reach::Unreachable,
        },
    }
}

#[cfg(test)]
mod tests;
