//! `Agent`: a model, its tools, and the agents it may delegate to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Condition, Container, GatewayRoute, KeyRef, Phase, Telemetry, UsageLimits, ValueSource,
};
use crate::money::Usd;

/// What a user asks of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(kube::CustomResource, schemars::JsonSchema))]
#[cfg_attr(
    feature = "crd",
    kube(
        group = "kaos.tools",
        version = "v1alpha1",
        kind = "Agent",
        plural = "agents",
        namespaced,
        status = "AgentStatus",
        derive = "PartialEq",
        printcolumn = r#"{"name":"ModelAPI","type":"string","jsonPath":".spec.modelAPI"}"#,
        printcolumn = r#"{"name":"Model","type":"string","jsonPath":".spec.model"}"#,
        printcolumn = r#"{"name":"Ready","type":"boolean","jsonPath":".status.ready"}"#,
        printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.phase"}"#,
        printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
    )
)]
pub struct AgentSpec {
    /// Name of the `ModelAPI` it asks.
    #[serde(rename = "modelAPI")]
    #[cfg_attr(feature = "crd", schemars(length(min = 1)))]
    pub model_api: String,
    /// Model name, as the `ModelAPI` knows it.
    #[cfg_attr(feature = "crd", schemars(length(min = 1)))]
    pub model: String,
    /// Names of the `MCPServer`s whose tools it may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp_servers: Vec<String>,
    /// Of each MCP server named here, the tools it may call; of the others, all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mcp_tools: BTreeMap<String, Vec<String>>,
    /// Who may reach it, and whom it may reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_network: Option<AgentNetwork>,
    /// How it behaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<AgentConfig>,
    /// Whether it waits until everything it refers to is ready; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for_dependencies: Option<bool>,
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

impl AgentSpec {
    /// The agents it may delegate to.
    pub fn access(&self) -> &[String] {
        self.agent_network
            .as_ref()
            .map_or(&[], |network| &network.access)
    }

    /// Whether others may reach it; true when absent.
    pub fn exposed(&self) -> bool {
        self.agent_network
            .as_ref()
            .and_then(|network| network.expose)
            .unwrap_or(true)
    }

    /// The models asked in order when its own fails.
    pub fn fallback_models(&self) -> &[String] {
        self.config
            .as_ref()
            .map_or(&[], |config| &config.fallback_models)
    }

    /// What it says it does; empty when absent.
    pub fn description(&self) -> &str {
        self.config
            .as_ref()
            .and_then(|config| config.description.as_deref())
            .unwrap_or_default()
    }

    /// Its system prompt; empty when absent.
    pub fn instructions(&self) -> &str {
        self.config
            .as_ref()
            .and_then(|config| config.instructions.as_deref())
            .unwrap_or_default()
    }

    /// Steps of reasoning before it must answer: the lower of the two fields that say it.
    pub fn max_steps(&self) -> u32 {
        let config = self.config.as_ref();
        let steps = config.and_then(|config| config.reasoning_loop_max_steps);
        let iterations = self.task_config().max_iterations;
        match (steps, iterations) {
            (Some(steps), Some(iterations)) => steps.min(iterations),
            (Some(steps), None) | (None, Some(steps)) => steps,
            (None, None) => 5,
        }
    }

    /// Bounds of one run; all absent when it says nothing.
    pub fn task_config(&self) -> TaskConfig {
        self.config
            .as_ref()
            .and_then(|config| config.task_config.clone())
            .unwrap_or_default()
    }

    /// How much all its runs together may ask of its models; unbounded when absent.
    pub fn limits(&self) -> UsageLimits {
        let config = self.config.as_ref();
        config.and_then(|config| config.limits).unwrap_or_default()
    }

    /// Where its telemetry goes, where that is said.
    pub fn telemetry(&self) -> Option<&Telemetry> {
        self.config.as_ref()?.telemetry.as_ref()
    }

    /// Everything it takes from a Secret.
    pub fn sources(&self) -> Vec<ValueSource> {
        let memory = self.memory();
        let references = match memory.kind {
            MemoryKind::Local => [None, None],
            MemoryKind::Redis => [memory.url_secret_ref, memory.ca_secret_ref],
        };
        let references = references.into_iter().flatten();
        references.map(ValueSource::secret).collect()
    }

    /// Its memory settings, with defaults filled in.
    pub fn memory(&self) -> MemoryConfig {
        self.config
            .as_ref()
            .and_then(|config| config.memory.clone())
            .unwrap_or_default()
    }
}

/// Who may reach an agent, and whom it may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct AgentNetwork {
    /// Whether others may reach it; true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expose: Option<bool>,
    /// Names of the agents it may delegate to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<String>,
}

/// How an agent behaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct AgentConfig {
    /// What it does, in a sentence; other agents read it to decide whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its system prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Steps of reasoning before it must answer; 5 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 20)))]
    pub reasoning_loop_max_steps: Option<u32>,
    /// Models of the same `ModelAPI`, asked in order when its own fails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "crd", schemars(length(max = 5)))]
    pub fallback_models: Vec<String>,
    /// What it remembers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryConfig>,
    /// Where its telemetry goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<Telemetry>,
    /// How tools are offered to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_mode: Option<ToolCallMode>,
    /// Bounds of one run, each of which a request may lower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_config: Option<TaskConfig>,
    /// How much all its runs together may ask of its models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<UsageLimits>,
}

/// Bounds of one run. At a bound the agent sums up what it knows, or ends when its time is up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct TaskConfig {
    /// Steps of reasoning; together with `reasoningLoopMaxSteps` the lower one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 20)))]
    pub max_iterations: Option<u32>,
    /// Seconds from the request to the answer; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 86_400)))]
    pub max_runtime_seconds: Option<u32>,
    /// Calls of tools and of other agents; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 1_000)))]
    pub max_tool_calls: Option<u32>,
    /// Tokens used by all questions to models, sub-agents' included; unbounded when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(range(min = 1)))]
    pub max_tokens: Option<u32>,
    /// US dollars that all questions to models may cost, sub-agents' included; unbounded when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "crd", schemars(with = "Option<f64>", range(min = 0)))]
    pub max_cost_usd: Option<Usd>,
}

/// How tools are offered to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum ToolCallMode {
    /// Native function calls, fenced blocks for models without them.
    #[default]
    Auto,
    /// Native function calls only.
    Native,
    /// Fenced blocks in the text only.
    String,
}

/// What an agent remembers, and how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct MemoryConfig {
    /// Whether it remembers at all.
    pub enabled: bool,
    /// Where it remembers.
    #[serde(rename = "type")]
    pub kind: MemoryKind,
    /// Where Redis or Valkey is, when the type is redis: `redis://host:port/database`, or
    /// `rediss://…` with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The Secret key that holds the URL instead, where it has a password in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_secret_ref: Option<KeyRef>,
    /// The Secret key that holds the certificate, as PEM, of the authority that vouches for the
    /// server; when absent, those that the system trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<KeyRef>,
    /// Messages of a session given to the model or to a sub-agent.
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 100)))]
    pub context_limit: u32,
    /// Tokens, as estimated, that those messages may have in all; the oldest are left out first.
    #[cfg_attr(feature = "crd", schemars(range(min = 100, max = 1_000_000)))]
    pub context_tokens: u32,
    /// Sessions kept; the oldest leaves first.
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 100_000)))]
    pub max_sessions: u32,
    /// Events kept of each session; the oldest leaves first.
    #[cfg_attr(feature = "crd", schemars(range(min = 1, max = 10_000)))]
    pub max_session_events: u32,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            kind: MemoryKind::Local,
            url: None,
            url_secret_ref: None,
            ca_secret_ref: None,
            context_limit: 6,
            context_tokens: 16_000,
            max_sessions: 1000,
            max_session_events: 500,
        }
    }
}

/// Where an agent remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum MemoryKind {
    /// Beside the agent: on disk when embedded, in the pod on a cluster.
    #[default]
    Local,
    /// In a Redis or Valkey that all replicas share.
    Redis,
}

/// What became of an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct AgentStatus {
    /// How far it has come.
    pub phase: Phase,
    /// Whether it answers.
    pub ready: bool,
    /// Base URL of its endpoints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Why it is in this phase, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What it uses: kind and name, joined by `/`, with the state of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub linked_resources: BTreeMap<String, String>,
    /// The details behind `phase`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The generation this was computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
