use axum::{Json, Router, routing::get};
use http::StatusCode;
use serde_json::{from_value, json};

use super::*;
use crate::pages::fixture::Fixture;

fn events() -> Vec<MemoryEvent> {
    let events = json!([
        {"event_type": "user_message", "session_id": "a", "content": "What is 2+2?", "timestamp": "1"},
        {"event_type": "tool_call", "session_id": "a", "content": {"tool": "add"}, "timestamp": "2"},
        {"event_type": "agent_response", "session_id": "b", "content": "Hello", "timestamp": "3"},
    ]);
    from_value(events).unwrap()
}

#[test]
fn sessions_are_told_by_their_first_question_and_newest_event() {
    let sessions = Session::all(&["a".to_owned(), "b".to_owned()], &events());
    assert_eq!(sessions[0].title.as_deref(), Some("What is 2+2?"));
    assert_eq!(
        (sessions[0].n_events, sessions[0].last.as_deref()),
        (2, Some("2"))
    );
    assert_eq!(sessions[1].title, None);
}

#[test]
fn events_are_filtered_by_type_and_words() {
    let asked = |kind: Option<&str>, words: Option<&str>| Asked {
        session: None,
        view: View::Events,
        kind: kind.map(ToOwned::to_owned),
        words: words.map(ToOwned::to_owned),
    };
    let n_kept = |asked: Asked| events().iter().filter(|event| asked.keeps(event)).count();
    assert_eq!(n_kept(asked(None, None)), 3);
    assert_eq!(n_kept(asked(Some("tool_call"), None)), 1);
    assert_eq!(n_kept(asked(None, Some("HELLO"))), 1);
}

/// An agent that gives its model the newest pair only, and remembers two.
fn forgetful() -> Fixture {
    let object = json!({
        "apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "forgetful", "namespace": "team"},
        "spec": {
            "modelAPI": "llm", "model": "gpt-4o",
            "config": {"instructions": "Add.", "memory": {"contextLimit": 2}}
        },
        "status": {"phase": "Ready", "ready": true}
    });
    let event = |kind: &str, trace: &str, words: &str| {
        json!({
            "event_type": kind, "session_id": "s", "timestamp": "2026-01-01T00:00:00Z",
            "content": words, "metadata": {"trace_id": trace},
        })
    };
    let events = json!({"events": [
        event("user_message", "1", "What is 1 + 1?"),
        event("agent_response", "1", "Two."),
        event("user_message", "2", "And <b>2</b> + 2?"),
        event("agent_response", "2", "Four."),
    ]});
    let sessions = json!({"sessions": ["s"]});
    let answer = |value: serde_json::Value| get(move || async move { Json(value) });
    Fixture {
        kubernetes: Router::new().route(
            "/apis/kaos.tools/v1alpha1/namespaces/team/agents/forgetful",
            answer(object),
        ),
        agents: Router::new()
            .route("/agents/team/forgetful/memory/events", answer(events))
            .route("/agents/team/forgetful/memory/sessions", answer(sessions)),
        ..Fixture::default()
    }
}

#[tokio::test]
async fn the_context_of_a_session_says_what_the_model_is_given_and_what_is_dropped() {
    let path = "/ns/team/agents/forgetful/memory/s?view=context";
    let (status, html) = forgetful().get(path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("The newest 2 messages are given"), "{html}");
    let (dropped, given) = html.split_once("dropped: too many newer ones").unwrap();
    assert!(!dropped.contains("What is 1 + 1?</td>"));
    let first = given.find("What is 1 + 1?").unwrap();
    let second = given.find("And &lt;b&gt;2&lt;/b&gt; + 2?").unwrap();
    assert!(first < second);
    assert_eq!(html.matches(">yes</td>").count(), 1);
}
