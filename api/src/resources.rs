//! The three kinds of `kaos.tools/v1alpha1`.
//!
//! A spec is what a user wrote and may be wrong; [`crate::validation`] says where.

pub mod agent;
pub mod mcp_server;
pub mod model_api;
pub mod status;
pub mod usage_limits;

pub use agent::{AgentSpec, AgentStatus};
pub use mcp_server::{McpServerSpec, McpServerStatus};
pub use model_api::{ModelApiSpec, ModelApiStatus};
pub use status::{Condition, Phase};
pub use usage_limits::UsageLimits;

#[cfg(feature = "crd")]
pub use {agent::Agent, mcp_server::MCPServer, model_api::ModelAPI};

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The API group of all three kinds.
pub const GROUP: &str = "kaos.tools";
/// The one version served.
pub const VERSION: &str = "v1alpha1";

/// A key of a Secret or `ConfigMap` in the resource's own namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct KeyRef {
    /// Name of the object.
    pub name: String,
    /// Key inside its data.
    pub key: String,
    /// Whether the resource may start without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// Where a value comes from, when it is not written in the resource itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct ValueSource {
    /// A key of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<KeyRef>,
    /// A key of a `ConfigMap`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_key_ref: Option<KeyRef>,
}

impl ValueSource {
    /// A key of a Secret.
    pub fn secret(reference: KeyRef) -> Self {
        Self {
            secret_key_ref: Some(reference),
            config_map_key_ref: None,
        }
    }
}

/// One environment variable of a container or local process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct EnvVar {
    /// Name of the variable.
    pub name: String,
    /// Its literal value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where its value comes from instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueSource>,
}

/// How the container of a resource differs from the default one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct Container {
    /// Image reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Entry point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    /// Kubernetes' resource requirements, passed on as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(schema_with = "preserved_object"))]
    pub resources: Option<serde_json::Value>,
}

impl Container {
    /// Bytes of memory it may use, as `resources.limits.memory` says; `None` where nothing is said, or
    /// nothing that can be read.
    pub fn memory_limit(&self) -> Option<u64> {
        let limit = self.resources.as_ref()?.pointer("/limits/memory")?;
        match limit {
            serde_json::Value::String(text) => parse_bytes(text),
            number => number.as_u64(),
        }
    }
}

/// A quantity of bytes as Kubernetes writes it, such as `512Mi`.
fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match &text[digits..] {
        "" => 1,
        "k" => 1000,
        "M" => 1000 * 1000,
        "G" => 1000 * 1000 * 1000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// Where a resource sends its telemetry; overrides the global setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Telemetry {
    /// Whether it emits any.
    #[serde(default)]
    pub enabled: bool,
    /// OTLP endpoint, in place of the one that all others are exported to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether messages, arguments and results go into spans; unset is as for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_content: Option<bool>,
}

/// The resource's route on the cluster's gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct GatewayRoute {
    /// A Gateway API duration, such as `300s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "crd",
        schemars(regex(pattern = r"^([0-9]+(h|m|s|ms)){1,4}$"))
    )]
    pub timeout: Option<String>,
}

impl GatewayRoute {
    /// The time a request may take; `None` where nothing is said, or nothing that can be read.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.as_deref().and_then(parse_duration)
    }
}

/// A Gateway API duration: numbers with the units `h`, `m`, `s` and `ms`, such as `1m30s`.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let milliseconds: u64 = match &rest[..unit] {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        total += Duration::from_millis(milliseconds.checked_mul(number.into())?);
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
}

/// A JSON object whose fields belong to Kubernetes, not to us.
#[cfg(feature = "crd")]
fn preserved_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_memory_is_read() {
        let limit = |memory: serde_json::Value| {
            let resources = Some(serde_json::json!({"limits": {"memory": memory}}));
            let container = Container {
                resources,
                ..Container::default()
            };
            container.memory_limit()
        };
        assert_eq!(limit("512Mi".into()), Some(512 * 1024 * 1024));
        assert_eq!(limit("2G".into()), Some(2_000_000_000));
        assert_eq!(limit(1000.into()), Some(1000));
        assert_eq!(limit("much".into()), None);
        assert_eq!(Container::default().memory_limit(), None);
    }

    #[test]
    fn a_timeout_of_the_gateway_is_read() {
        let milliseconds = |text| parse_duration(text).map(|time| time.as_millis());
        assert_eq!(milliseconds("60s"), Some(60_000));
        assert_eq!(milliseconds("1h30m5s250ms"), Some(5_405_250));
        for wrong in ["", "60", "s", "5d", "1.5s", "99999999999s"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
