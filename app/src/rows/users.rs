//! Who uses what: the column of that name, which no object says of itself.

use std::collections::BTreeMap;

use api::live::{LiveMessage, LiveOp};
use serde_json::Value;

use super::{Cell, Id, Row, columns};
use crate::{
    kinds::Kind,
    relations::{Reference, references},
};

/// What every resource mentions.
#[derive(Clone, Debug, Default)]
pub struct Users(BTreeMap<(Kind, Id), Vec<Reference>>);

impl Users {
    /// Takes in the objects of one kind.
    pub fn add(&mut self, kind: Kind, objects: &[Value]) {
        let mentions = objects
            .iter()
            .filter_map(|object| Some(((kind, Id::of(object)?), references(kind, object))));
        self.0.extend(mentions);
    }

    /// Brings what one kind mentions up to date.
    pub fn apply(&mut self, kind: Kind, message: &LiveMessage) {
        match message.op {
            LiveOp::Snapshot => {
                self.0.retain(|(of, _), _| *of != kind);
                let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
                self.add(kind, objects);
            }
            LiveOp::Upsert => self.add(kind, std::slice::from_ref(&message.data)),
            LiveOp::Delete => {
                if let Some(id) = Id::of(&message.data) {
                    self.0.remove(&(kind, id));
                }
            }
        }
    }

    /// Writes the column into the rows of a kind that has it.
    pub fn fill(&self, kind: Kind, rows: &mut [Row]) {
        let Some(place) = columns(kind).iter().position(|column| column.id == "users") else {
            return;
        };
        for row in rows {
            row.cells[place] = Cell::names(self.of(kind, &row.id));
        }
    }

    /// Who mentions a resource, each once.
    pub fn of(&self, kind: Kind, id: &Id) -> Vec<(Kind, String)> {
        let mentions = |mentioned: &[Reference]| {
            let mut mentioned = mentioned.iter();
            mentioned.any(|reference| reference.kind == kind && reference.name == id.name)
        };
        let users = self
            .0
            .iter()
            .filter(|((_, user), mentioned)| user.namespace == id.namespace && mentions(mentioned));
        users
            .map(|((kind, user), _)| (*kind, user.name.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn agent(name: &str, namespace: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"modelAPI": "llm", "mcpServers": ["calculator"]}
        })
    }

    #[test]
    fn users_are_those_of_the_same_namespace_and_follow_changes() {
        let mut users = Users::default();
        users.add(Kind::Agent, &[agent("a", "team"), agent("b", "other")]);
        let id = Id {
            namespace: "team".to_owned(),
            name: "calculator".to_owned(),
        };
        let names = |users: &Users| users.of(Kind::McpServer, &id);
        assert_eq!(names(&users), [(Kind::Agent, "a".to_owned())]);
        let gone = LiveMessage {
            topic: String::new(),
            seq: 0,
            op: LiveOp::Delete,
            data: agent("a", "team"),
        };
        users.apply(Kind::Agent, &gone);
        assert_eq!(names(&users), []);
    }
}
