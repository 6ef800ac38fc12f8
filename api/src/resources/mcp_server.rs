//! `MCPServer`: tools for agents, behind the Model Context Protocol.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Condition, Container, EnvVar, GatewayRoute, Phase, Telemetry, ValueSource};

/// How long a call of a tool may take when nobody says.
const DEFAULT_CALL_TIMEOUT: Duration = Duration::from_mins(1);

/// What a user asks of an MCP server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(kube::CustomResource, schemars::JsonSchema))]
#[cfg_attr(
    feature = "crd",
    kube(
        group = "kaos.tools",
        version = "v1alpha1",
        kind = "MCPServer",
        plural = "mcpservers",
        namespaced,
        status = "McpServerStatus",
        derive = "PartialEq",
        shortname = "mcp",
        shortname = "mcps",
        printcolumn = r#"{"name":"Runtime","type":"string","jsonPath":".spec.runtime"}"#,
        printcolumn = r#"{"name":"Ready","type":"boolean","jsonPath":".status.ready"}"#,
        printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
    )
)]
pub struct McpServerSpec {
    /// A name of the runtimes registry; `custom` for a container or command of one's own, `url` for a
    /// server elsewhere.
    #[cfg_attr(feature = "crd", schemars(length(min = 1)))]
    pub runtime: String,
    /// What the runtime is given; for `python-string`, the functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<String>,
    /// Where the server answers, when the runtime is `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headers of every request to that URL, such as `Authorization`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<EnvVar>,
    /// How `container.command` speaks MCP; `stdio` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<McpTransport>,
    /// The account its pods run under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Where its telemetry goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Telemetry>,
    /// Its route on the cluster's gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_route: Option<GatewayRoute>,
    /// Changes to its container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// Strategic merge patch for its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(schema_with = "super::preserved_object"))]
    pub pod_spec: Option<serde_json::Value>,
}

impl McpServerSpec {
    /// Everything it takes from Secrets and `ConfigMap`s.
    pub fn sources(&self) -> impl Iterator<Item = &ValueSource> {
        let env = self.container.iter().flat_map(|container| &container.env);
        let variables = env.chain(&self.headers);
        variables.filter_map(|variable| variable.value_from.as_ref())
    }

    /// How long a call of a tool may take: what its route on the gateway says, or a minute.
    pub fn call_timeout(&self) -> Duration {
        let route = self.gateway_route.as_ref();
        route
            .and_then(GatewayRoute::timeout)
            .unwrap_or(DEFAULT_CALL_TIMEOUT)
    }
}

/// How a process speaks MCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum McpTransport {
    /// On its standard input and output.
    #[default]
    Stdio,
    /// By streamable HTTP, at `/mcp`.
    Http,
    /// By HTTP as it was before 2025, at `/sse`.
    Sse,
}

/// What became of an MCP server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct McpServerStatus {
    /// How far it has come.
    pub phase: Phase,
    /// Whether it answers.
    pub ready: bool,
    /// URL of its `/mcp` endpoint, without that path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Why it is in this phase, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Names of the tools it offers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_tools: Vec<String>,
    /// The details behind `phase`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The generation this was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
