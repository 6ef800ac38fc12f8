//! Which resource refers to which, read from the objects' JSON.
//!
//! The server and the browser read the same JSON by the same code.

use serde_json::Value;

use crate::{
    kinds::Kind,
    rows::{text, texts},
};

/// How one resource uses another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// An agent asks its models.
    Asks,
    /// An agent calls its tools.
    Calls,
    /// An agent may hand a task to it.
    DelegatesTo,
    /// It reads a key of it.
    Reads,
}

impl Use {
    /// The verb between the two names.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Calls => "calls",
            Self::DelegatesTo => "delegates to",
            Self::Reads => "reads",
        }
    }
}

/// A name that one resource mentions, of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What for.
    pub how: Use,
    /// Kind of what is mentioned.
    pub kind: Kind,
    /// Its name; there may be none of it.
    pub name: String,
}

/// Everything an object mentions, each once.
pub fn references(kind: Kind, object: &Value) -> Vec<Reference> {
    let mention = |how, kind, name: String| Reference { how, kind, name };
    let mut found = Vec::new();
    match kind {
        Kind::Agent => {
            found.push(mention(
                Use::Asks,
                Kind::ModelApi,
                text(object, "/spec/modelAPI"),
            ));
            let servers = texts(object, "/spec/mcpServers").into_iter();
            found.extend(servers.map(|name| mention(Use::Calls, Kind::McpServer, name)));
            let peers = texts(object, "/spec/agentNetwork/access").into_iter();
            found.extend(peers.map(|name| mention(Use::DelegatesTo, Kind::Agent, name)));
        }
        Kind::McpServer | Kind::ModelApi | Kind::Secret => {}
    }
    let mut secrets = Vec::new();
    collect_secrets(&object["spec"], &mut secrets);
    let secrets = secrets.into_iter();
    found.extend(secrets.map(|name| mention(Use::Reads, Kind::Secret, name)));
    found.retain(|reference| !reference.name.is_empty());
    found.sort();
    found.dedup();
    found
}

/// Names of Secrets, wherever a field says that it takes something from one.
fn collect_secrets(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let is_reference = field.ends_with("ecretKeyRef") || field.ends_with("ecretRef");
                match value["name"].as_str() {
                    Some(name) if is_reference => found.push(name.to_owned()),
                    _ => collect_secrets(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_secrets(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(kind: Kind, object: &Value) -> Vec<(Use, String)> {
        let found = references(kind, object).into_iter();
        found.map(|found| (found.how, found.name)).collect()
    }

    #[test]
    fn an_agent_mentions_its_model_api_tools_and_peers() {
        let agent = json!({"spec": {
            "modelAPI": "llm", "mcpServers": ["calc", "calc"], "agentNetwork": {"access": ["b"]}
        }});
        let expected = [
            (Use::Asks, "llm"),
            (Use::Calls, "calc"),
            (Use::DelegatesTo, "b"),
        ];
        let expected = expected.map(|(how, name)| (how, name.to_owned()));
        assert_eq!(names(Kind::Agent, &agent), expected);
    }

    #[test]
    fn a_secret_is_found_wherever_it_is_mentioned() {
        let api = json!({"spec": {
            "proxyConfig": {"apiKeySecretRef": {"name": "a", "key": "k"}},
            "container": {"env": [{"valueFrom": {"secretKeyRef": {"name": "b", "key": "k"}}}]}
        }});
        let expected = [(Use::Reads, "a".to_owned()), (Use::Reads, "b".to_owned())];
        assert_eq!(names(Kind::ModelApi, &api), expected);
    }
}
