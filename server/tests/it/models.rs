//! Model APIs in the whole program: what they cost, and those of this machine.

use axum::{
    Json, Router,
    body::Body,
    routing::{get, post},
};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::kaos::{Kaos, TEAM, command};

fn hosted(model: &str) -> Value {
    json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "ModelAPI", "metadata": {"name": "hosted"},
        "spec": {"mode": "Hosted", "hostedConfig": {"model": model}}})
}

async fn kaos_with(data: &std::path::Path, ollama: &str) -> Kaos {
    let yaml = data.join("team.yaml");
    std::fs::write(&yaml, TEAM).unwrap();
    let mut command = command(data);
    command.arg("--apply").arg(yaml).env("OLLAMA_HOST", ollama);
    Kaos::start(command).await
}

/// What the page about the namespace says.
async fn page(kaos: &Kaos) -> String {
    let url = format!("{}/ns/kaos-hierarchy", kaos.url);
    kaos.http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test]
async fn without_ollama_a_hosted_model_says_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let kaos = kaos_with(data.path(), "127.0.0.1:1").await;
    let (status, _) = kaos.create("modelapis", &hosted("smollm2:135m")).await;
    assert_eq!(status, 201);
    let api = kaos.until_phase("modelapis", "hosted", "Failed").await;
    let message = api["status"]["message"].as_str().unwrap();
    assert!(message.contains("ollama serve"), "{message}");
    assert!(message.contains("OLLAMA_HOST"), "{message}");
    let page = page(&kaos).await;
    assert!(page.contains("ollama serve"), "{page}");
}

/// An Ollama that has fetched 42 percent of a model, and no more.
async fn ollama(serving: &mut JoinSet<()>) -> String {
    let tags = async || Json(json!({"models": []}));
    let pull = async || {
        let line = json!({"status": "pulling", "digest": "sha256:1", "total": 1_000_000_000,
            "completed": 420_000_000});
        let said = stream::iter([Ok::<_, std::io::Error>(format!("{line}\n"))]);
        Body::from_stream(said.chain(stream::pending()))
    };
    let routes = Router::new()
        .route("/api/tags", get(tags))
        .route("/api/pull", post(pull));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

#[tokio::test]
async fn how_far_a_hosted_model_is_fetched_is_in_its_status_and_on_the_page() {
    let mut serving = JoinSet::new();
    let data = tempfile::tempdir().unwrap();
    let kaos = kaos_with(data.path(), &ollama(&mut serving).await).await;
    kaos.create("modelapis", &hosted("smollm2:135m")).await;
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/modelapis/hosted";
    let progress = "Ollama fetches smollm2:135m: 42 % of 1000 MB";
    let api = kaos
        .until(path, |api| {
            let message = api["status"]["message"].as_str().unwrap_or_default();
            message.contains(progress)
        })
        .await;
    assert_eq!(api["status"]["phase"], "Pending");
    let page = page(&kaos).await;
    assert!(page.contains(progress), "{page}");
}

#[tokio::test]
async fn a_config_map_says_what_models_cost_from_the_moment_it_is_there() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let (_, answer) = kaos.ask("analyst", "hello").await;
    assert_eq!(answer["usage"].get("cost"), None, "{answer:#}");
    let table = "models:\n  mock/*: {input: 1000000, output: 0}\n";
    let prices = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kaos-prices"}, "data": {"prices.yaml": table}});
    let system =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kaos-system"}});
    kaos.post("/kube/api/v1/namespaces", &system).await;
    let maps = "/kube/api/v1/namespaces/kaos-system/configmaps";
    assert_eq!(kaos.post(maps, &prices).await.0, 201);
    let started = std::time::Instant::now();
    loop {
        let (_, answer) = kaos.ask("analyst", "hello").await;
        if answer["usage"]["cost"].is_f64() {
            // The prices may have come between two calls of that run: the next one has them all.
            let (_, answer) = kaos.ask("analyst", "hello").await;
            let cost = answer["usage"]["cost"].as_f64().unwrap();
            let tokens = answer["usage"]["prompt_tokens"].as_f64().unwrap();
            assert!((cost - tokens).abs() < 1e-6, "a dollar a token: {answer:#}");
            return;
        }
        let waited = started.elapsed();
        assert!(waited < crate::kaos::DEADLINE, "it stays {answer:#}");
    }
}
