//! What makes a resource invalid, said the same way in the browser, the server and the API.
//!
//! Only what can be decided from the resource alone; whether a reference exists is the
//! reconciler's to say.

use serde::{Deserialize, Serialize};

use crate::money::Usd;
use crate::resources::{
    AgentSpec, KeyRef, McpServerSpec, ModelApiSpec, Telemetry, UsageLimits,
    agent::{MemoryConfig, MemoryKind, TaskConfig},
    model_api::{Mode, ProxyConfig},
};

/// The longest value of each name: a Service's 63 characters without its prefix.
pub const MAX_AGENT_NAME: usize = 57;
/// See [`MAX_AGENT_NAME`].
pub const MAX_MODEL_API_NAME: usize = 54;
/// See [`MAX_AGENT_NAME`].
pub const MAX_MCP_SERVER_NAME: usize = 53;

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field, such as `spec.modelAPI`.
    pub field: String,
    /// What is wrong and what to do, as a sentence without its full stop.
    pub message: String,
}

/// Collects what is wrong with one resource.
#[derive(Default)]
struct Problems(Vec<FieldError>);

impl Problems {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
    }

    fn check_name(&mut self, field: impl Into<String>, name: &str, longest: usize) {
        if let Some(message) = name_problem(name, longest) {
            self.add(field, message);
        }
    }

    fn check_required(&mut self, field: &str, value: &str) {
        if value.trim().is_empty() {
            self.add(field, "is required");
        }
    }

    fn check_range(&mut self, field: &str, value: u32, range: std::ops::RangeInclusive<u32>) {
        if !range.contains(&value) {
            self.add(
                field,
                format!("must be between {} and {}", range.start(), range.end()),
            );
        }
    }
}

/// What is wrong with an agent; empty when nothing is.
pub fn validate_agent(name: &str, spec: &AgentSpec) -> Vec<FieldError> {
    let mut problems = Problems::default();
    problems.check_name("metadata.name", name, MAX_AGENT_NAME);
    problems.check_required("spec.modelAPI", &spec.model_api);
    problems.check_required("spec.model", &spec.model);
    for (index, server) in spec.mcp_servers.iter().enumerate() {
        problems.check_name(
            format!("spec.mcpServers[{index}]"),
            server,
            MAX_MCP_SERVER_NAME,
        );
    }
    check_mcp_tools(&mut problems, spec);
    for (index, peer) in spec.access().iter().enumerate() {
        let field = format!("spec.agentNetwork.access[{index}]");
        if peer == name {
            problems.add(field, "an agent cannot delegate to itself");
        } else {
            problems.check_name(field, peer, MAX_AGENT_NAME);
        }
    }
    let config = spec.config.as_ref();
    if let Some(steps) = config.and_then(|config| config.reasoning_loop_max_steps) {
        problems.check_range("spec.config.reasoningLoopMaxSteps", steps, 1..=20);
    }
    check_task_config(&mut problems, &spec.task_config());
    for (index, model) in spec.fallback_models().iter().enumerate() {
        problems.check_required(&format!("spec.config.fallbackModels[{index}]"), model);
    }
    check_memory(&mut problems, &spec.memory());
    check_limits(&mut problems, "spec.config.limits", &spec.limits());
    check_telemetry(&mut problems, "spec.config.telemetry", spec.telemetry());
    problems.0
}

fn check_telemetry(problems: &mut Problems, field: &str, telemetry: Option<&Telemetry>) {
    let Some(telemetry) = telemetry else {
        return;
    };
    let endpoint = telemetry.endpoint.as_deref();
    if let Some(problem) = endpoint.and_then(telemetry_endpoint_problem) {
        problems.add(format!("{field}.endpoint"), problem);
    }
    if telemetry.capture_content == Some(true) && !telemetry.enabled {
        let problem = "has no effect while enabled is false; set enabled to true";
        problems.add(format!("{field}.captureContent"), problem);
    }
}

/// Why `url` says nothing of where telemetry can be sent; `None` when it does.
fn telemetry_endpoint_problem(url: &str) -> Option<&'static str> {
    match url_problem(url) {
        // It is shown in the status.
        Some(_) if url.contains('@') => Some("must not hold credentials"),
        problem => problem,
    }
}

fn check_mcp_tools(problems: &mut Problems, spec: &AgentSpec) {
    for (server, tools) in &spec.mcp_tools {
        let field = format!("spec.mcpTools.{server}");
        if !spec.mcp_servers.contains(server) {
            problems.add(field, "names an MCP server that spec.mcpServers does not");
        } else if tools.is_empty() {
            problems.add(
                field,
                "needs at least one tool; to give none, take the server out of spec.mcpServers",
            );
        }
    }
}

fn check_memory(problems: &mut Problems, memory: &MemoryConfig) {
    let MemoryConfig {
        enabled: _,
        kind,
        url,
        url_secret_ref,
        ca_secret_ref: _,
        context_limit,
        context_tokens,
        max_sessions,
        max_session_events,
    } = memory;
    match (kind, url.as_deref(), url_secret_ref) {
        (MemoryKind::Redis, None, None) => problems.add(
            "spec.config.memory.url",
            "is required when the type is redis, as redis://host:port, or urlSecretRef in its place",
        ),
        (MemoryKind::Redis, Some(_), Some(_)) => problems.add(
            "spec.config.memory.urlSecretRef",
            "stands beside url; keep one of the two",
        ),
        (MemoryKind::Redis, Some(url), None) => {
            if let Some(problem) = redis_url_problem(url) {
                problems.add("spec.config.memory.url", problem);
            }
        }
        (MemoryKind::Redis, None, Some(_)) | (MemoryKind::Local, _, _) => {}
    }
    for (field, value, range) in [
        ("contextLimit", *context_limit, 1..=100),
        ("contextTokens", *context_tokens, 100..=1_000_000),
        ("maxSessions", *max_sessions, 1..=100_000),
        ("maxSessionEvents", *max_session_events, 1..=10_000),
    ] {
        problems.check_range(&format!("spec.config.memory.{field}"), value, range);
    }
}

/// Why `url` says nothing of where a Redis is; `None` when it does.
pub fn redis_url_problem(url: &str) -> Option<&'static str> {
    const SCHEMES: [&str; 6] = [
        "redis://",
        "rediss://",
        "valkey://",
        "valkeys://",
        "redis+unix://",
        "valkey+unix://",
    ];
    let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
    let is_one = rest.is_some_and(|rest| !rest.is_empty());
    (!is_one).then_some("must be redis://host:port, rediss://host:port or redis+unix:///path")
}

/// Whether a Redis of this URL is spoken to over TLS.
pub fn is_redis_over_tls(url: &str) -> bool {
    url.starts_with("rediss://") || url.starts_with("valkeys://")
}

fn check_task_config(problems: &mut Problems, config: &TaskConfig) {
    let TaskConfig {
        max_iterations,
        max_runtime_seconds,
        max_tool_calls,
        max_tokens,
        max_cost_usd,
    } = config;
    let bounds = [
        ("maxIterations", max_iterations, 20),
        ("maxRuntimeSeconds", max_runtime_seconds, 86_400),
        ("maxToolCalls", max_tool_calls, 1_000),
        ("maxTokens", max_tokens, u32::MAX),
    ];
    for (field, value, most) in bounds {
        if let Some(value) = value {
            problems.check_range(&format!("spec.config.taskConfig.{field}"), *value, 1..=most);
        }
    }
    if *max_cost_usd == Some(Usd::ZERO) {
        problems.add("spec.config.taskConfig.maxCostUsd", "must be more than 0");
    }
}

fn check_limits(problems: &mut Problems, at: &str, limits: &UsageLimits) {
    let UsageLimits {
        requests_per_minute,
        tokens_per_minute,
        usd_per_day,
        usd_per_month,
    } = limits;
    for (field, is_nothing) in [
        ("requestsPerMinute", *requests_per_minute == Some(0)),
        ("tokensPerMinute", *tokens_per_minute == Some(0)),
        ("usdPerDay", *usd_per_day == Some(Usd::ZERO)),
        ("usdPerMonth", *usd_per_month == Some(Usd::ZERO)),
    ] {
        if is_nothing {
            problems.add(format!("{at}.{field}"), "must be more than 0");
        }
    }
}

/// What is wrong with a model API; empty when nothing is.
pub fn validate_model_api(name: &str, spec: &ModelApiSpec) -> Vec<FieldError> {
    let mut problems = Problems::default();
    problems.check_name("metadata.name", name, MAX_MODEL_API_NAME);
    check_limits(
        &mut problems,
        "spec.limits",
        &spec.limits.unwrap_or_default(),
    );
    match (spec.mode, &spec.proxy_config, &spec.hosted_config) {
        (Mode::Proxy, None, _) => {
            problems.add("spec.proxyConfig", "is required when the mode is Proxy");
        }
        (Mode::Hosted, _, None) => {
            problems.add("spec.hostedConfig", "is required when the mode is Hosted");
        }
        (Mode::Hosted, _, Some(hosted)) => {
            problems.check_required("spec.hostedConfig.model", &hosted.model);
        }
        (Mode::Proxy, Some(proxy), _) => {
            if let Some(yaml) = &proxy.config_yaml {
                let is_whole = yaml.from_string.is_some() ^ yaml.from_secret_key_ref.is_some();
                if !is_whole {
                    problems.add(
                        "spec.proxyConfig.configYaml",
                        "needs one of fromString and fromSecretKeyRef",
                    );
                }
            }
            if proxy.models.is_empty() && proxy.config_yaml.is_none() {
                problems.add(
                    "spec.proxyConfig.models",
                    "needs at least one model; \"*\" allows all",
                );
            }
            let is_azure = proxy.provider.as_deref() == Some("azure");
            if is_azure && proxy.api_base.is_none() && proxy.config_yaml.is_none() {
                problems.add(
                    "spec.proxyConfig.apiBase",
                    "is required for azure, such as https://RESOURCE.openai.azure.com",
                );
            }
            check_key(&mut problems, proxy);
        }
    }
    check_telemetry(&mut problems, "spec.telemetry", spec.telemetry.as_ref());
    problems.0
}

/// A key has one place; the seed's field and the original's may name the same.
fn check_key(problems: &mut Problems, proxy: &ProxyConfig) {
    let key = proxy.api_key.as_ref();
    let written = key.is_some_and(|key| key.value.is_some());
    let from = key.and_then(|key| key.value_from.as_ref());
    let secret = from.and_then(|from| from.secret_key_ref.as_ref());
    let config_map = from.and_then(|from| from.config_map_key_ref.as_ref());
    if written && from.is_some() {
        problems.add(
            "spec.proxyConfig.apiKey",
            "gives a value and says where to take it from; keep one of the two",
        );
    }
    if secret.is_some() && config_map.is_some() {
        problems.add(
            "spec.proxyConfig.apiKey.valueFrom",
            "names a Secret and a ConfigMap; keep one of the two",
        );
    }
    let Some(seed) = &proxy.api_key_secret_ref else {
        return;
    };
    let is_same = |original: &KeyRef| seed.name == original.name && seed.key == original.key;
    if written || config_map.is_some() {
        problems.add(
            "spec.proxyConfig.apiKeySecretRef",
            "disagrees with apiKey; keep one of the two",
        );
    } else if secret.is_some_and(|original| !is_same(original)) {
        problems.add(
            "spec.proxyConfig.apiKeySecretRef",
            "disagrees with apiKey.valueFrom.secretKeyRef; keep one of the two",
        );
    }
}

/// What is wrong with an MCP server; empty when nothing is.
pub fn validate_mcp_server(name: &str, spec: &McpServerSpec) -> Vec<FieldError> {
    let mut problems = Problems::default();
    problems.check_name("metadata.name", name, MAX_MCP_SERVER_NAME);
    problems.check_required("spec.runtime", &spec.runtime);
    let params = spec.params.as_deref().unwrap_or_default();
    if spec.runtime == "python-string" && params.trim().is_empty() {
        problems.add(
            "spec.params",
            "is required: the Python functions that become tools",
        );
    }
    let container = spec.container.as_ref();
    let has_image = container.is_some_and(|container| container.image.is_some());
    let has_command = container.is_some_and(|container| !container.command.is_empty());
    if spec.runtime == "custom" && !has_image && !has_command {
        problems.add(
            "spec.container.image",
            "is required when the runtime is custom",
        );
    }
    if spec.transport.is_some() && !has_command {
        problems.add(
            "spec.transport",
            "says how spec.container.command speaks, which is not given",
        );
    }
    let timeout = spec.gateway_route.as_ref();
    if timeout.is_some_and(|route| route.timeout.is_some() && route.timeout().is_none()) {
        problems.add("spec.gatewayRoute.timeout", "must be a time such as 60s");
    }
    check_server_elsewhere(&mut problems, spec);
    check_telemetry(&mut problems, "spec.telemetry", spec.telemetry.as_ref());
    problems.0
}

fn check_server_elsewhere(problems: &mut Problems, spec: &McpServerSpec) {
    match (spec.runtime.as_str(), spec.url.as_deref()) {
        ("url", None) => problems.add("spec.url", "is required when the runtime is url"),
        ("url", Some(url)) => {
            if let Some(message) = url_problem(url) {
                problems.add("spec.url", message);
            }
        }
        (_, Some(_)) => problems.add("spec.url", "is for the runtime url alone"),
        (_, None) => {}
    }
    if spec.runtime != "url" && !spec.headers.is_empty() {
        problems.add("spec.headers", "are for the runtime url alone");
    }
    let mut seen: Vec<String> = Vec::new();
    for (index, header) in spec.headers.iter().enumerate() {
        let name = header.name.to_ascii_lowercase();
        let field = format!("spec.headers[{index}].name");
        if !is_header_name(&name) {
            problems.add(field, "must be the name of an HTTP header");
        } else if RESERVED_HEADERS.contains(&name.as_str()) {
            problems.add(field, "is set by MCP itself");
        } else if seen.contains(&name) {
            problems.add(field, "was given before");
        }
        seen.push(name);
    }
}

/// Headers that a client of MCP sets itself.
const RESERVED_HEADERS: [&str; 7] = [
    "accept",
    "content-type",
    "content-length",
    "host",
    "mcp-session-id",
    "mcp-protocol-version",
    "last-event-id",
];

fn is_header_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(allowed)
}

/// Why `url` is not where a server answers; `None` when it may be.
fn url_problem(url: &str) -> Option<&'static str> {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let host = scheme.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        None => Some("must begin with http:// or https://"),
        Some("") => Some("must name a host"),
        Some(host) if host.contains('@') => {
            Some("must not hold credentials; give them in spec.headers, from a Secret")
        }
        Some(_) if url.contains(char::is_whitespace) => Some("must not have spaces in it"),
        Some(_) => None,
    }
}

/// Why `name` is no DNS label of at most `longest` characters; `None` when it is one.
pub fn name_problem(name: &str, longest: usize) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() {
        Some("is required".to_owned())
    } else if name.len() > longest {
        Some(format!("must be at most {longest} characters long"))
    } else if !name.chars().all(allowed) || name.starts_with('-') || name.ends_with('-') {
        Some(
            "must be lower-case letters, digits and hyphens, and start and end with a letter or \
             digit"
                .to_owned(),
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
