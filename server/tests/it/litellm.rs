//! The real `LiteLLM`, started by KAOS with a configuration that KAOS generated.

use std::time::Duration;

use api::{
    plan::{ModelApiPlan, ModelBackend, ProviderPlan, ResourceId, Secret, TelemetryPlan},
    resources::UsageLimits,
};
use serde_json::{Value, json};

use crate::kaos::{Kaos, TEAM, command};

/// It reads a lot of Python before it answers.
const STARTS_WITHIN: Duration = Duration::from_mins(10);

/// The program; without it there is nothing to test.
fn litellm() -> Option<String> {
    let program = std::env::var_os("KAOS_LITELLM")?;
    Some(program.to_string_lossy().into_owned())
}

/// A model API whose configuration is the one that KAOS generates for `LiteLLM` on a cluster.
fn generated(api_base: &str) -> Value {
    let plan = ModelApiPlan {
        id: ResourceId::new("kaos-hierarchy", "through-litellm"),
        backend: ModelBackend::Provider(ProviderPlan {
            provider: "openai".to_owned(),
            api_base: Some(api_base.to_owned()),
            api_version: None,
            api_key: Some(Secret::new("sk-upstream")),
        }),
        models: vec!["*".to_owned()],
        limits: UsageLimits::default(),
        telemetry: TelemetryPlan::default(),
    };
    let config = operator::litellm_config(&plan).expect("it is a provider's");
    json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "ModelAPI",
        "metadata": {"name": "through-litellm"},
        "spec": {"mode": "Proxy", "proxyConfig": {"models": ["*"], "apiBase": api_base,
            "apiKey": {"value": "sk-upstream"}, "configYaml": {"fromString": config}}}})
}

#[tokio::test]
async fn the_configuration_we_generate_lets_the_real_litellm_answer_an_agent() {
    let Some(litellm) = litellm() else {
        eprintln!("skipped: KAOS_LITELLM names no LiteLLM; `cargo xtask test` installs it");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let yaml = data.path().join("team.yaml");
    std::fs::write(&yaml, TEAM).unwrap();
    let mut command = command(data.path());
    command
        .arg("--apply")
        .arg(yaml)
        .args(["--litellm", &litellm]);
    let kaos = Kaos::start(command).await;
    // Behind LiteLLM is the scripted model, as a client from outside sees it.
    let behind = format!("{}/modelapis/kaos-hierarchy/llm-proxy/v1", kaos.url);
    let (status, answer) = kaos.create("modelapis", &generated(&behind)).await;
    assert_eq!(status, 201, "{answer:#}");
    let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "asker"},
        "spec": {"modelAPI": "through-litellm", "model": "openai/gpt-4o"}});
    assert_eq!(kaos.create("agents", &agent).await.0, 201);
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/modelapis/through-litellm";
    kaos.until_within(STARTS_WITHIN, path, |api| api["status"]["phase"] == "Ready")
        .await;
    kaos.until_ready("agents", "asker").await;

    let (status, answer) = kaos.ask("asker", "What is the capital of France?").await;
    assert_eq!(status, 200, "{answer:#}");
    let words = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(!words.is_empty(), "{answer:#}");
    assert!(
        answer["usage"]["total_tokens"].as_u64().unwrap() > 0,
        "{answer:#}"
    );
    // LiteLLM knows what the model costs, and says it.
    assert!(
        answer["usage"]["cost"].as_f64().unwrap() > 0.0,
        "{answer:#}"
    );
    let spans = kaos.trace(answer["trace_id"].as_str().unwrap()).await;
    let model = spans
        .iter()
        .find(|span| span.name == "model.inference")
        .unwrap();
    assert_eq!(model.status, 1);
    let attributes = model.raw["attributes"].to_string();
    assert!(attributes.contains("kaos.usage.cost_usd"), "{attributes}");

    let streamed = json!({"stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "hello"}]});
    let url = format!(
        "{}/agents/kaos-hierarchy/asker/v1/chat/completions",
        kaos.url
    );
    let request = kaos.http.post(url).json(&streamed).send();
    let text = request.await.unwrap().text().await.unwrap();
    assert!(text.contains("\"cost\":"), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    kaos.stop().await;
}
