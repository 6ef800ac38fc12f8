//! What lists show of each resource, read from the object's JSON.
//!
//! The server and the browser read the same JSON by the same code: the server from the Kubernetes
//! API, the browser from the live socket.

mod cell;
mod columns;
mod order;
mod troubles;
mod users;
mod view;

pub use cell::Cell;
pub use columns::{Column, Look, columns};
pub use order::Sort;
pub use troubles::{Trouble, apply_trouble, sort_troubles};
pub use users::Users;
pub use view::{ListView, STATUSES};

use api::{
    live::{LiveMessage, LiveOp},
    resources::Phase,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::Kind;

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

/// A resource's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Id {
    /// Its namespace.
    pub namespace: String,
    /// Its name in there.
    pub name: String,
}

impl Id {
    /// The id of an object; `None` when it has none.
    pub fn of(object: &Value) -> Option<Self> {
        Some(Self {
            namespace: namespace(object)?,
            name: name(object)?,
        })
    }
}

/// A line of a list of resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which resource.
    pub id: Id,
    /// How it is.
    pub state: State,
    /// What it says of itself, one for each column of its kind.
    pub cells: Vec<Cell>,
    /// Its labels, as `key=value`.
    pub labels: Vec<String>,
}

impl Row {
    /// Reads an object; `None` when it has no name.
    pub fn of(kind: Kind, object: &Value) -> Option<Self> {
        let labels = object
            .pointer("/metadata/labels")
            .and_then(Value::as_object);
        let label = |(key, value): (&String, &Value)| {
            format!("{key}={}", value.as_str().unwrap_or_default())
        };
        Some(Self {
            id: Id::of(object)?,
            state: State::of(object),
            cells: columns(kind)
                .iter()
                .map(|column| column.read(object))
                .collect(),
            labels: labels.into_iter().flatten().map(label).collect(),
        })
    }

    /// The lines of many objects, as they come.
    pub fn all(kind: Kind, objects: &[Value]) -> Vec<Self> {
        objects
            .iter()
            .filter_map(|object| Self::of(kind, object))
            .collect()
    }

    /// The row as this one becomes by a change: what only the server measured stays.
    fn changed_to(&self, mut new: Self) -> Self {
        for (old, new) in self.cells.iter().zip(&mut new.cells) {
            if *new == Cell::Measured {
                *new = old.clone();
            }
        }
        new
    }

    /// Whether the words, in lower case, are anywhere in the row.
    pub fn has(&self, words: &str) -> bool {
        let parts = [&self.id.name, &self.id.namespace, &self.state.reason];
        let parts = parts.into_iter().chain(&self.labels);
        let mut texts = parts.cloned().chain(self.cells.iter().map(Cell::words));
        words.is_empty() || texts.any(|text| text.to_lowercase().contains(words))
    }
}

/// Brings a list up to date with one message of its topic.
pub fn apply(rows: &mut Vec<Row>, kind: Kind, message: &LiveMessage) {
    let upsert = |rows: &mut Vec<Row>, row: Row| match rows.iter_mut().find(|old| old.id == row.id)
    {
        Some(old) => *old = old.changed_to(row),
        None => rows.push(row),
    };
    match message.op {
        LiveOp::Snapshot => {
            let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
            let listed = Row::all(kind, objects);
            rows.retain(|old| listed.iter().any(|row| row.id == old.id));
            for row in listed {
                upsert(rows, row);
            }
        }
        LiveOp::Upsert => {
            if let Some(row) = Row::of(kind, &message.data) {
                upsert(rows, row);
            }
        }
        LiveOp::Delete => {
            if let Some(gone) = Id::of(&message.data) {
                rows.retain(|row| row.id != gone);
            }
        }
    }
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

/// Namespace of an object.
pub fn namespace(object: &Value) -> Option<String> {
    Some(object.pointer("/metadata/namespace")?.as_str()?.to_owned())
}

/// The text at a place of an object; empty when there is none.
pub fn text(object: &Value, pointer: &str) -> String {
    let text = object.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The texts in a list of an object.
pub fn texts(object: &Value, pointer: &str) -> Vec<String> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
