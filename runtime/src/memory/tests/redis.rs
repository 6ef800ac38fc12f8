//! What only a memory that is shared can do, and what happens when it is not there.

use api::resources::agent::{MemoryConfig, MemoryKind};

use super::{Place, talk, words};
use crate::memory::MemoryError;

#[tokio::test]
async fn replicas_continue_each_others_sessions() {
    let Some(place) = Place::redis().await else {
        return;
    };
    let other = place.beside();
    talk(&place.analyst(), "one", &["a", "A"]);
    // What one process has read, it has written.
    assert_eq!(place.analyst().sessions().await.unwrap(), ["one"]);
    assert_eq!(words(&other.analyst().history("one").await), ["a", "A"]);
    talk(&other.analyst(), "one", &["b", "B"]);
    assert!(other.analyst().delete_session("one").await.unwrap());
    assert!(!place.analyst().delete_session("one").await.unwrap());
}

#[tokio::test]
async fn an_agent_goes_on_without_a_memory_that_is_away_and_with_it_when_it_is_back() {
    let Some(mut place) = Place::redis().await else {
        return;
    };
    let memory = place.analyst();
    talk(&memory, "one", &["a", "A"]);
    assert_eq!(memory.history("one").await.len(), 2);

    place.server().stop().await;
    talk(&memory, "one", &["b", "B"]);
    assert!(memory.history("one").await.is_empty());
    let error = memory.sessions().await.unwrap_err().to_string();
    assert!(error.contains("the shared memory at /"), "{error}");

    place.server().restart().await;
    talk(&memory, "two", &["c", "C"]);
    while memory.sessions().await.is_err() {}
    talk(&memory, "three", &["d", "D"]);
    assert_eq!(words(&memory.history("three").await), ["d", "D"]);
}

#[tokio::test]
async fn a_url_that_names_no_redis_says_so() {
    let mut place = Place::local();
    for url in ["http://cache:6379", "rediss://cache:6379", "redis://"] {
        place.config = MemoryConfig {
            kind: MemoryKind::Redis,
            url: Some(url.to_owned()),
            ..MemoryConfig::default()
        };
        let memory = place.analyst();
        let error = memory.sessions().await.unwrap_err();
        assert!(
            matches!(error, MemoryError::Locate { .. }),
            "{url}: {error}"
        );
        talk(&memory, "one", &["a"]);
        assert!(memory.history("one").await.is_empty());
    }
    assert_eq!(place.memory.dropped(), 3);
}
