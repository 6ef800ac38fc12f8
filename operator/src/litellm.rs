//! The configuration with which `LiteLLM` does what a `ModelAPI` of mode Proxy says.
//!
//! Keys are not in it: it names the variables they come in. Models are called alike here and in our
//! own gateway: a leading `provider/` that is the provider's own name is no part of a model's name.

use api::plan::{ModelApiPlan, ModelBackend, ProviderPlan};
use serde_json::{Map, Value, json};

/// The variable that holds the provider's key.
pub const KEY_VARIABLE: &str = "PROXY_API_KEY";
/// The variable that holds the provider's base URL, where the plan gives one.
pub const BASE_VARIABLE: &str = "PROXY_API_BASE";
/// The variable that holds the key `LiteLLM` itself wants; it starts with none that is weak.
pub const MASTER_KEY_VARIABLE: &str = "LITELLM_MASTER_KEY";

/// Providers that `LiteLLM` calls something else.
const NAMES: [(&str, &str); 4] = [
    ("together", "together_ai"),
    ("fireworks", "fireworks_ai"),
    ("ollama", "ollama_chat"),
    ("vllm", "hosted_vllm"),
];
/// Providers whose base URL `LiteLLM` takes for what it is; elsewhere one that is given speaks
/// OpenAI's protocol, whoever's it is.
const OWN_BASES: [&str; 3] = ["azure", "ollama_chat", "hosted_vllm"];

/// The configuration, as YAML; `None` for a plan that needs no `LiteLLM`: that of the scripted
/// model, and one that brings a configuration of its own.
pub fn litellm_config(plan: &ModelApiPlan) -> Option<String> {
    let provider = match &plan.backend {
        ModelBackend::Provider(provider) if provider.provider != "mock" => provider,
        ModelBackend::Provider(_) | ModelBackend::LiteLlm(_) | ModelBackend::Ollama(_) => {
            return None;
        }
    };
    let models: Vec<Value> = plan
        .models
        .iter()
        .flat_map(|pattern| entries(provider, pattern))
        .collect();
    let config = json!({
        "model_list": models,
        "litellm_settings": {
            // Clients send what their own provider knows, and not every one does.
            "drop_params": true,
            "include_cost_in_streaming_usage": true,
        },
        "general_settings": {"master_key": variable(MASTER_KEY_VARIABLE)},
    });
    // JSON is YAML, and this is all that the program reads it with.
    serde_json::to_string_pretty(&config).ok()
}

/// What one allowed name or pattern comes to: once as it is, once with the provider before it.
fn entries(plan: &ProviderPlan, pattern: &str) -> Vec<Value> {
    let prefix = format!("{}/", plan.provider);
    let bare = pattern.strip_prefix(&prefix).unwrap_or(pattern);
    let params = Value::Object(params(plan, bare));
    [bare.to_owned(), format!("{prefix}{bare}")]
        .into_iter()
        .map(|name| json!({"model_name": name, "litellm_params": params}))
        .collect()
}

fn params(plan: &ProviderPlan, model: &str) -> Map<String, Value> {
    let known = NAMES.iter().find(|(name, _)| *name == plan.provider);
    let name = known.map_or(plan.provider.as_str(), |(_, litellms)| litellms);
    let has_base = plan.api_base.is_some();
    let name = if has_base && !OWN_BASES.contains(&name) {
        "openai"
    } else {
        name
    };
    let mut params = Map::new();
    params.insert("model".to_owned(), json!(format!("{name}/{model}")));
    if plan.api_key.is_some() {
        params.insert("api_key".to_owned(), variable(KEY_VARIABLE));
    } else if name == "openai" && has_base {
        // Its client sends none without one.
        params.insert("api_key".to_owned(), json!("none"));
    }
    if has_base {
        params.insert("api_base".to_owned(), variable(BASE_VARIABLE));
    }
    if let Some(version) = &plan.api_version {
        params.insert("api_version".to_owned(), json!(version));
    }
    params
}

fn variable(name: &str) -> Value {
    json!(format!("os.environ/{name}"))
}

#[cfg(test)]
mod tests {
    use api::plan::{ResourceId, Secret, TelemetryPlan};
    use api::resources::UsageLimits;

    use super::*;

    fn plan(provider: &str, api_base: Option<&str>, models: &[&str]) -> ModelApiPlan {
        ModelApiPlan {
            id: ResourceId::new("team", "llm"),
            backend: ModelBackend::Provider(ProviderPlan {
                provider: provider.to_owned(),
                api_base: api_base.map(str::to_owned),
                api_version: None,
                api_key: Some(Secret::new("sk-secret")),
            }),
            models: models.iter().map(|&model| model.to_owned()).collect(),
            limits: UsageLimits::default(),
            telemetry: TelemetryPlan::default(),
        }
    }

    /// What each name leads to.
    fn routes(plan: &ModelApiPlan) -> Vec<(String, String)> {
        let config = litellm_config(plan).unwrap();
        assert!(!config.contains("sk-secret"), "{config}");
        let config: Value = serde_json::from_str(&config).unwrap();
        let models = config["model_list"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        models
            .iter()
            .map(|model| {
                assert_eq!(
                    model["litellm_params"]["api_key"],
                    "os.environ/PROXY_API_KEY"
                );
                (
                    text(&model["model_name"]),
                    text(&model["litellm_params"]["model"]),
                )
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, model): &(&str, &str)| ((*name).to_owned(), (*model).to_owned());
        expected.iter().map(pair).collect()
    }

    #[test]
    fn models_are_called_as_in_our_own_gateway() {
        let all = routes(&plan("nebius", None, &["*"]));
        assert_eq!(all, pairs(&[("*", "nebius/*"), ("nebius/*", "nebius/*")]));
        let some = routes(&plan("together", None, &["together/meta/*", "mixtral"]));
        let expected = [
            ("meta/*", "together_ai/meta/*"),
            ("together/meta/*", "together_ai/meta/*"),
            ("mixtral", "together_ai/mixtral"),
            ("together/mixtral", "together_ai/mixtral"),
        ];
        assert_eq!(some, pairs(&expected));
    }

    #[test]
    fn a_base_url_speaks_openais_protocol_whoevers_it_is() {
        let house = plan("house", Some("http://models/v1"), &["big"]);
        assert_eq!(routes(&house)[0].1, "openai/big");
        let anthropic = plan("anthropic", Some("http://proxy/v1"), &["claude"]);
        assert_eq!(routes(&anthropic)[0].1, "openai/claude");
        let azure = plan("azure", Some("https://r.openai.azure.com"), &["gpt-4o"]);
        assert_eq!(routes(&azure)[0].1, "azure/gpt-4o");
        let config = litellm_config(&house).unwrap();
        assert!(
            config.contains("\"api_base\": \"os.environ/PROXY_API_BASE\""),
            "{config}"
        );
    }

    #[test]
    fn the_scripted_model_needs_no_litellm() {
        assert_eq!(litellm_config(&plan("mock", None, &["*"])), None);
    }
}
