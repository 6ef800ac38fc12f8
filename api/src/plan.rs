//! What a resource comes to once its references are resolved: everything needed to run it.
//!
//! A reconciler builds a plan, whoever runs things carries it out. A plan is complete and correct;
//! nothing in it has to be looked up again.

use std::{fmt, time::Duration};

use crate::{
    money::Usd,
    resources::{
        Telemetry, UsageLimits,
        agent::{MemoryConfig, TaskConfig, ToolCallMode},
        mcp_server::McpTransport,
    },
};

/// A resource's namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// Namespace.
    pub namespace: String,
    /// Name in it.
    pub name: String,
}

impl ResourceId {
    /// The resource `name` of `namespace`.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A text that never shows in logs, traces, pages or status.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without the secret: what others say may repeat it.
    pub fn hide_in(&self, text: &str) -> String {
        if self.0.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.0, "••••")
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

/// Everything needed to run an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentPlan {
    /// Which agent.
    pub id: ResourceId,
    /// Tells it from another that had its name before.
    pub uid: String,
    /// What it does, in a sentence.
    pub description: String,
    /// Its system prompt.
    pub instructions: String,
    /// Model name, as the `ModelAPI` knows it.
    pub model: String,
    /// Models of the same `ModelAPI`, asked in order when that one fails.
    pub fallback_models: Vec<String>,
    /// Where models are asked: the `ModelAPI`'s base URL, without `/v1`.
    pub model_api_url: String,
    /// Provider behind the `ModelAPI`, for telemetry.
    pub provider: String,
    /// The MCP servers whose tools it may call.
    pub mcp_servers: Vec<McpLink>,
    /// The agents it may delegate to.
    pub peers: Vec<Peer>,
    /// Steps of reasoning before it must answer.
    pub max_steps: u32,
    /// The other bounds of one run.
    pub limits: Limits,
    /// How much all its runs together may ask of its models.
    pub usage_limits: UsageLimits,
    /// What it remembers.
    pub memory: MemoryPlan,
    /// How tools are offered to the model.
    pub tool_call_mode: ToolCallMode,
    /// Where its telemetry goes.
    pub telemetry: TelemetryPlan,
}

/// Where a resource's telemetry goes, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryPlan {
    /// Whether it emits any.
    pub emits: bool,
    /// An OTLP endpoint instead of the one that all others are exported to.
    pub endpoint: Option<String>,
    /// Whether messages, arguments and results go into spans; `None` is as for all.
    pub capture_content: Option<bool>,
}

impl TelemetryPlan {
    /// What a spec asks for; without a word it is as for all.
    pub fn of(spec: Option<&Telemetry>) -> Self {
        let Some(Telemetry {
            enabled,
            endpoint,
            capture_content,
        }) = spec
        else {
            return Self::default();
        };
        Self {
            emits: *enabled,
            endpoint: endpoint.clone(),
            capture_content: *capture_content,
        }
    }
}

impl Default for TelemetryPlan {
    fn default() -> Self {
        Self {
            emits: true,
            endpoint: None,
            capture_content: None,
        }
    }
}

/// Bounds of one run, besides its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the request to the answer.
    pub runtime: Duration,
    /// Calls of tools and of other agents.
    pub tool_calls: u32,
    /// Tokens used by all questions to models; `None` is unbounded.
    pub tokens: Option<u64>,
    /// What all questions to models may cost; `None` is unbounded.
    pub cost: Option<Usd>,
}

impl Limits {
    /// The bounds a spec asks for, with defaults filled in.
    pub fn of(config: &TaskConfig) -> Self {
        let default = Self::default();
        let seconds = |seconds| Duration::from_secs(u64::from(seconds));
        Self {
            runtime: config.max_runtime_seconds.map_or(default.runtime, seconds),
            tool_calls: config.max_tool_calls.unwrap_or(default.tool_calls),
            tokens: config.max_tokens.map(u64::from),
            cost: config.max_cost_usd,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            runtime: Duration::from_mins(5),
            tool_calls: 50,
            tokens: None,
            cost: None,
        }
    }
}

/// What an agent remembers, how much of it, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Whether it remembers at all.
    pub enabled: bool,
    /// Where it remembers.
    pub place: MemoryPlace,
    /// Messages of a session given to the model or to a sub-agent.
    pub context_limit: u32,
    /// Tokens, as estimated, that those messages may have in all.
    pub context_tokens: u32,
    /// Sessions kept.
    pub max_sessions: u32,
    /// Events kept of each session.
    pub max_session_events: u32,
}

impl MemoryPlan {
    /// What a spec asks for, in the place that its references led to.
    pub fn of(config: &MemoryConfig, place: MemoryPlace) -> Self {
        Self {
            enabled: config.enabled,
            place,
            context_limit: config.context_limit,
            context_tokens: config.context_tokens,
            max_sessions: config.max_sessions,
            max_session_events: config.max_session_events,
        }
    }
}

impl Default for MemoryPlan {
    fn default() -> Self {
        Self::of(&MemoryConfig::default(), MemoryPlace::Local)
    }
}

/// Where an agent remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryPlace {
    /// Beside the agent.
    Local,
    /// In a Redis or Valkey.
    Redis(RedisAddress),
}

/// Where a Redis or Valkey is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAddress {
    /// Its URL, which may have a password in it.
    pub url: Secret,
    /// The certificate, as PEM, of the authority that vouches for it; `None` trusts those of the
    /// system.
    pub ca: Option<Secret>,
}

/// An MCP server an agent uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpLink {
    /// Name of the `MCPServer`, in the agent's namespace.
    pub name: String,
    /// Its base URL, without `/mcp`.
    pub url: String,
    /// The tools the agent is given; all of them when absent.
    pub tools: Option<Vec<String>>,
}

impl McpLink {
    /// Whether the agent is given this tool of the server.
    pub fn gives(&self, tool: &str) -> bool {
        self.tools
            .as_ref()
            .is_none_or(|tools| tools.iter().any(|given| given == tool))
    }
}

/// An agent another one may delegate to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Name of the `Agent`, in the same namespace.
    pub name: String,
    /// What it does, for the model that decides whom to ask.
    pub description: String,
    /// Its base URL; `None` while it does not exist.
    pub url: Option<String>,
}

/// Everything needed to run a model API.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelApiPlan {
    /// Which model API.
    pub id: ResourceId,
    /// Who answers.
    pub backend: ModelBackend,
    /// Allowed models: `*`, an exact name, or `prefix/*`.
    pub models: Vec<String>,
    /// How much all its users together may ask.
    pub limits: UsageLimits,
    /// Where its telemetry goes.
    pub telemetry: TelemetryPlan,
}

/// Who answers for a model API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelBackend {
    /// A provider, over OpenAI's protocol.
    Provider(ProviderPlan),
    /// `LiteLLM`, with a configuration of the user's own.
    LiteLlm(LiteLlmPlan),
    /// The Ollama of this machine, with this model.
    Ollama(String),
}

impl ModelBackend {
    /// What models' names may begin with that is no part of them, and telemetry calls it.
    pub fn provider(&self) -> &str {
        match self {
            Self::Provider(plan) => &plan.provider,
            Self::LiteLlm(_) => "litellm",
            Self::Ollama(_) => "ollama",
        }
    }
}

/// A provider of models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderPlan {
    /// Its name.
    pub provider: String,
    /// Base URL that replaces the provider's own, up to and with `/v1`.
    pub api_base: Option<String>,
    /// Version of its API, where there are several.
    pub api_version: Option<String>,
    /// Its key.
    pub api_key: Option<Secret>,
}

/// What `LiteLLM` is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteLlmPlan {
    /// Its configuration, in YAML; people write keys into it.
    pub config: Secret,
    /// Environment of the process, on top of the little every process gets.
    pub env: Vec<(String, Secret)>,
}

/// Everything needed to run an MCP server.
#[derive(Clone, Debug, PartialEq)]
pub struct McpServerPlan {
    /// Which MCP server.
    pub id: ResourceId,
    /// What is run.
    pub runtime: McpRuntime,
    /// Environment of the process, on top of the little every process gets.
    pub env: Vec<(String, Secret)>,
    /// How long a call of a tool may take.
    pub call_timeout: Duration,
    /// Bytes of memory that a local process and all it starts may use; a default when absent.
    pub memory: Option<u64>,
    /// Where its telemetry goes.
    pub telemetry: TelemetryPlan,
}

/// What an MCP server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum McpRuntime {
    /// Python functions, each a tool.
    PythonString(String),
    /// A program of this machine, as a child process.
    Command {
        /// The program and its arguments, in which `$(NAME)` stands for a variable.
        argv: Vec<String>,
        /// How it speaks MCP; where it listens, if it does, the variable `PORT` tells it.
        transport: McpTransport,
    },
    /// A server elsewhere.
    Url {
        /// Where it speaks MCP over HTTP.
        url: String,
        /// Sent with every request.
        headers: Vec<(String, Secret)>,
    },
}
