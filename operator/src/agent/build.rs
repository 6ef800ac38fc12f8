//! Step 3: builds the plan. Pure, and cannot fail, because everything was decided before.

use api::plan::{AgentPlan, Limits, McpLink, Peer, ResourceId, TelemetryPlan};
use api::resources::Agent;

use super::validate::{Reach, ValidAgent};
use crate::Kind;

/// The plan of the agent `id`; `endpoint` says where resources of its namespace answer.
pub(super) fn build(
    id: &ResourceId,
    agent: &Agent,
    valid: &ValidAgent,
    endpoint: &dyn Fn(Kind, &str) -> String,
) -> AgentPlan {
    let spec = &agent.spec;
    AgentPlan {
        id: id.clone(),
        uid: agent.metadata.uid.clone().unwrap_or_default(),
        description: spec.description().to_owned(),
        instructions: spec.instructions().to_owned(),
        model: spec.model.clone(),
        fallback_models: spec.fallback_models().to_vec(),
        model_api_url: endpoint(Kind::ModelApi, &spec.model_api),
        provider: valid.provider.clone(),
        mcp_servers: valid
            .mcp_servers
            .iter()
            .map(|name| McpLink {
                name: name.clone(),
                url: endpoint(Kind::McpServer, name),
                tools: spec.mcp_tools.get(name).cloned(),
            })
            .collect(),
        peers: valid
            .peers
            .iter()
            .map(|peer| Peer {
                name: peer.name.clone(),
                description: peer.description.clone(),
                url: match peer.reach {
                    Reach::Reachable => Some(endpoint(Kind::Agent, &peer.name)),
                    Reach::Unreachable => None,
                },
            })
            .collect(),
        max_steps: spec.max_steps(),
        limits: Limits::of(&spec.task_config()),
        usage_limits: spec.limits(),
        memory: valid.memory.clone(),
        tool_call_mode: spec
            .config
            .as_ref()
            .and_then(|config| config.tool_call_mode)
            .unwrap_or_default(),
        telemetry: TelemetryPlan::of(spec.telemetry()),
    }
}

#[cfg(test)]
mod tests {
    use api::plan::MemoryPlan;
    use api::resources::agent::ToolCallMode;

    use super::super::validate::ValidPeer;
    use super::*;
    use crate::fixtures;

    #[test]
    fn a_plan_holds_the_addresses_of_all_that_can_be_reached() {
        let mut coordinator = fixtures::agent("coordinator");
        coordinator.metadata.uid = Some("one-of-two".to_owned());
        let peer = |name: &str, reach| ValidPeer {
            name: name.to_owned(),
            description: format!("the {name}"),
            reach,
        };
        let valid = ValidAgent {
            provider: "mock".to_owned(),
            mcp_servers: vec!["notes".to_owned()],
            peers: vec![
                peer("researcher", Reach::Reachable),
                peer("nobody", Reach::Unreachable),
            ],
            memory: MemoryPlan::default(),
            without: Vec::new(),
        };
        let id = ResourceId::new("team", "coordinator");
        let plan = build(&id, &coordinator, &valid, &|kind, name| {
            format!("http://kaos/{kind}/{name}")
        });
        assert_eq!(plan.uid, "one-of-two");
        assert_eq!(plan.model_api_url, "http://kaos/ModelAPI/llm");
        assert_eq!(plan.mcp_servers[0].url, "http://kaos/MCPServer/notes");
        assert_eq!(
            plan.peers[0].url.as_deref(),
            Some("http://kaos/Agent/researcher")
        );
        assert_eq!(plan.peers[1].url, None);
        assert_eq!(plan.max_steps, 5);
        assert_eq!(plan.tool_call_mode, ToolCallMode::Auto);
    }
}
