//! What an MCP server is given in confidence stays between us and it.

use std::path::Path;

use axum::{Json, Router, extract::Request, response::IntoResponse, routing::post};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::kaos::{Kaos, Span, command};

const HEADER: &str = "canary-header-58c1";
const VARIABLE: &str = "canary-variable-91d4";

/// A server elsewhere that repeats in its errors what it was sent.
async fn gossip(serving: &mut JoinSet<()>) -> String {
    let refuse = |request: Request| async move {
        let sent = format!("{:?}", request.headers());
        (StatusCode::FORBIDDEN, sent)
    };
    let answer = |request: Request| async move {
        let sent = request.headers()[header::AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned();
        let body = axum::body::to_bytes(request.into_body(), 1 << 20)
            .await
            .unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        let result = match message["method"].as_str().unwrap() {
            "initialize" => json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                "serverInfo": {"name": "gossip", "version": "1"}}),
            "tools/list" => json!({"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}),
            "tools/call" => return (StatusCode::BAD_GATEWAY, sent).into_response(),
            _ => return StatusCode::ACCEPTED.into_response(),
        };
        Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result})).into_response()
    };
    let routes = Router::new()
        .route("/refuse", post(refuse))
        .route("/mcp", post(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "kaos.tools/v1alpha1", "kind": kind, "metadata": {"name": name},
        "spec": spec})
}

/// Whether a file below `folder` holds `text`, apart from the database of resources, which is where
/// Secrets are kept.
fn holds(folder: &Path, text: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let is_resources = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("resources.db")
        });
        let found = if path.is_dir() {
            holds(&path, text)
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let is_in = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            (is_in && !is_resources).then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[tokio::test]
async fn headers_and_variables_from_secrets_show_nowhere() {
    let data = tempfile::tempdir().unwrap();
    let yaml = data.path().join("team.yaml");
    std::fs::write(&yaml, crate::kaos::TEAM).unwrap();
    let mut command = command(data.path());
    command
        .arg("--apply")
        .arg(yaml)
        .args(["--log-level", "debug"]);
    let kaos = Kaos::start(command).await;
    let mut serving = JoinSet::new();
    let url = gossip(&mut serving).await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"},
        "stringData": {"header": format!("Bearer {HEADER}"), "variable": VARIABLE}});
    let secrets = "/kube/api/v1/namespaces/kaos-hierarchy/secrets";
    assert_eq!(kaos.post(secrets, &secret).await.0, 201);
    let from = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "keys", "key": key}}});
    let headers = json!([from("Authorization", "header")]);
    let elsewhere =
        |path: &str| json!({"runtime": "url", "url": format!("{url}{path}"), "headers": headers});
    let leaky = "import os, sys\nprint(os.environ['KEY'])\nraise ValueError(os.environ['KEY'])";
    let env = json!({"env": [from("KEY", "variable")]});
    let leaky = json!({"runtime": "python-string", "params": leaky, "container": env});
    for (name, spec) in [
        ("gossip", elsewhere("/mcp")),
        ("closed", elsewhere("/refuse")),
        ("leaky", leaky),
    ] {
        assert_eq!(
            kaos.create("mcpservers", &object("MCPServer", name, spec))
                .await
                .0,
            201
        );
    }
    let agent = json!({"modelAPI": "llm-proxy", "model": "mock/instant",
        "mcpServers": ["gossip", "closed", "leaky"]});
    kaos.create("agents", &object("Agent", "curious", agent))
        .await;

    kaos.until_ready("mcpservers", "gossip").await;
    let closed = kaos.until_phase("mcpservers", "closed", "Failed").await;
    assert_eq!(
        closed["status"]["conditions"][0]["reason"],
        "NeedsCredentials"
    );
    let leaked = kaos.until_phase("mcpservers", "leaky", "Failed").await;
    let message = leaked["status"]["message"].as_str().unwrap();
    assert!(message.contains("ValueError: ••••"), "{message}");
    kaos.until_ready("agents", "curious").await;
    let (_, answer) = kaos.ask("curious", "look around").await;
    let trace = answer["trace_id"].as_str().unwrap().to_owned();
    let spans = kaos.trace(&trace).await;
    let called = spans.iter().find(|span| span.name == "tool.look");
    assert_eq!(called.expect("the tool was called").status, 2);

    let api = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy";
    let mut seen = vec![answer.to_string()];
    let pages = [
        format!("{api}/mcpservers"),
        format!("{api}/agents"),
        "/".to_owned(),
        format!("/traces/{trace}"),
        format!("/jaeger/api/v3/traces/{trace}"),
        "/mcpservers/kaos-hierarchy/closed/health".to_owned(),
        "/mcpservers/kaos-hierarchy/leaky/health".to_owned(),
        "/agents/kaos-hierarchy/curious/memory/events".to_owned(),
    ];
    let logs = |span: &Span| format!("/traces/{trace}?span={}&side=logs", span.id);
    for path in pages.into_iter().chain(spans.iter().map(logs)) {
        let page = kaos.http.get(format!("{}{path}", kaos.url)).send().await;
        seen.push(page.unwrap().text().await.unwrap());
    }
    seen.push(kaos.said());
    kaos.stop().await;
    for canary in [HEADER, VARIABLE] {
        for text in &seen {
            assert!(!text.contains(canary), "{text}");
        }
        assert_eq!(holds(data.path(), canary), None);
    }
}
