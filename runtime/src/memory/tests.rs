//! Sessions as agents and clients see them.

mod contract;
mod place;
mod redis;

use api::{chat::Message, plan::ResourceId};
use serde_json::json;
use tempfile::TempDir;

use super::{AgentMemory, EventKind, EventMetadata, MemoryError, NewEvent, Session};
use place::{Place, open_at};

fn said<'a>(session: &'a str, kind: EventKind, text: &str) -> NewEvent<'a> {
    NewEvent {
        session,
        kind,
        content: json!(text),
        metadata: EventMetadata::default(),
    }
}

/// Questions and answers by turns.
fn talk(memory: &AgentMemory, session: &str, texts: &[&str]) {
    let kinds = [EventKind::UserMessage, EventKind::AgentResponse];
    for (text, kind) in texts.iter().zip(kinds.into_iter().cycle()) {
        memory.append(said(session, kind, text));
    }
}

fn words(messages: &[Message]) -> Vec<String> {
    messages.iter().map(Message::words).collect()
}

#[tokio::test]
async fn memory_outlives_the_program() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("memory.db");
    let first = open_at(&path).unwrap();
    talk(&first.analyst(), "one", &["What is 2 + 3?", "5"]);
    first.close().await;

    let second = open_at(&path).unwrap();
    let history = second.analyst().history("one").await;
    assert_eq!(words(&history), ["What is 2 + 3?", "5"]);
    let closed = second.memory.clone();
    let analyst = second.analyst();
    second.close().await;
    assert!(matches!(analyst.sessions().await, Err(MemoryError::Closed)));
    talk(&analyst, "one", &["too late"]);
    assert_eq!(closed.dropped(), 1);
}

#[tokio::test]
async fn what_an_earlier_version_remembered_is_still_there() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("memory.db");
    let earlier = rusqlite::Connection::open(&path).unwrap();
    earlier
        .execute_batch(include_str!("store/schema/1.sql"))
        .unwrap();
    earlier
        .execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO events (agent, session, event_id, timestamp, kind, content, metadata) VALUES
                 ('kaos-hierarchy/analyst', 'one', 'a', '2026-01-31T10:00:00Z', 'user_message', '\"2 + 3?\"', '{}'),
                 ('kaos-hierarchy/analyst', 'two', 'b', '2026-01-31T10:00:01Z', 'user_message', '\"Hi\"', '{}'),
                 ('kaos-hierarchy/analyst', 'one', 'c', '2026-01-31T10:00:02Z', 'agent_response', '\"5\"', '{}');
             INSERT INTO sessions VALUES
                 ('kaos-hierarchy/analyst', 'one', 3), ('kaos-hierarchy/analyst', 'two', 2);",
        )
        .unwrap();
    drop(earlier);

    let place = open_at(&path).unwrap();
    let analyst = ResourceId::new("kaos-hierarchy", "analyst");
    place
        .memory
        .keep(&[(analyst, "1".to_owned())])
        .await
        .unwrap();
    let memory = place.analyst();
    assert_eq!(words(&memory.history("one").await), ["2 + 3?", "5"]);
    talk(&memory, "two", &["Bye"]);
    assert_eq!(memory.sessions().await.unwrap(), ["two", "one"]);
    assert_eq!(memory.events(None, 10).await.unwrap().total, 4);
    place.close().await;
}

#[tokio::test]
async fn an_agent_that_is_deleted_is_forgotten_and_no_other() {
    let place = Place::local();
    let others = [place.of("kaos", "1"), place.of("kaos-hierarchy-2", "1")];
    for other in &others {
        talk(other, "one", &["a", "A"]);
    }
    talk(&place.analyst(), "one", &["a", "A"]);
    let analyst = ResourceId::new("kaos-hierarchy", "analyst");
    place.memory.forget(&analyst).await.unwrap();
    assert!(place.analyst().sessions().await.unwrap().is_empty());
    let nothing = place.analyst().events(None, 10).await.unwrap();
    assert_eq!(nothing.total, 0);
    for other in &others {
        assert_eq!(words(&other.history("one").await), ["a", "A"]);
    }
}

#[tokio::test]
async fn an_agent_of_the_same_name_remembers_nothing_of_the_one_before() {
    let place = Place::local();
    talk(&place.analyst(), "one", &["a", "A"]);
    let next = place.of("kaos-hierarchy", "2");
    assert!(next.sessions().await.unwrap().is_empty());
    talk(&next, "one", &["b", "B"]);

    let analyst = ResourceId::new("kaos-hierarchy", "analyst");
    place
        .memory
        .keep(&[(analyst, "2".to_owned())])
        .await
        .unwrap();
    assert!(place.analyst().sessions().await.unwrap().is_empty());
    assert_eq!(words(&next.history("one").await), ["b", "B"]);
}

#[tokio::test]
async fn an_agent_that_does_not_remember_has_no_history() {
    let mut place = Place::local();
    talk(&place.analyst(), "one", &["a", "A"]);
    place.plan.enabled = false;
    let forgetful = place.analyst();
    talk(&forgetful, "one", &["b", "B"]);
    assert!(forgetful.history("one").await.is_empty());
    place.plan.enabled = true;
    assert_eq!(words(&place.analyst().history("one").await), ["a", "A"]);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused() {
    let directory = TempDir::new().unwrap();
    let text = directory.path().join("text");
    let no_database = "not a database, but long enough to look at".repeat(100);
    std::fs::write(&text, no_database).unwrap();
    let Err(error) = open_at(&text) else {
        panic!("it is no database")
    };
    let message = error.to_string();
    assert!(
        message.starts_with("failed to open the memory at "),
        "{message}"
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
    let named = Session::of(Some("session-17-abc"));
    assert_eq!((&*named.id, named.is_new), ("session-17-abc", false));
    for unusable in [None, Some(" "), Some("a\nb"), Some(&*"x".repeat(300))] {
        let Session { id, is_new } = Session::of(unusable);
        assert!(is_new);
        let digits = id.strip_prefix("session_").unwrap();
        assert!(
            digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
}
