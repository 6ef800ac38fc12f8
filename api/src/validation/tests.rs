use super::*;
use crate::resources::model_api::ProxyConfig;
use crate::resources::{KeyRef, ValueSource, agent::AgentNetwork, model_api::ApiKey};

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
    spec.config = Some(crate::resources::agent::AgentConfig {
        reasoning_loop_max_steps: Some(21),
        ..Default::default()
    });
    assert_eq!(
        fields(&validate_agent("me", &spec)),
        [
            "spec.modelAPI",
            "spec.agentNetwork.access[0]",
            "spec.agentNetwork.access[1]",
            "spec.config.reasoningLoopMaxSteps"
        ]
    );
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
