use super::*;
use crate::resources::model_api::ProxyConfig;
use crate::resources::{
    KeyRef, ValueSource,
    agent::{AgentConfig, AgentNetwork},
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
            "spec.config.taskConfig.maxToolCalls"
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
    assert_eq!(fields(&with(Some("redis://cache:6379/1"))), [model]);
    for wrong in [None, Some("cache:6379"), Some("redis://")] {
        assert_eq!(fields(&with(wrong)), [model, "spec.config.memory.url"]);
    }
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
        mode: Mode::Proxy,
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
        hosted_config: None,
        gateway_route: None,
        telemetry: None,
        container: None,
        pod_spec: None,
    };
    assert_eq!(validate_model_api("llm-proxy", &spec("a", "a")), []);
    assert_eq!(
        fields(&validate_model_api("llm-proxy", &spec("a", "b"))),
        ["spec.proxyConfig.apiKeySecretRef"]
    );
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
