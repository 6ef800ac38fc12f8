//! The agent card: A2A 1.0 and 0.3 in one document, so that both kinds of client can read it.

use api::plan::AgentPlan;
use serde_json::{Value, json};

use crate::mcp::Tool;

/// The card of the agent reached at `url`.
pub(super) fn agent_card(plan: &AgentPlan, url: &str, tools: &[Tool]) -> Value {
    let skills: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "id": tool.name,
                "name": tool.name,
                "description": tool.description,
                "tags": ["tool"],
                "inputSchema": tool.input_schema,
            })
        })
        .collect();
    let text = ["text/plain"];
    json!({
        "name": plan.id.name,
        "description": plan.description,
        "version": env!("CARGO_PKG_VERSION"),
        "supportedInterfaces": [],
        "protocolVersion": "0.3.0",
        "url": url,
        "capabilities": {"streaming": true, "pushNotifications": false},
        "defaultInputModes": text,
        "defaultOutputModes": text,
        "skills": skills,
    })
}

/// The original's card at `/.well-known/agent`.
pub(super) fn original_card(plan: &AgentPlan, url: &str, tools: &[Tool]) -> Value {
    let mut capabilities = vec!["message_processing", "task_execution"];
    if !plan.mcp_servers.is_empty() {
        capabilities.push("tool_execution");
    }
    if !plan.peers.is_empty() {
        capabilities.push("task_delegation");
    }
    let skill = |tool: &Tool| {
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
