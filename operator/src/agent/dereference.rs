//! Step 1: looks up what an agent refers to, in what the watches know.

use std::collections::{HashMap, HashSet};

use api::plan::ResourceId;
use api::resources::{Agent, AgentSpec, MCPServer, ModelAPI, Phase};
use kube::Resource;
use kube::runtime::reflector::Store;

use crate::links::{Guarded, Link, LinkState, Stores, reference};

/// Everything an agent refers to, each once, in the order of the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) model_api: Link,
    /// Name of the provider behind the model API, where that says it.
    pub(super) provider: Option<String>,
    pub(super) mcp_servers: Vec<Link>,
    /// What each of those offers that says so.
    pub(super) tools: HashMap<String, Vec<String>>,
    pub(super) peers: Vec<PeerLink>,
}

/// Another agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PeerLink {
    pub(super) link: Link,
    pub(super) description: String,
    pub(super) network: Network,
}

/// Whether an agent lets others reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Exposed,
    Private,
}

/// Looks up everything `spec` refers to. What is missing is part of the answer.
pub(super) fn dereference(namespace: &str, spec: &AgentSpec, stores: &Stores) -> Links {
    let id = |name: &str| ResourceId::new(namespace, name);
    let model_api = find(&stores.model_apis, &id(&spec.model_api));
    let provider = match &model_api {
        Found::Object(api) => provider(api),
        Found::Nothing | Found::Malformed(_) => None,
    };
    let mcp_servers: Vec<_> = once_each(&spec.mcp_servers)
        .map(|name| (name.to_owned(), find(&stores.mcp_servers, &id(name))))
        .collect();
    Links {
        model_api: Link {
            name: spec.model_api.clone(),
            state: model_api.state(model_api_state),
        },
        provider,
        tools: mcp_servers
            .iter()
            .filter_map(|(name, found)| Some((name.clone(), offered(found)?)))
            .collect(),
        mcp_servers: mcp_servers
            .into_iter()
            .map(|(name, found)| Link {
                name,
                state: found.state(mcp_server_state),
            })
            .collect(),
        peers: once_each(spec.access())
            .map(|name| peer(name, &find(&stores.agents, &id(name))))
            .collect(),
    }
}

fn once_each(names: &[String]) -> impl Iterator<Item = &str> {
    let mut seen = HashSet::new();
    names
        .iter()
        .map(String::as_str)
        .filter(move |name| seen.insert(*name))
}

fn peer(name: &str, found: &Found<Agent>) -> PeerLink {
    let (description, exposed) = match found {
        Found::Object(agent) => (agent.spec.description(), agent.spec.exposed()),
        Found::Nothing | Found::Malformed(_) => ("", true),
    };
    PeerLink {
        link: Link {
            name: name.to_owned(),
            state: found.state(agent_state),
        },
        description: description.to_owned(),
        network: if exposed {
            Network::Exposed
        } else {
            Network::Private
        },
    }
}

fn provider(api: &ModelAPI) -> Option<String> {
    api.spec.proxy_config.as_ref()?.provider.clone()
}

/// What a store has under a name.
enum Found<K> {
    Nothing,
    Malformed(String),
    Object(K),
}

impl<K> Found<K> {
    fn state(&self, of: impl FnOnce(&K) -> (Phase, Option<String>)) -> LinkState {
        let (phase, message) = match self {
            Self::Nothing => return LinkState::Missing,
            Self::Malformed(error) => (Phase::Failed, Some(error.clone())),
            Self::Object(object) => of(object),
        };
        LinkState::Found { phase, message }
    }
}

fn find<K>(store: &Store<Guarded<K>>, id: &ResourceId) -> Found<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    match store.get(&reference(id)) {
        None => Found::Nothing,
        Some(object) => match &object.0 {
            Ok(object) => Found::Object(object.clone()),
            Err(error) => Found::Malformed(error.to_string()),
        },
    }
}

fn model_api_state(api: &ModelAPI) -> (Phase, Option<String>) {
    let status = api.status.clone().unwrap_or_default();
    (status.phase, status.message)
}

fn mcp_server_state(server: &MCPServer) -> (Phase, Option<String>) {
    let status = server.status.clone().unwrap_or_default();
    (status.phase, status.message)
}

/// The names of a server's tools, while it runs.
fn offered(found: &Found<MCPServer>) -> Option<Vec<String>> {
    match found {
        Found::Object(server) => Some(server.status.as_ref()?.available_tools.clone()),
        Found::Nothing | Found::Malformed(_) => None,
    }
}

fn agent_state(agent: &Agent) -> (Phase, Option<String>) {
    let status = agent.status.clone().unwrap_or_default();
    (status.phase, status.message)
}
