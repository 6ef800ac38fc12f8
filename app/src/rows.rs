//! What lists show of each resource, read from the object's JSON.
//!
//! The server and the browser read the same JSON by the same code: the server from the Kubernetes
//! API, the browser from the live socket.

use api::{
    live::{LiveMessage, LiveOp},
    resources::Phase,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How far a resource has come, and why not further.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How far.
    pub phase: Phase,
    /// Why; empty when there is nothing to say.
    pub reason: String,
}

impl State {
    /// The state in the object's status. An object without one has just been created.
    pub fn of(object: &Value) -> Self {
        let phase = object
            .pointer("/status/phase")
            .and_then(|phase| Phase::deserialize(phase).ok())
            .unwrap_or_default();
        let reason = text(object, "/status/message");
        Self { phase, reason }
    }
}

/// A line of a list of resources.
pub trait Row: Clone + PartialEq + Send + Sync + 'static {
    /// Last part of the kind's topic.
    const PLURAL: &'static str;

    /// Reads an object; `None` when it has no name.
    fn of(object: &Value) -> Option<Self>;

    /// Name of the resource.
    fn name(&self) -> &str;
}

/// A line of the list of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the resource's fields")]
pub struct AgentRow {
    pub name: String,
    pub state: State,
    pub description: String,
    pub model: String,
    pub model_api: String,
    pub mcp_servers: Vec<String>,
    pub access: Vec<String>,
    pub created: String,
}

impl Row for AgentRow {
    const PLURAL: &'static str = "agents";

    fn of(object: &Value) -> Option<Self> {
        Some(Self {
            name: name(object)?,
            state: State::of(object),
            description: text(object, "/spec/config/description"),
            model: text(object, "/spec/model"),
            model_api: text(object, "/spec/modelAPI"),
            mcp_servers: texts(object, "/spec/mcpServers"),
            access: texts(object, "/spec/agentNetwork/access"),
            created: text(object, "/metadata/creationTimestamp"),
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A line of the list of model APIs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the resource's fields")]
pub struct ModelApiRow {
    pub name: String,
    pub state: State,
    pub mode: String,
    pub provider: String,
    pub models: Vec<String>,
}

impl Row for ModelApiRow {
    const PLURAL: &'static str = "modelapis";

    fn of(object: &Value) -> Option<Self> {
        let hosted = text(object, "/spec/hostedConfig/model");
        let mut models = texts(object, "/spec/proxyConfig/models");
        if !hosted.is_empty() {
            models.push(hosted);
        }
        Some(Self {
            name: name(object)?,
            state: State::of(object),
            mode: text(object, "/spec/mode"),
            provider: text(object, "/spec/proxyConfig/provider"),
            models,
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A line of the list of MCP servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the resource's fields")]
pub struct McpServerRow {
    pub name: String,
    pub state: State,
    pub runtime: String,
    pub tools: Vec<String>,
}

impl Row for McpServerRow {
    const PLURAL: &'static str = "mcpservers";

    fn of(object: &Value) -> Option<Self> {
        Some(Self {
            name: name(object)?,
            state: State::of(object),
            runtime: text(object, "/spec/runtime"),
            tools: texts(object, "/status/availableTools"),
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A resource of any kind that is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Trouble {
    pub plural: String,
    pub name: String,
    pub state: State,
}

impl Trouble {
    /// The trouble of an object, when it has any.
    pub fn of(plural: &str, object: &Value) -> Option<Self> {
        let state = State::of(object);
        let name = name(object)?;
        (state.phase != Phase::Ready).then(|| Self {
            plural: plural.to_owned(),
            name,
            state,
        })
    }
}

/// Brings the list of what is wrong up to date with one message about objects of the kind `plural`.
pub fn apply_trouble(troubles: &mut Vec<Trouble>, plural: &str, message: &LiveMessage) {
    let is_of = |trouble: &Trouble, object: &Value| {
        trouble.plural == plural && name(object).as_deref() == Some(&trouble.name)
    };
    match message.op {
        LiveOp::Snapshot => {
            troubles.retain(|trouble| trouble.plural != plural);
            let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
            troubles.extend(objects.iter().filter_map(|one| Trouble::of(plural, one)));
        }
        LiveOp::Upsert => {
            troubles.retain(|trouble| !is_of(trouble, &message.data));
            troubles.extend(Trouble::of(plural, &message.data));
        }
        LiveOp::Delete => troubles.retain(|trouble| !is_of(trouble, &message.data)),
    }
    sort_troubles(troubles);
}

/// Puts what needs somebody first: failed, then waiting, then pending.
pub fn sort_troubles(troubles: &mut [Trouble]) {
    let rank = |phase| match phase {
        Phase::Failed => 0,
        Phase::Waiting => 1,
        Phase::Pending => 2,
        Phase::Ready => 3,
    };
    troubles.sort_by(|a, b| {
        let key = |of: &Trouble| (rank(of.state.phase), of.plural.clone(), of.name.clone());
        key(a).cmp(&key(b))
    });
}

/// Brings a list up to date with one message of its topic. Rows stay sorted by name.
pub fn apply<R: Row>(rows: &mut Vec<R>, message: &LiveMessage) {
    match message.op {
        LiveOp::Snapshot => {
            let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
            *rows = objects.iter().filter_map(R::of).collect();
        }
        LiveOp::Upsert => {
            if let Some(row) = R::of(&message.data) {
                match rows.iter_mut().find(|old| old.name() == row.name()) {
                    Some(old) => *old = row,
                    None => rows.push(row),
                }
            }
        }
        LiveOp::Delete => {
            if let Some(gone) = name(&message.data) {
                rows.retain(|row| row.name() != gone);
            }
        }
    }
    rows.sort_by(|a, b| a.name().cmp(b.name()));
}

/// What a message says of one object; `None` when it is about others.
pub fn object_in<'a>(message: &'a LiveMessage, wanted: &str) -> Option<&'a Value> {
    let is_wanted = |object: &&Value| name(object).as_deref() == Some(wanted);
    match message.op {
        LiveOp::Snapshot => message.data.as_array()?.iter().find(is_wanted),
        LiveOp::Upsert => Some(&message.data).filter(is_wanted),
        LiveOp::Delete => None,
    }
}

/// Name of an object.
pub fn name(object: &Value) -> Option<String> {
    Some(object.pointer("/metadata/name")?.as_str()?.to_owned())
}

fn text(object: &Value, pointer: &str) -> String {
    let text = object.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn texts(object: &Value, pointer: &str) -> Vec<String> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
