//! What the tests of this crate are made of: resources, an API server in memory, recorded workloads.

mod cluster;
mod workloads;

pub(crate) use cluster::Cluster;
pub(crate) use workloads::{Plan, Recorded};

use api::resources::agent::{AgentConfig, AgentNetwork, MemoryConfig, MemoryKind};
use api::resources::model_api::{Mode, ProxyConfig};
use api::resources::{Agent, AgentSpec, KeyRef, MCPServer, McpServerSpec, ModelAPI, ModelApiSpec};

/// The namespace of all fixtures.
pub(crate) const TEAM: &str = "team";

/// An agent that asks the model API `llm`.
pub(crate) fn agent(name: &str) -> Agent {
    let spec = AgentSpec {
        model_api: "llm".to_owned(),
        model: "mock/instant".to_owned(),
        ..AgentSpec::default()
    };
    let mut agent = Agent::new(name, spec);
    agent.metadata.namespace = Some(TEAM.to_owned());
    agent
}

/// An agent that uses MCP servers.
pub(crate) fn agent_with_tools(name: &str, servers: &[&str]) -> Agent {
    let mut agent = agent(name);
    agent.spec.mcp_servers = servers.iter().map(|&name| name.to_owned()).collect();
    agent
}

/// An agent that may delegate.
pub(crate) fn agent_with_peers(name: &str, peers: &[&str]) -> Agent {
    let mut agent = agent(name);
    agent.spec.agent_network = Some(AgentNetwork {
        expose: None,
        access: peers.iter().map(|&name| name.to_owned()).collect(),
    });
    agent
}

/// An agent that remembers in a Redis whose URL is `url` of the Secret `cache`.
pub(crate) fn agent_with_secret(name: &str) -> Agent {
    let mut agent = agent(name);
    let url = KeyRef {
        name: "cache".to_owned(),
        key: "url".to_owned(),
        optional: None,
    };
    agent.spec.config = Some(AgentConfig {
        memory: Some(MemoryConfig {
            kind: MemoryKind::Redis,
            url_secret_ref: Some(url),
            ..MemoryConfig::default()
        }),
        ..AgentConfig::default()
    });
    agent
}

/// A model API with the provider given, and no key.
pub(crate) fn model_api(name: &str, provider: &str) -> ModelAPI {
    let spec = ModelApiSpec {
        proxy_config: Some(ProxyConfig {
            models: vec!["*".to_owned()],
            provider: Some(provider.to_owned()),
            ..ProxyConfig::default()
        }),
        ..ModelApiSpec::of(Mode::Proxy)
    };
    let mut api = ModelAPI::new(name, spec);
    api.metadata.namespace = Some(TEAM.to_owned());
    api
}

/// A model API of `openai` whose key is `api-key` of the Secret `llm-api-key`.
pub(crate) fn model_api_with_secret(name: &str) -> ModelAPI {
    let mut api = model_api(name, "openai");
    let proxy = api.spec.proxy_config.as_mut().unwrap();
    proxy.api_key_secret_ref = Some(KeyRef {
        name: "llm-api-key".to_owned(),
        key: "api-key".to_owned(),
        optional: None,
    });
    api
}

/// An MCP server with one Python function.
pub(crate) fn mcp_server(name: &str) -> MCPServer {
    let spec = McpServerSpec {
        runtime: "python-string".to_owned(),
        params: Some("def echo(message: str) -> str:\n    return message\n".to_owned()),
        ..McpServerSpec::default()
    };
    let mut server = MCPServer::new(name, spec);
    server.metadata.namespace = Some(TEAM.to_owned());
    server
}
