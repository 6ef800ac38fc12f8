//! The tabs of resources, and the pages about all of KAOS.

use axum::{Json, routing::post as on_post};
use serde_json::json;

use super::*;

fn with_agents(agents: Router) -> Router {
    let cluster = Cluster::with_agents(&["coordinator"]);
    router(Ports {
        agents,
        ..ports(&cluster)
    })
}

fn remembering() -> Router {
    let events = json!({"events": [
        {"event_id": "1", "event_type": "user_message", "session_id": "s-1",
         "content": "Is <b>this</b> kept?", "timestamp": "2026-01-02T10:42:07Z",
         "metadata": {"trace_id": "0000000000000000000000000000000a", "span_id": "000000000000000b"}},
        {"event_id": "2", "event_type": "agent_response", "session_id": "s-1",
         "content": "Yes", "timestamp": "2026-01-02T10:42:09Z"},
    ]});
    let path = "/agents/team/coordinator/memory";
    Router::new()
        .route(
            &format!("{path}/events"),
            axum::routing::get(move || async move { Json(events) }),
        )
        .route(
            &format!("{path}/sessions"),
            axum::routing::get(|| async { Json(json!({"sessions": ["s-1"]})) }),
        )
        .route(
            &format!("{path}/sessions/s-1"),
            axum::routing::delete(|| async { StatusCode::NO_CONTENT }),
        )
}

#[tokio::test]
async fn the_memory_of_an_agent_lists_its_sessions_and_shows_words_as_words() {
    let dashboard = with_agents(remembering());
    let page = get(&dashboard, "/ns/team/agents/coordinator/memory").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("Is &lt;b&gt;this&lt;/b&gt; kept?");
    let page = get(
        &dashboard,
        "/ns/team/agents/coordinator/memory/s-1?view=events",
    )
    .await;
    page.shows("user message");
    page.shows("/traces/0000000000000000000000000000000a?span=000000000000000b");
}

#[tokio::test]
async fn a_session_is_forgotten_by_a_form() {
    let dashboard = with_agents(remembering());
    let path = "/ns/team/agents/coordinator/memory/s-1/delete";
    let answer = post(&dashboard, path, "").await;
    assert_eq!(answer.location(), "/ns/team/agents/coordinator/memory");
}

#[tokio::test]
async fn an_agent_that_does_not_tell_what_it_remembers_is_an_error_and_not_an_empty_memory() {
    let dashboard = with_agents(Router::new());
    let page = get(&dashboard, "/ns/team/agents/coordinator/memory").await;
    page.shows("The memory of coordinator");
    page.shows("cannot be shown");
    page.shows("HTTP 404");
}

#[tokio::test]
async fn tabs_of_an_agent_that_is_not_there_say_so() {
    let dashboard = with_agents(Router::new());
    for tab in ["memory", "runs", "events", "pods"] {
        let page = get(&dashboard, &format!("/ns/team/agents/nobody/{tab}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{tab}");
        page.shows("There is no agent nobody");
    }
}

#[tokio::test]
async fn the_system_page_says_which_source_answers_and_why_another_does_not() {
    let page = get(&with_agents(Router::new()), "/system").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("Kubernetes API");
    page.shows("a test keeps nothing");
    page.shows("No run yet");
}

#[tokio::test]
async fn a_model_that_answers_leads_to_its_answer() {
    let path = "/modelapis/team/llm-proxy/v1/chat/completions";
    let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"Good day\"}}]}\n\ndata: [DONE]\n\n";
    let dashboard = with_agents(Router::new().route(path, on_post(move || async move { stream })));
    let page = "/ns/team/modelapis/llm-proxy/debug";
    let answer = post(&dashboard, page, "model=mock%2Fplain&prompt=Hello").await;
    let shown = get(&dashboard, answer.location()).await;
    shown.shows("Good day");
    shown.shows("not reported");
}

#[tokio::test]
async fn a_question_without_words_is_an_error_at_its_field() {
    let dashboard = with_agents(Router::new());
    let page = "/ns/team/modelapis/llm-proxy/debug";
    let answer = post(&dashboard, page, "model=%2A&prompt=").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows("a pattern cannot be asked");
    answer.shows("Write what the model is asked");
}
