//! The kinds of resources that have pages, and the words and addresses of each.

use serde::{Deserialize, Serialize};

/// Stands for every namespace in paths and topics.
pub const ALL_NAMESPACES: &str = "_all";

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A model with instructions, tools and other agents.
    Agent,
    /// Tools.
    McpServer,
    /// Where models are reached.
    ModelApi,
    /// Keys.
    Secret,
}

impl Kind {
    /// Our own kinds.
    pub const OWN: [Self; 3] = [Self::Agent, Self::McpServer, Self::ModelApi];
    /// All that have pages.
    pub const ALL: [Self; 4] = [Self::Agent, Self::McpServer, Self::ModelApi, Self::Secret];

    /// The kind in a path or topic.
    pub fn of_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// The name in paths, topics and `kubectl`.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Agent => "agents",
            Self::McpServer => "mcpservers",
            Self::ModelApi => "modelapis",
            Self::Secret => "secrets",
        }
    }

    /// The name in a manifest.
    pub fn api_kind(self) -> &'static str {
        match self {
            Self::Agent => "Agent",
            Self::McpServer => "MCPServer",
            Self::ModelApi => "ModelAPI",
            Self::Secret => "Secret",
        }
    }

    /// The version in a manifest.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Agent | Self::McpServer | Self::ModelApi => "kaos.tools/v1alpha1",
            Self::Secret => "v1",
        }
    }

    /// The word inside a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::McpServer => "MCP server",
            Self::ModelApi => "model API",
            Self::Secret => "secret",
        }
    }

    /// The word for more than one.
    pub fn nouns(self) -> &'static str {
        match self {
            Self::Agent => "agents",
            Self::McpServer => "MCP servers",
            Self::ModelApi => "model APIs",
            Self::Secret => "secrets",
        }
    }

    /// The heading of its list.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Agent => "Agents",
            Self::McpServer => "MCP servers",
            Self::ModelApi => "Model APIs",
            Self::Secret => "Secrets",
        }
    }

    /// The list of one namespace.
    pub fn list_href(self, namespace: &str) -> String {
        format!("/ns/{namespace}/{}", self.plural())
    }

    /// The form for a new one.
    pub fn new_href(self, namespace: &str) -> String {
        format!("/ns/{namespace}/{}/new", self.plural())
    }

    /// The page of one.
    pub fn href(self, namespace: &str, name: &str) -> String {
        format!("/ns/{namespace}/{}/{name}", self.plural())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_plural() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_plural(kind.plural()), Some(kind));
        }
        assert_eq!(Kind::of_plural("pods"), None);
    }
}
