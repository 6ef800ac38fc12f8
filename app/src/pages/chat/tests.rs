use axum::{
    Json, Router,
    extract::{Path, RawQuery},
    routing::get,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::pages::fixture::{Fixture, TRACE, has, span};

fn kubernetes(phase: &'static str) -> Router {
    let agent = move |Path((_, name)): Path<(String, String)>| async move {
        Json(json!({
            "apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
            "metadata": {"name": name, "namespace": "team"},
            "spec": {
                "modelAPI": "llm", "model": "gpt-4o", "mcpServers": ["echo-search"],
                "agentNetwork": {"access": ["researcher"]},
                "config": {"description": "Coordinates research."}
            },
            "status": {"phase": phase, "ready": phase == "Ready", "message": "ModelAPI llm is missing"}
        }))
    };
    Router::new().route(
        "/apis/kaos.tools/v1alpha1/namespaces/{ns}/agents/{name}",
        get(agent),
    )
}

fn event(kind: &str, content: Value) -> Value {
    json!({
        "event_id": "e", "session_id": "session_1", "timestamp": "2026-01-01T00:00:00Z",
        "event_type": kind, "content": content, "metadata": {"trace_id": TRACE},
    })
}

fn agents() -> Router {
    let events = |RawQuery(query): RawQuery| async move {
        let other = query.is_some_and(|query| query.contains("session_id=other"));
        let events = vec![
            event("user_message", json!("What is the share?")),
            event(
                "tool_call",
                json!({"tool": "web_search", "arguments": {"query": "chips"}}),
            ),
            event(
                "tool_result",
                json!({"tool": "web_search", "result": "80 percent"}),
            ),
            event("agent_response", json!("**80** percent <script>")),
        ];
        Json(json!({"agent": "coordinator", "events": if other { vec![] } else { events }}))
    };
    let sessions = || async { Json(json!({"agent": "coordinator", "sessions": ["session_1"]})) };
    let runs = |RawQuery(query): RawQuery| async move {
        let query = query.unwrap_or_default();
        let filter = "state=running&namespace=team&agent=coordinator&session=going";
        let run = json!({
            "id": "run_1", "namespace": "team", "agent": "coordinator", "session_id": "going",
            "trace_id": TRACE.to_string(), "state": "running",
            "started_at": "2026-01-01T00:00:00Z", "last_seq": 3,
        });
        Json(json!({"runs": if query == filter { vec![run] } else { vec![] }}))
    };
    Router::new()
        .route("/api/runs", get(runs))
        .route("/agents/team/coordinator/memory/events", get(events))
        .route("/agents/team/coordinator/memory/sessions", get(sessions))
}

fn fixture() -> Fixture {
    Fixture {
        spans: vec![
            span(1, 0, "agent.agentic_loop", (0, 2000)),
            span(2, 1, "agent.step.1", (0, 2000)),
            span(3, 2, "tool.web_search", (10, 400)),
        ],
        kubernetes: kubernetes("Ready"),
        agents: agents(),
        ..Fixture::default()
    }
}

#[tokio::test]
async fn a_session_can_be_read_with_its_steps_and_its_trace() {
    let path = "/ns/team/agents/coordinator/chat/session_1";
    let (status, html) = fixture().get(path).await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            "What is the share?",
            "<strong>80</strong> percent &lt;script&gt;",
            "1 step · 1 tool · 2.00 s",
            r#"data-kind="tool" data-state="done""#,
            "80 percent",
            &format!("href=\"/traces/{TRACE}\""),
            "aria-current=\"page\"><span>What is the share?</span>",
            "class=\"chat-age\"",
        ],
    );
}

#[tokio::test]
async fn a_run_that_goes_on_is_handed_to_the_browser_instead_of_drawn() {
    let path = "/ns/team/agents/coordinator/chat/going";
    let (status, html) = fixture().get(path).await;
    assert_eq!(status, StatusCode::OK);
    has(&html, &["run_1", "What is the share?"]);
    assert!(
        !html.contains("<strong>80</strong>"),
        "it is not drawn as past: {html}"
    );
    assert!(
        !html.contains("Coordinates research."),
        "the conversation has begun"
    );
}

#[tokio::test]
async fn a_new_conversation_says_who_it_is_with() {
    let (status, html) = fixture().get("/ns/team/agents/coordinator/chat").await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            "<h1>coordinator</h1>",
            "Coordinates research.",
            "<li>echo-search</li>",
            "<li>researcher</li>",
            "Ask researcher what it can do",
            "<form method=\"post\" class=\"chat-composer\">",
        ],
    );
}

#[tokio::test]
async fn an_agent_that_is_not_ready_says_why_before_anything_is_sent() {
    let fixture = Fixture {
        kubernetes: kubernetes("Waiting"),
        ..fixture()
    };
    let html = fixture.get("/ns/team/agents/coordinator/chat").await.1;
    has(
        &html,
        &["coordinator waits for something it needs: ModelAPI llm is missing"],
    );
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_does_not_take_the_page() {
    let fixture = Fixture {
        agents: Router::new(),
        ..fixture()
    };
    let (status, html) = fixture.get("/ns/team/agents/coordinator/chat").await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &["failed to read the memory of agent coordinator", "Send"],
    );
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_not_found() {
    let not_found = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound",
        "message": "agents \"nobody\" not found", "code": 404,
    });
    let nothing = move || async move { (StatusCode::NOT_FOUND, Json(not_found)) };
    let fixture = Fixture {
        kubernetes: Router::new().fallback(nothing),
        ..fixture()
    };
    let (status, _) = fixture.get("/ns/team/agents/nobody/chat").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_kubernetes_api_that_does_not_answer_is_said_to_fail() {
    let fixture = Fixture {
        kubernetes: Router::new(),
        ..fixture()
    };
    let (status, html) = fixture.get("/ns/team/agents/coordinator/chat").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    has(&html, &["failed to get agent coordinator"]);
}
