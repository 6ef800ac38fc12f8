//! Step 4: says what became of the agent. Pure.

use std::collections::BTreeMap;

use api::resources::AgentStatus;

use super::dereference::Links;
use crate::Kind;
use crate::links::Link;
use crate::report::{Before, Common, Outcome, describe};

/// The agent's status.
pub(super) fn build(outcome: &Outcome, links: &Links, before: &Before<'_>) -> AgentStatus {
    let Common {
        phase,
        ready,
        endpoint,
        message,
        conditions,
        observed_generation,
    } = describe(outcome, before);
    AgentStatus {
        phase,
        ready,
        endpoint,
        message,
        linked_resources: linked(links),
        conditions,
        observed_generation,
    }
}

fn linked(links: &Links) -> BTreeMap<String, String> {
    let entry = |kind: Kind, link: &Link| {
        let state = link.state.as_str().to_owned();
        (format!("{kind}/{}", link.name), state)
    };
    let servers = links.mcp_servers.iter();
    let peers = links.peers.iter();
    std::iter::once(entry(Kind::ModelApi, &links.model_api))
        .chain(servers.map(|link| entry(Kind::McpServer, link)))
        .chain(peers.map(|peer| entry(Kind::Agent, &peer.link)))
        .collect()
}
