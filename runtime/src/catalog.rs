//! What an agent's model is offered in one run: tools of MCP servers, and one function for
//! delegation.
//!
//! A model sees one flat list of functions, so names must be unique in it: a tool whose name two
//! servers share is offered as `server_tool`.

use std::{collections::HashMap, sync::Arc};

use api::{chat::ToolDefinition, plan::Peer};
use serde_json::json;

use crate::mcp::Tool;

/// Name of the function that hands a task to another agent.
pub(crate) const DELEGATE: &str = "delegate";

/// Characters of a function's name that all providers accept.
const MAX_FUNCTION_NAME: usize = 64;

/// A tool, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CatalogTool {
    /// Name of the `MCPServer`.
    pub(crate) server: Arc<str>,
    /// The tool as that describes it.
    pub(crate) tool: Arc<Tool>,
}

/// Everything the model may call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    /// Tools by the name they are offered under, in the order of offering.
    tools: Vec<(String, CatalogTool)>,
    peers: Vec<Peer>,
    /// Tools the caller of the run makes itself.
    callers: Vec<ToolDefinition>,
}

/// A tool of the caller's that cannot be offered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name \"{0}\" in tools is taken; rename that tool")]
pub(crate) struct NameTaken(String);

impl Catalog {
    /// Finds a unique name for each tool.
    pub(crate) fn new(tools: Vec<CatalogTool>, peers: Vec<Peer>) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        if !peers.is_empty() {
            counts.insert(DELEGATE.to_owned(), 1);
        }
        for CatalogTool { tool, .. } in &tools {
            *counts.entry(function_name(&tool.name)).or_default() += 1;
        }
        let tools = tools
            .into_iter()
            .map(|of_server| {
                let name = function_name(&of_server.tool.name);
                let shared = counts.get(&name).is_some_and(|count| *count > 1);
                let offered = if shared {
                    function_name(&format!("{}_{name}", of_server.server))
                } else {
                    name
                };
                (offered, of_server)
            })
            .collect();
        Self {
            tools,
            peers,
            callers: Vec::new(),
        }
    }

    /// Offers the caller's tools too. Each needs a name that nothing else has.
    pub(crate) fn with_callers(mut self, callers: Vec<ToolDefinition>) -> Result<Self, NameTaken> {
        for tool in callers {
            let name = &tool.function.name;
            let is_delegation = name == DELEGATE && self.delegates();
            if is_delegation || self.tool(name).is_some() || self.is_callers(name) {
                return Err(NameTaken(name.clone()));
            }
            self.callers.push(tool);
        }
        Ok(self)
    }

    /// Whether the caller makes calls of this name.
    pub(crate) fn is_callers(&self, name: &str) -> bool {
        self.callers.iter().any(|tool| tool.function.name == name)
    }

    /// The tool offered under this name.
    pub(crate) fn tool(&self, offered: &str) -> Option<&CatalogTool> {
        self.tools
            .iter()
            .find(|(name, _)| name == offered)
            .map(|(_, tool)| tool)
    }

    /// The agent of this name, if it may be asked.
    pub(crate) fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.name == name)
    }

    /// Whether tasks can be handed to other agents.
    pub(crate) fn delegates(&self) -> bool {
        !self.peers.is_empty()
    }

    /// The names of all functions, for an answer to a model that invents one.
    pub(crate) fn function_names(&self) -> String {
        let delegate = self.delegates().then_some(DELEGATE);
        let callers = self.callers.iter().map(|tool| tool.function.name.as_str());
        let tools = self.tools.iter().map(|(name, _)| name.as_str());
        join(tools.chain(delegate).chain(callers))
    }

    /// The names of all agents that may be asked.
    pub(crate) fn peer_names(&self) -> String {
        join(self.peers.iter().map(|peer| peer.name.as_str()))
    }

    /// The functions, as the model is told of them.
    pub(crate) fn definitions(&self) -> Vec<ToolDefinition> {
        let delegate = self.delegates().then(|| self.delegate_definition());
        let tools = self.tools.iter().map(|(name, CatalogTool { tool, .. })| {
            ToolDefinition::function(name, &tool.description, tool.input_schema.clone())
        });
        let callers = self.callers.iter().cloned();
        delegate.into_iter().chain(tools).chain(callers).collect()
    }

    fn delegate_definition(&self) -> ToolDefinition {
        let names: Vec<&str> = self.peers.iter().map(|peer| peer.name.as_str()).collect();
        let describe = |peer: &Peer| {
            let state = if peer.url.is_some() {
                ""
            } else {
                " (unavailable)"
            };
            format!("- {}{state}: {}", peer.name, peer.description)
        };
        let agents: Vec<String> = self.peers.iter().map(describe).collect();
        let agents = agents.join("\n");
        ToolDefinition::function(
            DELEGATE,
            format!("Hand a task to another agent and get its answer. Agents:\n{agents}"),
            json!({
                "type": "object",
                "properties": {
                    "agent": {
                        "type": "string",
                        "enum": names,
                        "description": "The agent that is to do the task"
                    },
                    "task": {
                        "type": "string",
                        "description": "The task, with everything the agent needs to know"
                    }
                },
                "required": ["agent", "task"]
            }),
        )
    }
}

/// A tool's name as the name of a function: providers refuse a whole request for one that has other
/// characters in it or is longer.
fn function_name(name: &str) -> String {
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || "_-".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().take(MAX_FUNCTION_NAME).map(fits).collect()
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_offered_under_a_name_of_its_own_that_providers_accept() {
        let tool = |server: &str, name: &str| CatalogTool {
            server: server.into(),
            tool: Arc::new(Tool {
                name: name.to_owned(),
                description: String::new(),
                input_schema: json!({"type": "object"}),
                ..Tool::default()
            }),
        };
        let catalog = Catalog::new(
            vec![
                tool("notes", "files.read"),
                tool("notes", "add"),
                tool("math", "add"),
            ],
            Vec::new(),
        );
        let definitions = catalog.definitions();
        let names: Vec<_> = definitions
            .iter()
            .map(|tool| tool.function.name.as_str())
            .collect();
        assert_eq!(names, ["files_read", "notes_add", "math_add"]);
        let found = catalog.tool("files_read").unwrap();
        assert_eq!(found.tool.name, "files.read");
    }
}
