//! The runtimes that an operator of KAOS offers by name: a `ConfigMap` that everybody may read.

use std::collections::BTreeMap;

use api::plan::ResourceId;
use api::resources::mcp_server::McpTransport;
use api::resources::{KeyRef, ValueSource};
use kube::Client;
use serde::Deserialize;

use crate::SYSTEM_NAMESPACE;
use crate::keys::{self, Lookup};

/// Name of the `ConfigMap`.
const NAME: &str = "kaos-mcp-runtimes";
/// Its key.
const KEY: &str = "runtimes.yaml";

/// The runtimes by their names, or why they cannot be read.
pub(super) type Registry = Result<BTreeMap<String, Runtime>, String>;

/// The whole document.
#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    runtimes: BTreeMap<String, Runtime>,
}

/// One runtime. What is only for people to read is not read here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Runtime {
    /// A container image, which needs a cluster.
    pub(super) image: Option<String>,
    /// What is run, in the image or on this machine.
    pub(super) command: Vec<String>,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// The variable that gets `spec.params`.
    pub(super) params_env_var: Option<String>,
    /// How it speaks MCP; by HTTP when absent.
    pub(super) transport: Option<McpTransport>,
    /// Variables without which it cannot work.
    #[serde(rename = "requiredEnv")]
    pub(super) required_env: Vec<String>,
}

/// Whether this is the object that holds the registry.
pub(crate) fn is_registry(id: &ResourceId) -> bool {
    id.namespace == SYSTEM_NAMESPACE && id.name == NAME
}

/// Reads the registry; one that does not exist is empty.
pub(super) async fn read(client: &Client) -> Result<Registry, keys::Error> {
    let source = ValueSource {
        secret_key_ref: None,
        config_map_key_ref: Some(KeyRef {
            name: NAME.to_owned(),
            key: KEY.to_owned(),
            optional: Some(true),
        }),
    };
    Ok(
        match keys::look_up(client, SYSTEM_NAMESPACE, &source).await? {
            Lookup::Found(text) => parse(text.expose()),
            Lookup::Absent | Lookup::Missing(_) => Ok(BTreeMap::new()),
        },
    )
}

fn parse(text: &str) -> Registry {
    let document: Result<Document, _> = serde_saphyr::from_str(text);
    document
        .map(|document| document.runtimes)
        .map_err(|error| format!("{KEY} of ConfigMap {SYSTEM_NAMESPACE}/{NAME}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_originals_registry_is_read() {
        let text = r#"
runtimes:
  python-string:
    type: python
    image: axsauze/kaos-mcp-python-string
    description: "Functions as tools"
    paramsEnvVar: MCP_TOOLS_STRING
    transport: http
  slack:
    image: zencoderai/slack-mcp:latest
    command: ["--port", "8000"]
    requiredEnv: [SLACK_BOT_TOKEN, SLACK_TEAM_ID]
  notes:
    command: [notes-mcp]
    transport: stdio
"#;
        let runtimes = parse(text).unwrap();
        let names: Vec<_> = runtimes.keys().map(String::as_str).collect();
        assert_eq!(names, ["notes", "python-string", "slack"]);
        let slack = &runtimes["slack"];
        assert_eq!(slack.required_env, ["SLACK_BOT_TOKEN", "SLACK_TEAM_ID"]);
        assert_eq!(slack.transport, None);
        assert_eq!(runtimes["notes"].transport, Some(McpTransport::Stdio));
        let params = runtimes["python-string"].params_env_var.as_deref();
        assert_eq!(params, Some("MCP_TOOLS_STRING"));
    }

    #[test]
    fn an_empty_registry_has_no_runtimes_and_a_broken_one_says_where() {
        assert_eq!(parse("runtimes: {}"), Ok(BTreeMap::new()));
        let error = parse("runtimes:\n  notes: [1, 2]\n").unwrap_err();
        assert!(
            error.starts_with("runtimes.yaml of ConfigMap kaos-system/kaos-mcp-runtimes: "),
            "{error}"
        );
        assert!(error.contains("line 2"), "{error}");
    }
}
