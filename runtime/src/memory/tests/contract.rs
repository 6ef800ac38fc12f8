//! What every store of sessions must do, tested with each of them.

use api::chat::{Message, Role};
use axum::{Extension, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Place, said, talk, words};
use crate::memory::{AgentMemory, EventKind, EventMetadata, NewEvent, routes};

/// Makes two tests of each function: with a file, and with a Redis.
macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        mod local {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Place::local()).await;
            })*
        }
        mod redis {
            $(#[tokio::test]
            async fn $test() {
                if let Some(place) = super::Place::redis().await {
                    super::$test(place).await;
                }
            })*
        }
    };
}

contract! {
    a_session_remembers_questions_and_answers,
    a_question_without_an_answer_is_left_out,
    overlapping_requests_keep_their_own_answers,
    the_oldest_events_are_forgotten_first,
    the_sessions_used_last_are_kept,
    the_newest_events_of_all_sessions_come_in_their_order,
    history_fits_into_its_tokens_in_whole_pairs,
    what_is_remembered_comes_back_as_it_was,
    what_waits_at_the_end_is_written,
    sessions_are_listed_and_deleted_over_http,
}

async fn a_session_remembers_questions_and_answers(mut place: Place) {
    let memory = place.analyst();
    talk(&memory, "one", &["a", "A", "b", "B", "c", "C"]);
    memory.append(said("one", EventKind::ToolCall, "x"));
    talk(&memory, "two", &["other", "OTHER"]);

    let all = memory.history("one").await;
    assert_eq!(words(&all), ["a", "A", "b", "B", "c", "C"]);
    assert_eq!(all[0], Message::text(Role::User, "a"));
    assert_eq!(all[1], Message::text(Role::Assistant, "A"));
    assert!(memory.history("unknown").await.is_empty());
    let stranger = place.of("default", "1");
    assert!(stranger.history("one").await.is_empty());

    place.plan.context_limit = 4;
    assert_eq!(
        words(&place.analyst().history("one").await),
        ["b", "B", "c", "C"]
    );
    place.plan.context_limit = 3;
    let odd = place.analyst().history("one").await;
    assert_eq!(words(&odd), ["c", "C"], "it never starts with an answer");
}

async fn a_question_without_an_answer_is_left_out(place: Place) {
    let memory = place.analyst();
    talk(&memory, "one", &["failed"]);
    talk(&memory, "one", &["again", "Done"]);
    assert_eq!(words(&memory.history("one").await), ["again", "Done"]);
}

async fn overlapping_requests_keep_their_own_answers(place: Place) {
    let memory = place.analyst();
    for (kind, text, trace) in [
        (EventKind::UserMessage, "slow", "1"),
        (EventKind::UserMessage, "fast", "2"),
        (EventKind::AgentResponse, "FAST", "2"),
        (EventKind::AgentResponse, "SLOW", "1"),
    ] {
        let metadata = EventMetadata {
            trace_id: Some(trace.to_owned()),
            span_id: None,
        };
        memory.append(NewEvent {
            metadata,
            ..said("one", kind, text)
        });
    }
    let history = memory.history("one").await;
    assert_eq!(words(&history), ["fast", "FAST", "slow", "SLOW"]);
}

/// What the events of a session, or of all, say, and how many there are.
async fn texts(memory: &AgentMemory, session: Option<&str>, limit: u32) -> (Vec<String>, u64) {
    let found = memory.events(session, limit).await.unwrap();
    let texts = found.events.iter();
    let texts = texts.map(|event| event.content.as_str().unwrap().to_owned());
    (texts.collect(), found.total)
}

fn note(memory: &AgentMemory, session: &str, text: &str) {
    memory.append(said(session, EventKind::UserMessage, text));
}

async fn the_oldest_events_are_forgotten_first(mut place: Place) {
    place.plan.max_session_events = 3;
    let memory = place.analyst();
    for text in ["1", "2", "3", "4", "5"] {
        note(&memory, "one", text);
    }
    let kept = texts(&memory, Some("one"), 1000).await;
    assert_eq!(kept, (vec!["3".into(), "4".into(), "5".into()], 3));
    assert_eq!(texts(&memory, Some("one"), 1).await, (vec!["5".into()], 3));
    assert_eq!(texts(&memory, Some("one"), 0).await, (vec![], 3));
}

async fn the_sessions_used_last_are_kept(mut place: Place) {
    place.plan.max_sessions = 2;
    let memory = place.analyst();
    for (session, text) in [("one", "a"), ("two", "b"), ("one", "c"), ("three", "d")] {
        note(&memory, session, text);
    }
    assert_eq!(memory.sessions().await.unwrap(), ["three", "one"]);
    assert_eq!(texts(&memory, Some("two"), 1000).await, (vec![], 0));
    assert_eq!(
        texts(&memory, None, 2).await,
        (vec!["c".into(), "d".into()], 3)
    );
}

async fn the_newest_events_of_all_sessions_come_in_their_order(place: Place) {
    let memory = place.analyst();
    // The first session is used by turns with all others.
    for number in 0..40 {
        note(&memory, "0", &format!("{number} first"));
        note(
            &memory,
            &format!("{}", number + 1),
            &format!("{number} second"),
        );
    }
    let (texts, total) = texts(&memory, None, 5).await;
    let newest = [
        "37 second",
        "38 first",
        "38 second",
        "39 first",
        "39 second",
    ];
    assert_eq!((texts, total), (newest.map(String::from).to_vec(), 80));
}

async fn history_fits_into_its_tokens_in_whole_pairs(mut place: Place) {
    let long = "word ".repeat(100);
    talk(&place.analyst(), "one", &["a", "A", &long, "B", "c", "C"]);
    let all = words(&place.analyst().history("one").await).len();
    assert_eq!(all, 6);
    // Two short messages cost ten tokens, the long one by itself 129.
    place.plan.context_tokens = 100;
    assert_eq!(words(&place.analyst().history("one").await), ["c", "C"]);
    place.plan.context_tokens = 9;
    assert!(place.analyst().history("one").await.is_empty());
}

async fn what_is_remembered_comes_back_as_it_was(place: Place) {
    let memory = place.analyst();
    let content = json!({"tool": "add", "arguments": {"a": 2, "text": "ä \u{1F980}\n\"quoted\""}});
    let metadata = EventMetadata {
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        span_id: None,
    };
    memory.append(NewEvent {
        session: "a session: with {odd} *letters*",
        kind: EventKind::ToolCall,
        content: content.clone(),
        metadata: metadata.clone(),
    });
    let events = memory.events(None, 10).await.unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].session_id, "a session: with {odd} *letters*");
    assert_eq!(events[0].event_type, EventKind::ToolCall);
    assert_eq!(
        (&events[0].content, &events[0].metadata),
        (&content, &metadata)
    );
}

async fn what_waits_at_the_end_is_written(place: Place) {
    let memory = place.analyst();
    for number in 0..400 {
        note(&memory, "one", &number.to_string());
    }
    let after = place.reopened().await;
    assert_eq!(
        texts(&after.analyst(), Some("one"), 1).await,
        (vec!["399".into()], 400)
    );
}

async fn call(memory: &AgentMemory, method: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap();
    let routes = routes().layer(Extension(memory.clone()));
    let response = routes.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn sessions_are_listed_and_deleted_over_http(place: Place) {
    let memory = place.analyst();
    let (_, empty) = call(&memory, "GET", "/memory/events").await;
    assert_eq!(empty, json!({"agent": "analyst", "events": [], "total": 0}));

    let metadata = EventMetadata {
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        span_id: Some("b7ad6b7169203331".to_owned()),
    };
    let content = json!({"tool": "add", "arguments": {"a": 2}});
    memory.append(NewEvent {
        session: "one",
        kind: EventKind::ToolCall,
        content,
        metadata,
    });
    talk(&memory, "two", &["a", "A"]);

    let (status, listed) = call(&memory, "GET", "/memory/events?session_id=one&limit=5000").await;
    assert_eq!((status, &listed["total"]), (StatusCode::OK, &json!(1)));
    let event = &listed["events"][0];
    assert_eq!(event["event_type"], "tool_call");
    assert_eq!(event["content"]["arguments"]["a"], 2);
    assert_eq!(event["metadata"]["span_id"], "b7ad6b7169203331");
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    let (_, newest) = call(&memory, "GET", "/memory/events?limit=1").await;
    let content = &newest["events"][0]["content"];
    assert_eq!((content, &newest["total"]), (&json!("A"), &json!(3)));

    let (_, sessions) = call(&memory, "GET", "/memory/sessions").await;
    assert_eq!(
        sessions,
        json!({"agent": "analyst", "sessions": ["two", "one"], "total": 2})
    );
    let (status, _) = call(&memory, "DELETE", "/memory/sessions/two").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, refused) = call(&memory, "DELETE", "/memory/sessions/two").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(refused, json!({"detail": "analyst has no session \"two\""}));
    let (_, left) = call(&memory, "GET", "/memory/events").await;
    assert_eq!(left["total"], 1);
    let (status, _) = call(&memory, "GET", "/memory/events?limit=x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
