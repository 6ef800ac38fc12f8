//! What only a memory that is shared can do, and what happens when it is not there.

use api::plan::{MemoryPlace, RedisAddress, Secret};

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
async fn a_redis_that_speaks_tls_is_trusted_by_the_authority_that_was_named() {
    let Some(mut place) = Place::redis_over_tls().await else {
        return;
    };
    talk(&place.analyst(), "one", &["a", "A"]);
    assert_eq!(words(&place.analyst().history("one").await), ["a", "A"]);

    // The system does not know who signed it.
    let MemoryPlace::Redis(address) = &mut place.plan.place else {
        panic!("it has a Redis")
    };
    address.ca = None;
    let error = place.analyst().sessions().await.unwrap_err().to_string();
    assert!(error.contains("the shared memory at localhost:"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_connection_that_no_agent_uses_any_more_is_closed() {
    let Some(mut place) = Place::redis().await else {
        return;
    };
    let tasks = place.tasks();
    let memory = place.analyst();
    talk(&memory, "one", &["a", "A"]);
    assert_eq!(memory.history("one").await.len(), 2);
    let other = place.analyst();
    assert_eq!(place.tasks(), tasks + 1, "they share it");

    let MemoryPlace::Redis(address) = &mut place.plan.place else {
        panic!("it has a Redis")
    };
    // The same server in other words.
    address.url = Secret::new(format!("{}?db=0", address.url.expose()));
    let moved = place.analyst();
    assert_eq!(words(&moved.history("one").await), ["a", "A"]);
    assert_eq!(place.tasks(), tasks + 2);
    drop((memory, other));
    let again = place.analyst();
    while place.tasks() > tasks + 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(again.history("one").await.len(), 2);
}

#[tokio::test]
async fn a_url_that_names_no_redis_says_so() {
    let mut place = Place::local();
    for url in ["http://cache:6379", "redis://"] {
        place.plan.place = MemoryPlace::Redis(RedisAddress {
            url: Secret::new(url),
            ca: None,
        });
        let memory = place.analyst();
        let error = memory.sessions().await.unwrap_err();
        assert!(
            matches!(error, MemoryError::Locate { .. }),
            "{url}: {error}"
        );
        talk(&memory, "one", &["a"]);
        assert!(memory.history("one").await.is_empty());
    }
    assert_eq!(place.memory.dropped(), 2);
}
