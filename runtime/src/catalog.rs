//! What an agent's model is offered in one run: tools of MCP servers, and one function for
//! delegation.
//!
//! A model sees one flat list of functions, so names must be unique in it: a tool whose name two
//! servers share is offered as `server_tool`. MCP allows names that functions may not have; such a tool
//! is offered under one that is like it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use api::{chat::ToolDefinition, plan::Peer};
use serde_json::json;

use crate::{mcp::Tool, turn::native::function_name};

/// Name of the function that hands a task to another agent.
pub(crate) const DELEGATE: &str = "delegate";

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
    callers: Arc<[ToolDefinition]>,
    /// All of it as the model is told; written once, though told at each step.
    definitions: OnceLock<Arc<[ToolDefinition]>>,
}

/// A tool of the caller's that cannot be offered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name \"{0}\" in tools is taken; rename that tool")]
pub(crate) struct NameTaken(String);

impl Catalog {
    /// Finds a unique name for each tool.
    pub(crate) fn new(tools: Vec<CatalogTool>, peers: Vec<Peer>) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut taken = HashSet::new();
        if !peers.is_empty() {
            counts.insert(DELEGATE.to_owned(), 1);
            taken.insert(DELEGATE.to_owned());
        }
        for CatalogTool { tool, .. } in &tools {
            *counts.entry(function_name(&tool.name)).or_default() += 1;
        }
        let mut offer = |CatalogTool { server, tool }: &CatalogTool| {
            let own = function_name(&tool.name);
            let shared = counts.get(&own).is_some_and(|count| *count > 1);
            let wanted = if shared {
                function_name(&format!("{server}_{own}"))
            } else {
                own
            };
            let numbered = (2..).map(|number| function_name(&format!("{number}_{wanted}")));
            let mut names = std::iter::once(wanted.clone()).chain(numbered);
            names
                .find(|name| taken.insert(name.clone()))
                .unwrap_or(wanted)
        };
        let tools = tools.into_iter().map(|tool| (offer(&tool), tool)).collect();
        Self {
            tools,
            peers,
            callers: Arc::default(),
            definitions: OnceLock::new(),
        }
    }

    /// Offers the caller's tools too. Each needs a name that nothing else has.
    pub(crate) fn with_callers(
        mut self,
        callers: Arc<[ToolDefinition]>,
    ) -> Result<Self, NameTaken> {
        for (place, tool) in callers.iter().enumerate() {
            let before = &callers[..place];
            let name = &tool.function.name;
            let is_delegation = name == DELEGATE && self.delegates();
            if is_delegation || self.tool(name).is_some() || is_among(before, name) {
                return Err(NameTaken(name.clone()));
            }
        }
        self.callers = callers;
        Ok(self)
    }

    /// Whether the caller makes calls of this name.
    pub(crate) fn is_callers(&self, name: &str) -> bool {
        is_among(&self.callers, name)
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
    pub(crate) fn definitions(&self) -> &Arc<[ToolDefinition]> {
        self.definitions.get_or_init(|| self.define())
    }

    fn define(&self) -> Arc<[ToolDefinition]> {
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

fn is_among(tools: &[ToolDefinition], name: &str) -> bool {
    tools.iter().any(|tool| tool.function.name == name)
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

    fn tool(server: &str, name: &str) -> CatalogTool {
        CatalogTool {
            server: server.into(),
            tool: Arc::new(Tool {
                name: name.to_owned(),
                description: String::new(),
                input_schema: json!({"type": "object"}),
                ..Tool::default()
            }),
        }
    }

    fn offered(tools: &[(&str, &str)]) -> Vec<String> {
        let tools = tools.iter().map(|(server, name)| tool(server, name));
        let peer = Peer {
            name: "analyst".to_owned(),
            description: String::new(),
            url: None,
        };
        let catalog = Catalog::new(tools.collect(), vec![peer]);
        let names = catalog.tools.iter().map(|(offered, _)| offered.clone());
        names.collect()
    }

    #[test]
    fn a_name_that_two_servers_share_is_offered_with_the_servers() {
        let names = offered(&[("a", "add"), ("b", "add"), ("b", "look"), ("c", "delegate")]);
        assert_eq!(names, ["a_add", "b_add", "look", "c_delegate"]);
    }

    #[test]
    fn a_name_that_no_function_may_have_is_offered_under_one_like_it() {
        let names = offered(&[("fs", "files/read"), ("web", "find.it"), ("web", "find/it")]);
        assert_eq!(names, ["files_read", "web_find_it", "2_web_find_it"]);
        let long = "x".repeat(100);
        let names = offered(&[("a", &long), ("a", &long)]);
        assert!(names.iter().all(|name| name.len() == 64), "{names:?}");
        assert_ne!(names[0], names[1]);
        let catalog = Catalog::new(vec![tool("notes", "files.read")], Vec::new());
        let found = catalog.tool("files_read").unwrap();
        assert_eq!(found.tool.name, "files.read");
    }
}
