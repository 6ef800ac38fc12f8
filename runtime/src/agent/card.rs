//! The agent card: A2A 1.0 and 0.3 in one document, so that both kinds of client can read it.
//!
//! It promises only what is served. A2A itself is not yet, so the card names no interface of it:
//! `supportedInterfaces` and `additionalInterfaces` are empty, and there is no `preferredTransport`.
//! `url` is where the agent answers OpenAI's chat completions.

use api::plan::AgentPlan;
use serde_json::{Value, json};

use crate::catalog::CatalogTool;

/// What agents read and write.
const MODES: [&str; 1] = ["text/plain"];

/// The card of the agent reached at `url`.
pub(super) fn agent_card(plan: &AgentPlan, url: &str, tools: &[CatalogTool]) -> Value {
    let skill = |CatalogTool { tool, .. }: &CatalogTool| {
        json!({
            "id": tool.name,
            "name": tool.name,
            "description": tool.description,
            "tags": ["tool"],
            "examples": [],
            "inputModes": MODES,
            "outputModes": MODES,
            "inputSchema": tool.input_schema,
        })
    };
    json!({
        "name": plan.id.name,
        "description": plan.description,
        "version": env!("CARGO_PKG_VERSION"),
        "capabilities": {
            "streaming": true,
            "pushNotifications": false,
            "extendedAgentCard": false,
            "stateTransitionHistory": false,
            "extensions": [],
        },
        "defaultInputModes": MODES,
        "defaultOutputModes": MODES,
        "skills": tools.iter().map(skill).collect::<Vec<_>>(),
        // Of 1.0 alone.
        "supportedInterfaces": [],
        "securitySchemes": {},
        "securityRequirements": [],
        // Of 0.3 alone.
        "protocolVersion": "0.3.0",
        "url": url,
        "additionalInterfaces": [],
        "security": [],
        "supportsAuthenticatedExtendedCard": false,
    })
}

/// The original's card at `/.well-known/agent`.
pub(super) fn original_card(plan: &AgentPlan, url: &str, tools: &[CatalogTool]) -> Value {
    let mut capabilities = vec!["message_processing", "task_execution"];
    if !plan.mcp_servers.is_empty() {
        capabilities.push("tool_execution");
    }
    if !plan.peers.is_empty() {
        capabilities.push("task_delegation");
    }
    let skill = |CatalogTool { tool, .. }: &CatalogTool| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.input_schema,
        })
    };
    json!({
        "name": plan.id.name,
        "description": plan.description,
        "url": url,
        "skills": tools.iter().map(skill).collect::<Vec<_>>(),
        "capabilities": capabilities,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use api::{
        plan::{Limits, McpLink, MemoryPlan, Peer, ResourceId, TelemetryPlan},
        resources::{UsageLimits, agent::ToolCallMode},
    };

    use super::*;
    use crate::mcp::Tool;

    const URL: &str = "http://127.0.0.1:8080/agents/default/coordinator";

    fn plan() -> AgentPlan {
        AgentPlan {
            id: ResourceId::new("default", "coordinator"),
            uid: String::new(),
            description: "Leads a team".to_owned(),
            instructions: String::new(),
            model: "mock/scripted".to_owned(),
            fallback_models: Vec::new(),
            model_api_url: "http://127.0.0.1:8080/modelapis/default/llm".to_owned(),
            provider: "mock".to_owned(),
            mcp_servers: vec![McpLink {
                name: "calculator".to_owned(),
                url: "http://127.0.0.1:8080/mcpservers/default/calculator".to_owned(),
                tools: None,
            }],
            peers: vec![Peer {
                name: "analyst".to_owned(),
                description: "Looks at figures".to_owned(),
                url: None,
            }],
            max_steps: 5,
            limits: Limits::default(),
            usage_limits: UsageLimits::default(),
            memory: MemoryPlan::default(),
            tool_call_mode: ToolCallMode::Auto,
            telemetry: TelemetryPlan::default(),
        }
    }

    fn tools() -> Vec<CatalogTool> {
        let tool = Tool {
            name: "add".to_owned(),
            description: "Adds two numbers".to_owned(),
            input_schema: json!({"type": "object", "properties": {"a": {"type": "number"}}}),
            ..Tool::default()
        };
        vec![CatalogTool {
            server: "calculator".into(),
            tool: Arc::new(tool),
        }]
    }

    #[test]
    fn one_card_is_read_by_both_versions_of_a2a() {
        let mut card = agent_card(&plan(), URL, &tools());
        card["version"] = json!("[version]");
        insta::assert_json_snapshot!(card);
    }

    #[test]
    fn the_originals_card_says_what_the_agent_can_do() {
        insta::assert_json_snapshot!(original_card(&plan(), URL, &tools()));
    }
}
