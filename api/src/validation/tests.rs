use serde_json::{Value, json};

use super::*;
use crate::resources::model_api::ProxyConfig;
use crate::resources::{
    EnvVar, KeyRef, ValueSource,
    agent::{AgentConfig, AgentNetwork},
    mcp_server::McpTransport,
    model_api::ApiKey,
};

fn fields(problems: &[FieldError]) -> Vec<&str> {
    problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect()
}

fn agent() -> AgentSpec {
    AgentSpec {
        model_api: "llm-proxy".to_owned(),
        model: "openai/gpt-4o".to_owned(),
        ..AgentSpec::default()
    }
}

#[test]
fn the_seeds_agent_is_valid() {
    assert_eq!(validate_agent("researcher", &agent()), []);
}

#[test]
fn every_wrong_field_of_an_agent_is_named() {
    let mut spec = agent();
    spec.model_api.clear();
    spec.agent_network = Some(AgentNetwork {
        expose: None,
        access: vec!["me".to_owned(), "Not A Name".to_owned()],
    });
    spec.config = Some(AgentConfig {
        reasoning_loop_max_steps: Some(21),
        task_config: Some(TaskConfig {
            max_iterations: Some(0),
            max_runtime_seconds: Some(0),
            max_tool_calls: Some(1_001),
            max_tokens: Some(1),
            max_cost_usd: Some(Usd::ZERO),
        }),
        ..Default::default()
    });
    assert_eq!(
        fields(&validate_agent("me", &spec)),
        [
            "spec.modelAPI",
            "spec.agentNetwork.access[0]",
            "spec.agentNetwork.access[1]",
            "spec.config.reasoningLoopMaxSteps",
            "spec.config.taskConfig.maxIterations",
            "spec.config.taskConfig.maxRuntimeSeconds",
            "spec.config.taskConfig.maxToolCalls",
            "spec.config.taskConfig.maxCostUsd"
        ]
    );
}

#[test]
fn a_shared_memory_needs_to_know_where_it_is() {
    let with = |url: Option<&str>| {
        let mut spec = agent();
        spec.config = Some(AgentConfig {
            fallback_models: vec!["gpt-4o-mini".to_owned(), " ".to_owned()],
            memory: Some(MemoryConfig {
                kind: MemoryKind::Redis,
                url: url.map(str::to_owned),
                ..MemoryConfig::default()
            }),
            ..AgentConfig::default()
        });
        validate_agent("researcher", &spec)
    };
    let model = "spec.config.fallbackModels[1]";
    for right in ["redis://cache:6379/1", "rediss://cache:6379"] {
        assert_eq!(fields(&with(Some(right))), [model]);
    }
    for wrong in [None, Some("cache:6379"), Some("redis://")] {
        assert_eq!(fields(&with(wrong)), [model, "spec.config.memory.url"]);
    }
}

#[test]
fn the_url_of_a_shared_memory_is_given_once() {
    let with = |url: Option<&str>| {
        let mut spec = agent();
        spec.config = Some(AgentConfig {
            memory: Some(MemoryConfig {
                kind: MemoryKind::Redis,
                url: url.map(str::to_owned),
                url_secret_ref: Some(KeyRef::default()),
                ..MemoryConfig::default()
            }),
            ..AgentConfig::default()
        });
        fields(&validate_agent("researcher", &spec)).join(" ")
    };
    assert_eq!(with(None), "");
    let twice = with(Some("redis://cache:6379"));
    assert_eq!(twice, "spec.config.memory.urlSecretRef");
}

#[test]
fn a_name_leaves_room_for_the_prefix_of_its_service() {
    assert_eq!(name_problem(&"a".repeat(57), MAX_AGENT_NAME), None);
    assert!(name_problem(&"a".repeat(58), MAX_AGENT_NAME).is_some());
    for wrong in ["", "A", "a_b", "-a", "a-", "a.b", "ä"] {
        assert!(
            name_problem(wrong, 63).is_some(),
            "{wrong:?} should be refused"
        );
    }
}

#[test]
fn two_secrets_for_one_key_must_agree() {
    let secret = |name: &str| KeyRef {
        name: name.to_owned(),
        key: "k".to_owned(),
        optional: None,
    };
    let spec = |seed: &str, original: &str| ModelApiSpec {
        proxy_config: Some(ProxyConfig {
            models: vec!["*".to_owned()],
            api_key_secret_ref: Some(secret(seed)),
            api_key: Some(ApiKey {
                value: None,
                value_from: Some(ValueSource {
                    secret_key_ref: Some(secret(original)),
                    config_map_key_ref: None,
                }),
            }),
            ..ProxyConfig::default()
        }),
        ..ModelApiSpec::of(Mode::Proxy)
    };
    assert_eq!(validate_model_api("llm-proxy", &spec("a", "a")), []);
    assert_eq!(
        fields(&validate_model_api("llm-proxy", &spec("a", "b"))),
        ["spec.proxyConfig.apiKeySecretRef"]
    );
}

#[test]
fn limits_are_more_than_nothing_and_azure_says_where_it_is() {
    let spec = ModelApiSpec {
        limits: Some(UsageLimits {
            requests_per_minute: Some(0),
            usd_per_month: Some(Usd::ZERO),
            ..UsageLimits::default()
        }),
        proxy_config: Some(ProxyConfig {
            models: vec!["*".to_owned()],
            provider: Some("azure".to_owned()),
            ..ProxyConfig::default()
        }),
        ..ModelApiSpec::of(Mode::Proxy)
    };
    assert_eq!(
        fields(&validate_model_api("llm-proxy", &spec)),
        [
            "spec.limits.requestsPerMinute",
            "spec.limits.usdPerMonth",
            "spec.proxyConfig.apiBase"
        ]
    );
    let mut spec = agent();
    spec.config = Some(AgentConfig {
        limits: Some(UsageLimits {
            tokens_per_minute: Some(0),
            usd_per_day: Some(Usd::from_dollars(0.5)),
            ..UsageLimits::default()
        }),
        ..AgentConfig::default()
    });
    let problems = validate_agent("me", &spec);
    assert_eq!(fields(&problems), ["spec.config.limits.tokensPerMinute"]);
}

#[test]
fn a_key_comes_from_one_place() {
    let reference = || {
        Some(KeyRef {
            name: "llm".to_owned(),
            key: "k".to_owned(),
            optional: None,
        })
    };
    let key = |value: Option<&str>, secret, config_map| {
        let from = secret || config_map;
        ApiKey {
            value: value.map(str::to_owned),
            value_from: from.then(|| ValueSource {
                secret_key_ref: reference().filter(|_| secret),
                config_map_key_ref: reference().filter(|_| config_map),
            }),
        }
    };
    let wrong = |api_key, api_key_secret_ref| {
        let spec = ModelApiSpec {
            proxy_config: Some(ProxyConfig {
                models: vec!["*".to_owned()],
                api_key: Some(api_key),
                api_key_secret_ref,
                ..ProxyConfig::default()
            }),
            ..ModelApiSpec::of(Mode::Proxy)
        };
        let problems = validate_model_api("llm-proxy", &spec);
        fields(&problems).join(" ")
    };
    let seed = "spec.proxyConfig.apiKeySecretRef";
    assert_eq!(wrong(key(Some("sk"), false, false), None), "");
    assert_eq!(wrong(key(None, true, false), None), "");
    assert_eq!(wrong(key(None, false, true), None), "");
    assert_eq!(wrong(key(Some("sk"), false, false), reference()), seed);
    assert_eq!(wrong(key(None, false, true), reference()), seed);
    let original = "spec.proxyConfig.apiKey";
    assert_eq!(wrong(key(Some("sk"), true, false), None), original);
    let both = wrong(key(None, true, true), None);
    assert_eq!(both, "spec.proxyConfig.apiKey.valueFrom");
}

#[test]
fn a_python_server_needs_functions_and_a_custom_one_an_image() {
    let spec = |runtime: &str| McpServerSpec {
        runtime: runtime.to_owned(),
        ..Default::default()
    };
    assert_eq!(
        fields(&validate_mcp_server("m", &spec("python-string"))),
        ["spec.params"]
    );
    assert_eq!(
        fields(&validate_mcp_server("m", &spec("custom"))),
        ["spec.container.image"]
    );
}

#[test]
fn telemetry_goes_to_a_url_without_credentials_and_holds_content_only_when_there_is_any() {
    let problems = |telemetry: Value| {
        let mut spec = agent();
        let config = json!({"telemetry": telemetry});
        spec.config = Some(serde_json::from_value(config).unwrap());
        let problems = validate_agent("a", &spec);
        problems.into_iter().map(|it| it.field).collect::<Vec<_>>()
    };
    let none: Vec<String> = Vec::new();
    let telemetry =
        json!({"enabled": true, "endpoint": "http://otel:4317", "captureContent": true});
    assert_eq!(problems(telemetry), none);
    for endpoint in ["otel:4317", "http://", "http://me:secret@otel:4317"] {
        let telemetry = json!({"enabled": true, "endpoint": endpoint});
        assert_eq!(
            problems(telemetry),
            ["spec.config.telemetry.endpoint"],
            "{endpoint}"
        );
    }
    let telemetry = json!({"captureContent": true});
    assert_eq!(
        problems(telemetry),
        ["spec.config.telemetry.captureContent"]
    );
}

#[test]
fn tools_are_given_of_servers_that_the_agent_uses() {
    let mut spec = agent();
    spec.mcp_servers = vec!["calculator".to_owned()];
    let tools = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    spec.mcp_tools
        .insert("calculator".to_owned(), tools(&["add"]));
    assert_eq!(validate_agent("me", &spec), []);
    spec.mcp_tools.insert("calculator".to_owned(), Vec::new());
    spec.mcp_tools.insert("search".to_owned(), tools(&["find"]));
    assert_eq!(
        fields(&validate_agent("me", &spec)),
        ["spec.mcpTools.calculator", "spec.mcpTools.search"]
    );
}

#[test]
fn a_server_elsewhere_needs_a_url_and_headers_that_can_be_sent() {
    let mut spec = McpServerSpec {
        runtime: "url".to_owned(),
        ..McpServerSpec::default()
    };
    assert_eq!(fields(&validate_mcp_server("search", &spec)), ["spec.url"]);
    for wrong in [
        "mcp.example.com",
        "ftp://host",
        "https://",
        "https://me:key@host/mcp",
    ] {
        spec.url = Some(wrong.to_owned());
        assert_eq!(fields(&validate_mcp_server("search", &spec)), ["spec.url"]);
    }
    spec.url = Some("https://mcp.example.com/mcp".to_owned());
    let header = |name: &str| EnvVar {
        name: name.to_owned(),
        value: Some("x".to_owned()),
        value_from: None,
    };
    spec.headers = ["Authorization", "X Key", "Accept", "authorization"]
        .map(header)
        .to_vec();
    assert_eq!(
        fields(&validate_mcp_server("search", &spec)),
        [
            "spec.headers[1].name",
            "spec.headers[2].name",
            "spec.headers[3].name"
        ]
    );
    spec.headers.truncate(1);
    assert_eq!(validate_mcp_server("search", &spec), []);
    spec.runtime = "custom".to_owned();
    spec.transport = Some(McpTransport::Http);
    assert_eq!(
        fields(&validate_mcp_server("search", &spec)),
        [
            "spec.container.image",
            "spec.transport",
            "spec.url",
            "spec.headers"
        ]
    );
}
