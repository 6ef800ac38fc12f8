//! Sessions as agents and clients see them.

use std::{path::Path, sync::Arc};

use api::{
    chat::{Message, Role},
    clock::SystemClock,
    plan::ResourceId,
    resources::agent::MemoryConfig,
};
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{EventKind, EventMetadata, Memory, MemoryError, NewEvent, routes, session_id};

/// A memory in a directory of its own, with what ends it.
struct Opened {
    memory: Memory,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

fn open(directory: &TempDir) -> Opened {
    open_at(&directory.path().join("memory.db")).unwrap()
}

fn open_at(path: &Path) -> Result<Opened, MemoryError> {
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let memory = Memory::open(path, Arc::new(SystemClock), &tracker, shutdown.clone())?;
    Ok(Opened {
        memory,
        tracker,
        shutdown,
    })
}

impl Opened {
    async fn close(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

fn analyst() -> ResourceId {
    ResourceId::new("kaos-hierarchy", "analyst")
}

fn said<'a>(session: &'a str, kind: EventKind, text: &str) -> NewEvent<'a> {
    NewEvent {
        session,
        kind,
        content: json!(text),
        metadata: EventMetadata::default(),
    }
}

fn talk(memory: &Memory, session: &str, texts: &[&str]) {
    let kinds = [EventKind::UserMessage, EventKind::AgentResponse];
    for (text, kind) in texts.iter().zip(kinds.into_iter().cycle()) {
        memory.append(
            &analyst(),
            &MemoryConfig::default(),
            said(session, kind, text),
        );
    }
}

fn words(messages: &[Message]) -> Vec<String> {
    messages.iter().map(Message::words).collect()
}

#[tokio::test]
async fn a_session_remembers_questions_and_answers() {
    let directory = TempDir::new().unwrap();
    let memory = open(&directory).memory;
    talk(&memory, "one", &["a", "A", "b", "B", "c", "C"]);
    memory.append(
        &analyst(),
        &MemoryConfig::default(),
        said("one", EventKind::ToolCall, "x"),
    );
    talk(&memory, "two", &["other", "OTHER"]);

    let all = memory.history(&analyst(), "one", 100).await;
    assert_eq!(words(&all), ["a", "A", "b", "B", "c", "C"]);
    assert_eq!(all[0], Message::text(Role::User, "a"));
    assert_eq!(all[1], Message::text(Role::Assistant, "A"));
    assert_eq!(
        words(&memory.history(&analyst(), "one", 4).await),
        ["b", "B", "c", "C"]
    );
    let odd = memory.history(&analyst(), "one", 3).await;
    assert_eq!(words(&odd), ["c", "C"], "it never starts with an answer");
    assert!(memory.history(&analyst(), "unknown", 6).await.is_empty());
    let stranger = ResourceId::new("default", "analyst");
    assert!(memory.history(&stranger, "one", 6).await.is_empty());
}

#[tokio::test]
async fn a_question_without_an_answer_is_left_out() {
    let directory = TempDir::new().unwrap();
    let memory = open(&directory).memory;
    talk(&memory, "one", &["failed"]);
    talk(&memory, "one", &["again", "Done"]);
    assert_eq!(
        words(&memory.history(&analyst(), "one", 6).await),
        ["again", "Done"]
    );
}

#[tokio::test]
async fn overlapping_requests_keep_their_own_answers() {
    let directory = TempDir::new().unwrap();
    let memory = open(&directory).memory;
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
        let event = NewEvent {
            metadata,
            ..said("one", kind, text)
        };
        memory.append(&analyst(), &MemoryConfig::default(), event);
    }
    let history = memory.history(&analyst(), "one", 6).await;
    assert_eq!(words(&history), ["fast", "FAST", "slow", "SLOW"]);
}

#[tokio::test]
async fn the_oldest_events_and_sessions_are_forgotten_first() {
    let directory = TempDir::new().unwrap();
    let memory = open(&directory).memory;
    let config = MemoryConfig {
        max_sessions: 2,
        max_session_events: 3,
        ..MemoryConfig::default()
    };
    let note = |session: &str, text: &str| {
        memory.append(
            &analyst(),
            &config,
            said(session, EventKind::UserMessage, text),
        );
    };
    for text in ["1", "2", "3", "4", "5"] {
        note("one", text);
    }
    let kept = memory.events(&analyst(), Some("one"), 1000).await.unwrap();
    let texts: Vec<_> = kept
        .events
        .iter()
        .map(|event| event.content.clone())
        .collect();
    assert_eq!(
        (texts, kept.total),
        (vec![json!("3"), json!("4"), json!("5")], 3)
    );

    note("two", "x");
    note("one", "6");
    note("three", "y");
    assert_eq!(memory.sessions(&analyst()).await.unwrap(), ["three", "one"]);
    assert_eq!(
        memory
            .events(&analyst(), Some("two"), 1000)
            .await
            .unwrap()
            .total,
        0
    );
    let newest = memory.events(&analyst(), None, 2).await.unwrap();
    let sessions: Vec<_> = newest
        .events
        .iter()
        .map(|event| event.session_id.as_str())
        .collect();
    assert_eq!((sessions, newest.total), (vec!["one", "three"], 4));
}

#[tokio::test]
async fn memory_outlives_the_program() {
    let directory = TempDir::new().unwrap();
    let first = open(&directory);
    talk(&first.memory, "one", &["What is 2 + 3?", "5"]);
    first.close().await;

    let second = open(&directory);
    let history = second.memory.history(&analyst(), "one", 6).await;
    assert_eq!(words(&history), ["What is 2 + 3?", "5"]);
    let closed = second.memory.clone();
    second.close().await;
    assert!(matches!(
        closed.sessions(&analyst()).await,
        Err(MemoryError::Closed)
    ));
    talk(&closed, "one", &["too late"]);
    assert_eq!(closed.dropped(), 1);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused() {
    let directory = TempDir::new().unwrap();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "not a database, but long enough to look at".repeat(100),
    )
    .unwrap();
    let Err(error) = open_at(&text) else {
        panic!("it is no database")
    };
    assert!(
        error
            .to_string()
            .starts_with("failed to open the memory at "),
        "{error}"
    );

    let newer = directory.path().join("newer.db");
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.execute_batch("PRAGMA user_version = 7").unwrap();
    assert!(matches!(
        open_at(&newer),
        Err(MemoryError::Newer { version: 7, .. })
    ));
}

#[test]
fn a_client_may_name_its_session() {
    assert_eq!(session_id(Some("session-17-abc")), "session-17-abc");
    for unusable in [None, Some(" "), Some("a\nb"), Some(&*"x".repeat(300))] {
        let id = session_id(unusable);
        let digits = id.strip_prefix("session_").unwrap();
        assert!(
            digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
}

async fn call(memory: &Memory, method: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap();
    let response = routes(memory.clone(), analyst())
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn sessions_are_listed_and_deleted_over_http() {
    let directory = TempDir::new().unwrap();
    let memory = open(&directory).memory;
    let (_, empty) = call(&memory, "GET", "/memory/events").await;
    assert_eq!(empty, json!({"agent": "analyst", "events": [], "total": 0}));

    let metadata = EventMetadata {
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        span_id: Some("b7ad6b7169203331".to_owned()),
    };
    let content = json!({"tool": "add", "arguments": {"a": 2}});
    let event = NewEvent {
        session: "one",
        kind: EventKind::ToolCall,
        content,
        metadata,
    };
    memory.append(&analyst(), &MemoryConfig::default(), event);
    talk(&memory, "two", &["a", "A"]);

    let (status, listed) = call(&memory, "GET", "/memory/events?session_id=one&limit=5000").await;
    assert_eq!((status, &listed["total"]), (StatusCode::OK, &json!(1)));
    let event = &listed["events"][0];
    assert_eq!(event["event_type"], "tool_call");
    assert_eq!(event["content"]["arguments"]["a"], 2);
    assert_eq!(event["metadata"]["span_id"], "b7ad6b7169203331");
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'));
    let (_, newest) = call(&memory, "GET", "/memory/events?limit=1").await;
    assert_eq!(
        (&newest["events"][0]["content"], &newest["total"]),
        (&json!("A"), &json!(3))
    );

    let (_, sessions) = call(&memory, "GET", "/memory/sessions").await;
    assert_eq!(
        sessions,
        json!({"agent": "analyst", "sessions": ["two", "one"], "total": 2})
    );
    assert_eq!(
        call(&memory, "DELETE", "/memory/sessions/two").await.0,
        StatusCode::NO_CONTENT
    );
    let (status, refused) = call(&memory, "DELETE", "/memory/sessions/two").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(refused, json!({"detail": "analyst has no session \"two\""}));
    assert_eq!(
        call(&memory, "GET", "/memory/events?limit=x").await.0,
        StatusCode::BAD_REQUEST
    );
}
