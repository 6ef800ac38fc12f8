//! The columns of each kind's list.

use serde_json::Value;

use super::{Cell, text, texts};
use crate::kinds::Kind;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name in addresses.
    pub id: &'static str,
    /// What stands above it.
    pub heading: &'static str,
    /// How its values look.
    pub look: Look,
    read: fn(&Value) -> Cell,
}

/// How the values of a column look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As words.
    Plain,
    /// As sentences, quieter.
    Prose,
    /// In letters of one width.
    Code,
    /// As numbers, to the right.
    Number,
}

impl Column {
    /// The column's value of an object.
    pub(super) fn read(&self, object: &Value) -> Cell {
        (self.read)(object)
    }
}

/// The columns of a kind, without state and name, which every list has.
pub fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Agent => &AGENT,
        Kind::McpServer => &MCP_SERVER,
        Kind::ModelApi => &MODEL_API,
        Kind::Secret => &SECRET,
    }
}

const AGENT: [Column; 10] = [
    column("description", "Description", Look::Prose, |agent| {
        Cell::text(text(agent, "/spec/config/description"))
    }),
    column("model", "Model", Look::Code, |agent| {
        Cell::text(text(agent, "/spec/model"))
    }),
    column("modelapi", "Model API", Look::Plain, |agent| {
        names(Kind::ModelApi, vec![text(agent, "/spec/modelAPI")])
    }),
    column("servers", "MCP servers", Look::Plain, |agent| {
        names(Kind::McpServer, texts(agent, "/spec/mcpServers"))
    }),
    column("delegates", "Delegates to", Look::Plain, |agent| {
        names(Kind::Agent, texts(agent, "/spec/agentNetwork/access"))
    }),
    column("runs", "Runs 24 h", Look::Number, measured),
    column("p95", "P95", Look::Number, measured),
    column("errors", "Errors", Look::Number, measured),
    column("telemetry", "Telemetry", Look::Plain, telemetry),
    CREATED,
];

const MCP_SERVER: [Column; 4] = [
    column("runtime", "Runtime", Look::Plain, |server| {
        Cell::text(text(server, "/spec/runtime"))
    }),
    column("tools", "Tools", Look::Code, |server| {
        Cell::texts(texts(server, "/status/availableTools"))
    }),
    column("users", "Used by", Look::Plain, measured),
    CREATED,
];

const MODEL_API: [Column; 5] = [
    column("mode", "Mode", Look::Plain, |api| {
        Cell::text(text(api, "/spec/mode"))
    }),
    column("provider", "Provider", Look::Plain, |api| {
        Cell::text(text(api, "/spec/proxyConfig/provider"))
    }),
    column("models", "Models", Look::Code, models),
    column("users", "Used by", Look::Plain, measured),
    CREATED,
];

const SECRET: [Column; 4] = [
    column("type", "Type", Look::Plain, |secret| {
        Cell::text(text(secret, "/type"))
    }),
    column("keys", "Keys", Look::Code, |secret| {
        let data = secret["data"].as_object();
        Cell::texts(
            data.into_iter()
                .flat_map(|data| data.keys().cloned())
                .collect(),
        )
    }),
    column("users", "Used by", Look::Plain, measured),
    CREATED,
];

const CREATED: Column = column("created", "Created (UTC)", Look::Plain, |object| {
    Cell::Time(text(object, "/metadata/creationTimestamp"))
});

const fn column(
    id: &'static str,
    heading: &'static str,
    look: Look,
    read: fn(&Value) -> Cell,
) -> Column {
    Column {
        id,
        heading,
        look,
        read,
    }
}

fn measured(_: &Value) -> Cell {
    Cell::Measured
}

fn names(kind: Kind, names: Vec<String>) -> Cell {
    let names = names.into_iter().filter(|name| !name.is_empty());
    Cell::names(names.map(|name| (kind, name)).collect())
}

fn telemetry(agent: &Value) -> Cell {
    let enabled = agent.pointer("/spec/config/telemetry/enabled");
    Cell::Text(match enabled.and_then(Value::as_bool) {
        Some(true) => "on".to_owned(),
        Some(false) => "off".to_owned(),
        None => "as KAOS".to_owned(),
    })
}

fn models(api: &Value) -> Cell {
    let mut models = texts(api, "/spec/proxyConfig/models");
    let hosted = text(api, "/spec/hostedConfig/model");
    if !hosted.is_empty() {
        models.push(hosted);
    }
    Cell::texts(models)
}
