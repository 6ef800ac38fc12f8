//! Watches: nothing is missed, nothing is seen twice.

use api::resources::Agent;
use axum::body::Body;
use futures::{StreamExt, TryStreamExt};
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams},
    runtime::watcher::{self, Event, watcher},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{AGENTS, Running, agent, soon, start};

/// An event in one word and the object's name.
fn word(event: Event<Agent>) -> String {
    match event {
        Event::Init => "init".to_owned(),
        Event::InitApply(agent) => format!("init {}", agent.name_any()),
        Event::InitDone => "done".to_owned(),
        Event::Apply(agent) => format!("apply {} {}", agent.name_any(), agent.spec.model),
        Event::Delete(agent) => format!("delete {}", agent.name_any()),
    }
}

async fn sees_everything(config: watcher::Config) {
    let kaos = start();
    let agents = kaos.agents();
    kaos.create_agent("a", "m").await;
    let mut events = Box::pin(watcher(agents.clone(), config).map_ok(word));
    let mut next = async || soon(events.next()).await.unwrap().unwrap();
    assert_eq!(next().await, "init");
    assert_eq!(next().await, "init a");
    assert_eq!(next().await, "done");
    kaos.create_agent("b", "m").await;
    assert_eq!(next().await, "apply b m");
    let patch = Patch::Merge(json!({"spec": {"model": "n"}}));
    agents
        .patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_eq!(next().await, "apply a n");
    agents.delete("b", &DeleteParams::default()).await.unwrap();
    assert_eq!(next().await, "delete b");
}

#[tokio::test]
async fn a_watcher_sees_every_change() {
    sees_everything(watcher::Config::default()).await;
}

#[tokio::test]
async fn a_streaming_list_sees_every_change() {
    sees_everything(watcher::Config::default().streaming_lists()).await;
}

/// The types and names of the first `count` events of a watch.
async fn watched(kaos: &Running, version: &str, count: usize) -> Vec<String> {
    let params = WatchParams::default();
    let agents = kaos.agents();
    let events = agents.watch(&params, version).await.unwrap().take(count);
    let words = events.map(|event| match event.unwrap() {
        WatchEvent::Added(agent) => format!("added {}", agent.name_any()),
        WatchEvent::Modified(agent) => format!("modified {}", agent.name_any()),
        WatchEvent::Deleted(agent) => format!("deleted {}", agent.name_any()),
        WatchEvent::Bookmark(_) => "bookmark".to_owned(),
        WatchEvent::Error(status) => format!("error {}", status.code),
    });
    soon(words.collect()).await
}

#[tokio::test]
async fn a_watch_goes_on_where_it_was_after_a_restart() {
    let kaos = start();
    let version = kaos
        .create_agent("a", "m")
        .await
        .resource_version()
        .unwrap();
    kaos.create_agent("b", "m").await;
    let kaos = kaos.restart().await;
    kaos.agents()
        .delete("a", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(watched(&kaos, &version, 2).await, ["added b", "deleted a"]);
}

#[tokio::test]
async fn a_burst_arrives_complete_and_in_order() {
    let kaos = start();
    let version = kaos
        .create_agent("first", "m")
        .await
        .resource_version()
        .unwrap();
    let names: Vec<String> = (0..250).map(|number| format!("a{number}")).collect();
    for name in &names {
        kaos.send(Method::POST, AGENTS, agent(name, "m")).await;
    }
    let wanted: Vec<String> = names.iter().map(|name| format!("added {name}")).collect();
    assert_eq!(watched(&kaos, &version, 250).await, wanted);
}

#[tokio::test]
async fn a_version_of_another_database_has_expired() {
    let kaos = start();
    let answer = kaos
        .get(&format!("{AGENTS}?watch=true&resourceVersion=999999"))
        .await;
    assert_eq!(
        (answer.code.as_u16(), &answer.body["reason"]),
        (410, &json!("Expired"))
    );
}

#[tokio::test]
async fn a_selected_watch_sees_objects_come_and_go() {
    let kaos = start();
    let version = kaos
        .create_agent("a", "m")
        .await
        .resource_version()
        .unwrap();
    let agents = kaos.agents();
    for labels in [
        json!({"on": "yes"}),
        json!({"on": "yes", "x": "y"}),
        json!({"on": null}),
    ] {
        let patch = Patch::Merge(json!({"metadata": {"labels": labels}}));
        agents
            .patch("a", &PatchParams::default(), &patch)
            .await
            .unwrap();
    }
    let params = WatchParams::default().labels("on");
    let events = agents.watch(&params, &version).await.unwrap().take(3);
    let words = events.map(|event| match event.unwrap() {
        WatchEvent::Added(_) => "added",
        WatchEvent::Modified(_) => "modified",
        WatchEvent::Deleted(_) => "deleted",
        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => "other",
    });
    let words: Vec<&str> = soon(words.collect()).await;
    assert_eq!(words, ["added", "modified", "deleted"]);
}

/// All lines of a raw watch, which has to end by itself.
async fn lines(kaos: &Running, query: &str) -> Vec<Value> {
    let request = Request::get(format!("{AGENTS}?watch=1{query}"))
        .body(Body::empty())
        .unwrap();
    let response = kaos.server.router().oneshot(request).await.unwrap();
    let body = soon(response.into_body().collect())
        .await
        .unwrap()
        .to_bytes();
    let lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_watch_ends_after_its_time_with_a_bookmark() {
    let kaos = start();
    let created = kaos.create_agent("a", "m").await;
    let lines = lines(&kaos, "&timeoutSeconds=1&allowWatchBookmarks=true").await;
    let types: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["type"].as_str())
        .collect();
    assert_eq!(types, ["ADDED", "BOOKMARK"]);
    let version = &lines[1]["object"]["metadata"]["resourceVersion"];
    assert_eq!(version.as_str(), created.resource_version().as_deref());
}

#[tokio::test]
async fn a_watch_ends_when_the_server_does() {
    let kaos = start();
    kaos.shutdown.cancel();
    assert_eq!(lines(&kaos, "").await.len(), 0);
}
