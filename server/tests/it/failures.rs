//! What goes wrong is said, and takes nothing else with it.

use serde_json::json;

use crate::kaos::{Kaos, TEAM, command};

#[tokio::test]
async fn a_model_that_cannot_be_reached_is_a_502_with_a_red_trace() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    // A port that was free a moment ago: nobody answers there.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = deaf.local_addr().unwrap().port();
    drop(deaf);
    let model = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "ModelAPI",
        "metadata": {"name": "gone"}, "spec": {"mode": "Proxy", "proxyConfig": {"models": ["*"],
        "provider": "openai", "apiBase": format!("http://127.0.0.1:{port}/v1")}}});
    let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "lonely"}, "spec": {"modelAPI": "gone", "model": "gpt-4o"}});
    assert_eq!(kaos.create("modelapis", &model).await.0, 201);
    assert_eq!(kaos.create("agents", &agent).await.0, 201);
    kaos.until_ready("agents", "lonely").await;

    let (status, body) = kaos.ask("lonely", "hello").await;
    assert_eq!(status, 502, "{body:#}");
    assert_eq!(body["error"]["code"], "model_unreachable", "{body:#}");
    let id = body["error"]["trace_id"]
        .as_str()
        .expect("the error names its trace")
        .to_owned();
    let spans = kaos.trace(&id).await;
    for span in &spans {
        assert_eq!(span.status, 2, "{} is red", span.name);
    }
    let model = spans
        .iter()
        .find(|span| span.name == "model.inference")
        .unwrap();
    let events = model.raw["events"].as_array().unwrap();
    let names: Vec<_> = events.iter().map(|event| &event["name"]).collect();
    assert_eq!(names, ["retry", "retry", "exception"]);

    let streamed = json!({"stream": true, "messages": [{"role": "user", "content": "hello"}]});
    let path = "/agents/kaos-hierarchy/lonely/v1/chat/completions";
    let (status, body) = kaos.post(path, &streamed).await;
    assert_eq!(
        status, 502,
        "a stream that never began is an HTTP error too"
    );
    assert!(body["error"]["trace_id"].is_string());
}

#[tokio::test]
async fn a_model_that_fails_is_replaced_by_the_next_and_left_alone_when_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let agent = |name: &str, fallbacks: &[&str]| {
        json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": {"name": name},
            "spec": {"modelAPI": "llm-proxy", "model": "mock/fail",
            "config": {"fallbackModels": fallbacks}}})
    };
    let careful = agent("careful", &["mock/instant"]);
    for (name, agent) in [("careful", careful), ("careless", agent("careless", &[]))] {
        assert_eq!(kaos.create("agents", &agent).await.0, 201);
        kaos.until_ready("agents", name).await;
    }

    let (status, body) = kaos.ask("careful", "hello").await;
    assert_eq!(status, 200, "{body:#}");
    let spans = kaos.trace(body["trace_id"].as_str().unwrap()).await;
    let model = spans
        .iter()
        .find(|span| span.name == "model.inference")
        .unwrap();
    assert_eq!(model.status, 1, "the answer was found");
    let events = model.raw["events"].as_array().unwrap();
    let names: Vec<_> = events.iter().map(|event| &event["name"]).collect();
    assert_eq!(names, ["retry", "retry", "fallback"]);
    let attributes = model.raw["attributes"].to_string();
    assert!(attributes.contains("kaos.fallback.model"), "{attributes}");

    // Two more failures make five in a row; then it is not even asked, by no agent.
    assert_eq!(kaos.ask("careless", "hello").await.0, 502);
    let (status, body) = kaos.ask("careless", "hello").await;
    assert_eq!(status, 503, "{body:#}");
    assert_eq!(body["error"]["code"], "model_circuit_open", "{body:#}");
    assert_eq!(kaos.ask("careful", "hello").await.0, 200);
}

#[tokio::test]
async fn without_python_the_server_has_failed_and_its_agent_still_answers() {
    let data = tempfile::tempdir().unwrap();
    let yaml = data.path().join("team.yaml");
    std::fs::write(&yaml, TEAM).unwrap();
    let mut command = command(data.path());
    command.env("PATH", data.path()).arg("--apply").arg(yaml);
    let kaos = Kaos::start(command).await;
    let server = kaos.until_phase("mcpservers", "calculator", "Failed").await;
    let message = server["status"]["message"].as_str().unwrap();
    assert!(message.contains("python3 was not found"), "{message}");
    let agent = kaos.until_ready("agents", "analyst").await;
    assert!(
        agent["status"]["message"]
            .as_str()
            .unwrap()
            .contains("calculator"),
        "{agent:#}"
    );
    assert_eq!(kaos.ask("analyst", "hello").await.0, 200);
}

#[tokio::test]
async fn requests_that_make_no_sense_get_openais_errors() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let path = "/agents/kaos-hierarchy/analyst/v1/chat/completions";
    for body in [
        json!({"messages": []}),
        json!({"messages": [{"role": "assistant", "content": "hi"}]}),
        json!({"messages": [{"role": "wizard", "content": "hi"}]}),
        json!([1, 2, 3]),
    ] {
        let (status, answer) = kaos.post(path, &body).await;
        assert_eq!(status, 400, "{body} got {answer:#}");
        assert_eq!(
            answer["error"]["type"], "invalid_request_error",
            "{answer:#}"
        );
    }
    let (status, answer) = kaos.ask("nobody", "hello").await;
    assert_eq!(status, 404);
    assert_eq!(answer["error"]["code"], "agent_not_found");
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_the_browser_against_us() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let url = format!(
        "{}/agents/kaos-hierarchy/analyst/v1/chat/completions",
        kaos.url
    );
    let request = kaos
        .http
        .post(url)
        .header("origin", "https://evil.test")
        .body("{}");
    assert_eq!(request.send().await.unwrap().status(), 403);
    let rebound = kaos
        .http
        .get(format!("{}/healthz", kaos.url))
        .header("host", "evil.test");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
}
