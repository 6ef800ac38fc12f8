//! What the watches know: every object of the three kinds, and who refers to whom.

use api::plan::ResourceId;
use api::resources::{Agent, MCPServer, ModelAPI, Phase, ValueSource};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::store::WriterDropped;
use kube::runtime::reflector::{Lookup, ObjectRef, Store};

use crate::Kind;
use crate::keys::Place;
use crate::mcp_server;
use crate::watch::id_of;

/// An object as it is stored, which may be malformed: one that is must not hide the others.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// The latest known state of every object.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) agents: Store<Guarded<Agent>>,
    pub(crate) model_apis: Store<Guarded<ModelAPI>>,
    pub(crate) mcp_servers: Store<Guarded<MCPServer>>,
}

impl Stores {
    /// Waits for the first complete list of each kind, before which everything would look missing.
    pub(crate) async fn complete(&self) -> Result<(), WriterDropped> {
        self.agents.wait_until_ready().await?;
        self.model_apis.wait_until_ready().await?;
        self.mcp_servers.wait_until_ready().await
    }
}

/// The reference of an object in a store.
pub(crate) fn reference<K: Lookup<DynamicType = ()>>(id: &ResourceId) -> ObjectRef<K> {
    ObjectRef::new(&id.name).within(&id.namespace)
}

/// A resource that another one refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) state: LinkState,
}

/// How far a resource has come that another one refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    Missing,
    Found {
        phase: Phase,
        message: Option<String>,
    },
}

impl LinkState {
    /// The word shown under `linkedResources`.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Missing => "Missing",
            Self::Found { phase, .. } => phase.as_str(),
        }
    }
}

/// What has to be reconciled when an agent was touched: itself, and those that may delegate to it.
pub(crate) fn after_agent(stores: &Stores, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    let users = agents(stores, &id.namespace, |agent| {
        agent.spec.access().contains(&id.name)
    });
    with_users(Kind::Agent, id, users)
}

/// What has to be reconciled when a model API was touched: itself, and the agents that ask it.
pub(crate) fn after_model_api(stores: &Stores, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    let users = agents(stores, &id.namespace, |agent| {
        agent.spec.model_api == id.name
    });
    with_users(Kind::ModelApi, id, users)
}

/// What has to be reconciled when an MCP server was touched: itself, and the agents that use it.
pub(crate) fn after_mcp_server(stores: &Stores, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    let users = agents(stores, &id.namespace, |agent| {
        agent.spec.mcp_servers.contains(&id.name)
    });
    with_users(Kind::McpServer, id, users)
}

/// What has to be reconciled when a Secret was touched: everything that reads it.
pub(crate) fn after_secret(stores: &Stores, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    readers(stores, Place::Secret, id)
}

/// What has to be reconciled when a `ConfigMap` was touched: as after a Secret.
/// The registry of runtimes is everybody's.
pub(crate) fn after_config_map(stores: &Stores, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    let mut readers = readers(stores, Place::ConfigMap, id);
    if mcp_server::is_registry(id) {
        let all = stores.mcp_servers.state();
        readers.extend(all.iter().map(|object| (Kind::McpServer, id_of(&**object))));
    }
    readers
}

fn readers(stores: &Stores, place: Place, id: &ResourceId) -> Vec<(Kind, ResourceId)> {
    let reads = |source: &ValueSource| place.is_read_by(source, &id.name);
    let model_apis = stores
        .model_apis
        .state_filter(|object| {
            matches!(&object.0, Ok(api) if id_of(api).namespace == id.namespace
                && api.spec.sources().iter().any(reads))
        })
        .into_iter()
        .map(|object| (Kind::ModelApi, id_of(&*object)));
    let mcp_servers = stores
        .mcp_servers
        .state_filter(|object| {
            matches!(&object.0, Ok(server) if id_of(server).namespace == id.namespace
                && server.spec.sources().any(reads))
        })
        .into_iter()
        .map(|object| (Kind::McpServer, id_of(&*object)));
    let agents = agents(stores, &id.namespace, |agent| {
        agent.spec.sources().iter().any(reads)
    });
    let agents = agents.map(|agent| (Kind::Agent, agent));
    model_apis.chain(mcp_servers).chain(agents).collect()
}

fn with_users(
    kind: Kind,
    id: &ResourceId,
    users: impl Iterator<Item = ResourceId>,
) -> Vec<(Kind, ResourceId)> {
    let users = users.filter(|user| kind != Kind::Agent || user != id);
    std::iter::once((kind, id.clone()))
        .chain(users.map(|user| (Kind::Agent, user)))
        .collect()
}

fn agents(
    stores: &Stores,
    namespace: &str,
    uses: impl Fn(&Agent) -> bool,
) -> impl Iterator<Item = ResourceId> {
    let found = stores.agents.state_filter(|object| {
        matches!(&object.0, Ok(agent) if agent.metadata.namespace.as_deref() == Some(namespace)
            && uses(agent))
    });
    found.into_iter().map(|object| id_of(&*object))
}

#[cfg(test)]
mod tests;
