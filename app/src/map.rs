//! Who calls whom: the resources of a namespace as a graph, and where each of them stands.
//!
//! The server and the browser draw the same picture by the same code, whoever looks at it.

mod layout;
mod order;
mod traffic;

pub use layout::{Layout, NODE_HEIGHT, NODE_WIDTH, Place, lay_out};
pub use traffic::{Flow, Traffic, Use as EdgeUse};

use std::collections::{BTreeMap, BTreeSet};

use api::live::{LiveMessage, LiveOp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    kinds::Kind,
    relations::{Use, references},
    rows::{Id, State, text, texts},
};

/// A resource as the map knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thing {
    /// Its kind.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
    /// How it is.
    pub state: State,
    /// What it is about, in a few words.
    pub line: String,
    /// What it mentions.
    uses: Vec<(Kind, String)>,
}

impl Thing {
    /// Reads an object; `None` when it has no name.
    pub fn of(kind: Kind, object: &Value) -> Option<Self> {
        let line = match kind {
            Kind::Agent => text(object, "/spec/model"),
            Kind::McpServer => {
                let tools = texts(object, "/status/availableTools");
                crate::format::counted(tools.len() as u64, "tool", "tools")
            }
            Kind::ModelApi => {
                let provider = text(object, "/spec/proxyConfig/provider");
                let hosted = text(object, "/spec/hostedConfig/model");
                if provider.is_empty() {
                    hosted
                } else {
                    provider
                }
            }
            Kind::Secret => String::new(),
        };
        let uses = references(kind, object).into_iter();
        let uses = uses.filter(|reference| reference.how != Use::Reads);
        Some(Self {
            kind,
            id: Id::of(object)?,
            state: State::of(object),
            line,
            uses: uses
                .map(|reference| (reference.kind, reference.name))
                .collect(),
        })
    }

    /// The things of many objects.
    pub fn all(kind: Kind, objects: &[Value]) -> Vec<Self> {
        objects
            .iter()
            .filter_map(|object| Self::of(kind, object))
            .collect()
    }
}

/// Brings the things up to date with one message about a kind.
pub fn apply(things: &mut Vec<Thing>, kind: Kind, message: &LiveMessage) {
    let is_of = |thing: &Thing, object: &Value| {
        thing.kind == kind && Id::of(object).as_ref() == Some(&thing.id)
    };
    match message.op {
        LiveOp::Snapshot => {
            things.retain(|thing| thing.kind != kind);
            let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
            things.extend(Thing::all(kind, objects));
        }
        LiveOp::Upsert => {
            things.retain(|thing| !is_of(thing, &message.data));
            things.extend(Thing::of(kind, &message.data));
        }
        LiveOp::Delete => things.retain(|thing| !is_of(thing, &message.data)),
    }
}

/// A box on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// Which one.
    pub id: Id,
    /// How it is; `None` when something mentions it and it does not exist.
    pub state: Option<State>,
    /// What it is about, in a few words.
    pub line: String,
}

impl Node {
    /// `kind/namespace/name`, which no other node has.
    pub fn key(&self) -> String {
        format!(
            "{}/{}/{}",
            self.kind.plural(),
            self.id.namespace,
            self.id.name
        )
    }
}

/// Boxes, and who uses whom, by their places in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The boxes, by kind and name.
    pub nodes: Vec<Node>,
    /// From who uses to what is used.
    pub edges: Vec<(usize, usize)>,
    /// Those of the edges that no resource mentions: they were only seen.
    pub undeclared: Vec<(usize, usize)>,
}

impl Graph {
    /// The graph of all things, with a ghost for everything that is mentioned and does not exist.
    pub fn of(things: &[Thing]) -> Self {
        let mut nodes: BTreeMap<(Kind, Id), Node> = things
            .iter()
            .map(|thing| {
                let node = Node {
                    kind: thing.kind,
                    id: thing.id.clone(),
                    state: Some(thing.state.clone()),
                    line: thing.line.clone(),
                };
                ((thing.kind, thing.id.clone()), node)
            })
            .collect();
        let mut edges = BTreeSet::new();
        for thing in things {
            for (kind, name) in &thing.uses {
                let id = Id {
                    namespace: thing.id.namespace.clone(),
                    name: name.clone(),
                };
                edges.insert(((thing.kind, thing.id.clone()), (*kind, id.clone())));
                nodes.entry((*kind, id.clone())).or_insert_with(|| Node {
                    kind: *kind,
                    id,
                    state: None,
                    line: "does not exist".to_owned(),
                });
            }
        }
        let places: BTreeMap<_, _> = nodes.keys().cloned().zip(0..).collect();
        let edges = edges.iter().map(|(from, to)| (places[from], places[to]));
        Self {
            edges: edges.collect(),
            undeclared: Vec::new(),
            nodes: nodes.into_values().collect(),
        }
    }

    /// How an edge is used, by what is known of the traffic.
    pub fn edge_use(&self, edge: (usize, usize), traffic: Option<&Traffic>) -> EdgeUse {
        let name = |node: usize| self.nodes[node].id.name.as_str();
        match traffic {
            _ if self.undeclared.contains(&edge) => EdgeUse::Undeclared,
            None => EdgeUse::Unknown,
            Some(traffic) if traffic.flow(name(edge.0), name(edge.1)).is_some() => EdgeUse::Used,
            Some(_) => EdgeUse::Unused,
        }
    }

    /// What a node uses.
    pub fn used_by(&self, node: usize) -> impl Iterator<Item = &Node> {
        let edges = self.edges.iter().filter(move |(from, _)| *from == node);
        edges.map(|(_, to)| &self.nodes[*to])
    }

    /// Who uses a node.
    pub fn users_of(&self, node: usize) -> impl Iterator<Item = &Node> {
        let edges = self.edges.iter().filter(move |(_, to)| *to == node);
        edges.map(|(from, _)| &self.nodes[*from])
    }
}

#[cfg(test)]
mod tests;
