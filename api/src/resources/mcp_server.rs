//! `MCPServer`: tools for agents, behind the Model Context Protocol.

use serde::{Deserialize, Serialize};

use super::{Condition, Container, GatewayRoute, Phase, Telemetry};

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
    /// A name of the runtimes registry, or `custom`.
    #[cfg_attr(feature = "crd", schemars(length(min = 1)))]
    pub runtime: String,
    /// What the runtime is given; for `python-string`, the functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<String>,
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
