//! Keys are nowhere to be seen: not in logs, traces, errors, statuses, pages or files.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::kaos::{Kaos, TEAM, command};

/// Nothing else says this.
const CANARY: &str = "sk-canary-7c1f04b2d9";

/// A provider that repeats the key it is given: as an error, as a page, and in a stream.
async fn indiscreet(headers: HeaderMap, body: String) -> axum::response::Response {
    let said = headers["authorization"].to_str().unwrap().to_owned();
    let request: Value = serde_json::from_str(&body).unwrap();
    match request["model"].as_str().unwrap() {
        "error" => {
            let error = json!({"error": {"message": format!("wrong key: {said}"), "type": "auth"}});
            (StatusCode::UNAUTHORIZED, axum::Json(error)).into_response()
        }
        "page" => ([("content-type", "text/html")], format!("<p>{said}</p>")).into_response(),
        "strange" => (StatusCode::IM_A_TEAPOT, said).into_response(),
        _ => {
            let message = json!({"role": "assistant", "content": "fine"});
            axum::Json(
                json!({"id": "1", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}),
            )
            .into_response()
        }
    }
}

async fn start_provider(serving: &mut JoinSet<()>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/chat/completions", post(indiscreet));
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

/// Model APIs that take the key from each place there is, and agents that make their provider
/// repeat it.
async fn fill(kaos: &Kaos, base: &str) {
    let core = "/kube/api/v1/namespaces/kaos-hierarchy";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canary"},
        "stringData": {"key": CANARY, "config": format!("model_list: ['{CANARY}'")}});
    assert_eq!(kaos.post(&format!("{core}/secrets"), &secret).await.0, 201);
    let reference = json!({"name": "canary", "key": "key"});
    let proxies = [
        ("seed", json!({"apiKeySecretRef": reference})),
        (
            "original",
            json!({"apiKey": {"valueFrom": {"secretKeyRef": reference}}}),
        ),
        (
            "litellm",
            json!({"configYaml": {"fromSecretKeyRef": {"name": "canary", "key": "config"}},
                "apiKeySecretRef": reference}),
        ),
        (
            "nowhere",
            json!({"apiKeySecretRef": reference, "apiBase": "http://127.0.0.1:1/v1"}),
        ),
    ];
    for (name, mut proxy) in proxies {
        proxy["models"] = json!(["*"]);
        proxy["provider"] = json!("openai");
        if proxy.get("apiBase").is_none() {
            proxy["apiBase"] = json!(base);
        }
        let api = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "ModelAPI",
            "metadata": {"name": name}, "spec": {"mode": "Proxy", "proxyConfig": proxy}});
        let (status, answer) = kaos.create("modelapis", &api).await;
        assert_eq!(status, 201, "{answer:#}");
    }
    for api in ["seed", "original", "nowhere"] {
        kaos.until_ready("modelapis", api).await;
    }
    kaos.until_phase("modelapis", "litellm", "Failed").await;
    for (name, api, model) in [
        ("fine", "seed", "fine"),
        ("error", "seed", "error"),
        ("page", "original", "page"),
        ("strange", "original", "strange"),
        ("nowhere", "nowhere", "fine"),
    ] {
        let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
            "metadata": {"name": name}, "spec": {"modelAPI": api, "model": model}});
        assert_eq!(kaos.create("agents", &agent).await.0, 201);
        kaos.until_ready("agents", name).await;
    }
}

/// Asks every agent and model API, whole and streamed; what they answered.
async fn ask_all(kaos: &Kaos) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    let mut paths = Vec::new();
    for agent in ["fine", "error", "page", "strange", "nowhere"] {
        paths.push((
            format!("/agents/kaos-hierarchy/{agent}/v1/chat/completions"),
            "any",
        ));
    }
    for (api, model) in [
        ("seed", "error"),
        ("original", "page"),
        ("litellm", "any"),
        ("nowhere", "any"),
    ] {
        paths.push((
            format!("/modelapis/kaos-hierarchy/{api}/v1/chat/completions"),
            model,
        ));
    }
    for (path, model) in paths {
        for stream in [false, true] {
            let body = json!({"model": model, "stream": stream,
                "messages": [{"role": "user", "content": "hello"}]});
            let request = kaos.http.post(format!("{}{path}", kaos.url)).json(&body);
            let answer = request.send().await.unwrap();
            seen.push((path.clone(), format!("{:?}", answer.headers())));
            seen.push((path.clone(), answer.text().await.unwrap()));
        }
    }
    seen
}

/// The traces that agents' answers name.
fn traces(seen: &[(String, String)]) -> Vec<String> {
    let header = "x-trace-id\": \"";
    seen.iter()
        .filter_map(|(_, text)| {
            let at = text.find(header)? + header.len();
            Some(text[at..at + 32].to_owned())
        })
        .collect()
}

/// Everything that can be looked at while it runs.
async fn look(kaos: &Kaos, traces: &[String]) -> Vec<(String, String)> {
    let mut paths: Vec<String> = [
        "/",
        "/ns/kaos-hierarchy",
        "/ns/_all",
        "/ns/_all/traces",
        "/ns/kaos-hierarchy/agents/error",
        "/ns/kaos-hierarchy/agents/error/yaml",
        "/ns/kaos-hierarchy/agents/error/chat",
        "/ns/kaos-hierarchy/new/agent",
        "/metrics",
        "/api/runs",
        "/api/status",
        "/agents/kaos-hierarchy/error/memory/events",
        "/modelapis/kaos-hierarchy/nowhere/v1/models",
        "/modelapis/kaos-hierarchy/seed/health",
        "/jaeger/api/v3/services",
    ]
    .map(str::to_owned)
    .to_vec();
    for trace in traces {
        for span in kaos.trace(trace).await {
            paths.push(format!("/traces/{trace}?span={}", span.id));
            paths.push(format!("/traces/{trace}?span={}&side=logs", span.id));
        }
        paths.push(format!("/jaeger/api/v3/traces/{trace}"));
    }
    let mut seen = Vec::new();
    for path in paths {
        let page = kaos.http.get(format!("{}{path}", kaos.url)).send().await;
        seen.push((path, page.unwrap().text().await.unwrap()));
    }
    let objects = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy";
    for plural in ["modelapis", "agents"] {
        let (_, list) = kaos.get(&format!("{objects}/{plural}")).await;
        for object in list["items"].as_array().unwrap() {
            seen.push((format!("status of {plural}"), object["status"].to_string()));
        }
    }
    seen.push(("its output".to_owned(), kaos.said()));
    seen
}

/// Everything that it leaves behind, apart from the resources, which is where Secrets are kept.
fn left_behind(data_dir: &Path) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    for folder in [data_dir.to_owned(), data_dir.join("telemetry")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() && !name.starts_with("resources.db") {
                let bytes = std::fs::read(&path).unwrap();
                seen.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    seen
}

#[tokio::test]
async fn a_key_is_in_no_log_trace_error_status_page_or_file() {
    let mut serving = JoinSet::new();
    let base = start_provider(&mut serving).await;
    let data = tempfile::tempdir().unwrap();
    let yaml = data.path().join("team.yaml");
    std::fs::write(&yaml, TEAM).unwrap();
    let mut command = command(data.path());
    command
        .arg("--apply")
        .arg(yaml)
        .env("LOG_LEVEL", "trace")
        .env("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    let kaos = Kaos::start(command).await;
    fill(&kaos, &base).await;
    let mut seen = ask_all(&kaos).await;
    let traces = traces(&seen);
    assert!(traces.len() >= 8, "every answer of an agent has a trace");
    seen.extend(look(&kaos, &traces).await);
    kaos.stop().await;
    seen.extend(left_behind(data.path()));

    for (place, text) in &seen {
        if let Some(at) = text.find(CANARY) {
            let before: String = text[..at].chars().rev().take(200).collect();
            let before: String = before.chars().rev().collect();
            panic!("{place} has the key: …{before}");
        }
    }
    let is_hidden = |(_, text): &&(String, String)| text.contains("••••");
    let n_hidden = seen.iter().filter(is_hidden).count();
    assert!(n_hidden > 4, "the provider did repeat it");
    assert!(
        seen.iter().any(|(_, text)| text.len() > 10_000),
        "there is a lot to look at"
    );
}
