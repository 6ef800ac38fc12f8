//! `/api/live`: one WebSocket per browser tab, fed by one watch per kind.
//!
//! The watches are shared: a hundred viewers cost the Kubernetes API no more than one. A viewer that
//! falls behind is sent a fresh snapshot; nothing is queued for it without bound.

mod running;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::live::{LiveMessage, LiveOp, LiveRequest};
use axum::{
    Json, Router,
    extract::{
        Query, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
};
use futures::{StreamExt, TryStreamExt};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
    runtime::{WatchStreamExt, watcher, watcher::Event},
};
use runtime::runs::Runs;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::Lifecycle;

/// Stands for every namespace in a topic.
const ALL: &str = "_all";
/// Messages a viewer may fall behind before it is sent a snapshot instead.
const CAPACITY: usize = 1024;
/// Topics one tab may watch.
const MAX_TOPICS: usize = 32;
const HEARTBEAT: Duration = Duration::from_secs(15);
const PLURALS: [(&str, &str); 3] = [
    ("Agent", "agents"),
    ("ModelAPI", "modelapis"),
    ("MCPServer", "mcpservers"),
];

/// What pages show of an object. Keys, environments and instructions stay on the server.
const SHOWN: [&str; 16] = [
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/creationTimestamp",
    "/metadata/labels",
    "/spec/modelAPI",
    "/spec/model",
    "/spec/mcpServers",
    "/spec/agentNetwork",
    "/spec/config/description",
    "/spec/config/telemetry",
    "/spec/mode",
    "/spec/proxyConfig/provider",
    "/spec/proxyConfig/models",
    "/spec/hostedConfig",
    "/spec/runtime",
    "/status",
];

/// Namespace and name.
type Place = (String, String);

/// Objects by plural, namespace and name.
type Objects = BTreeMap<(&'static str, String, String), Value>;

/// What all viewers share.
struct Shared {
    objects: Mutex<Objects>,
    runs: Runs,
    changes: broadcast::Sender<LiveMessage>,
    shutdown: CancellationToken,
}

/// Starts the watches and returns the route.
pub(crate) fn start(client: &Client, runs: Runs, lifecycle: &Lifecycle) -> Router {
    let shared = Arc::new(Shared {
        objects: Mutex::default(),
        runs,
        changes: broadcast::channel(CAPACITY).0,
        shutdown: lifecycle.work.shutdown.clone(),
    });
    for (kind, plural) in PLURALS {
        let kind = GroupVersionKind::gvk(api::resources::GROUP, api::resources::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&kind, plural);
        let objects = Api::<DynamicObject>::all_with(client.clone(), &resource);
        lifecycle
            .work
            .tracker
            .spawn(watch(Arc::clone(&shared), objects, plural));
    }
    lifecycle
        .work
        .tracker
        .spawn(running::follow(Arc::clone(&shared)));
    Router::new()
        .route("/api/live", get(upgrade))
        .route("/api/live/poll", get(poll))
        .with_state(shared)
}

async fn watch(shared: Arc<Shared>, api: Api<DynamicObject>, plural: &'static str) {
    let mut events = watcher(api, watcher::Config::default())
        .default_backoff()
        .boxed();
    // Places seen in a list that is under way; what is not among them at its end is gone.
    let mut listed = HashSet::new();
    loop {
        let event = tokio::select! {
            event = events.try_next() => event,
            () = shared.shutdown.cancelled() => return,
        };
        match event {
            Ok(Some(Event::Apply(object))) => shared.upsert(plural, &object),
            Ok(Some(Event::Delete(object))) => shared.delete(plural, place(&object)),
            Ok(Some(Event::Init)) => listed.clear(),
            Ok(Some(Event::InitApply(object))) => {
                listed.extend(place(&object));
                shared.upsert(plural, &object);
            }
            Ok(Some(Event::InitDone)) => shared.delete_unlisted(plural, &listed),
            Ok(None) => return,
            Err(error) => tracing::debug!("the watch of {plural} was interrupted: {error}"),
        }
    }
}

impl Shared {
    fn objects(&self) -> std::sync::MutexGuard<'_, Objects> {
        // The map is whole between any two of its operations.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn upsert(&self, plural: &'static str, object: &DynamicObject) {
        let Some((namespace, name)) = place(object) else {
            return;
        };
        let Ok(data) = serde_json::to_value(object) else {
            return;
        };
        let data = shown(&data);
        self.objects()
            .insert((plural, namespace.clone(), name), data.clone());
        let seq = version(object);
        self.announce(LiveMessage {
            topic: topic(&namespace, plural),
            seq,
            op: LiveOp::Upsert,
            data,
        });
    }

    fn delete(&self, plural: &'static str, place: Option<Place>) {
        let Some((namespace, name)) = place else {
            return;
        };
        self.objects()
            .remove(&(plural, namespace.clone(), name.clone()));
        let data = serde_json::json!({"metadata": {"name": name, "namespace": namespace}});
        self.announce(LiveMessage {
            topic: topic(&namespace, plural),
            seq: 0,
            op: LiveOp::Delete,
            data,
        });
    }

    /// Forgets what was deleted while the watch was interrupted.
    fn delete_unlisted(&self, plural: &'static str, listed: &HashSet<Place>) {
        let known: Vec<Place> = self
            .objects()
            .keys()
            .filter(|(kind, _, _)| *kind == plural)
            .map(|(_, namespace, name)| (namespace.clone(), name.clone()))
            .collect();
        for place in known.into_iter().filter(|place| !listed.contains(place)) {
            self.delete(plural, Some(place));
        }
    }

    fn announce(&self, message: LiveMessage) {
        // Without viewers there is nobody to tell.
        self.changes.send(message).ok();
    }

    fn snapshot(&self, topic: &str) -> Option<LiveMessage> {
        if let Some(namespace) = topic.strip_prefix(running::TOPIC) {
            return Some(running::snapshot(&self.runs, namespace));
        }
        let (namespace, plural) = topic.strip_prefix("k8s/")?.split_once('/')?;
        PLURALS.iter().find(|(_, known)| *known == plural)?;
        let data = self
            .objects()
            .iter()
            .filter(|((kind, of, _), _)| *kind == plural && (namespace == ALL || of == namespace))
            .map(|(_, object)| object.clone())
            .collect();
        Some(LiveMessage {
            topic: topic.to_owned(),
            seq: 0,
            op: LiveOp::Snapshot,
            data,
        })
    }
}

/// The part of an object that pages show.
fn shown(object: &Value) -> Value {
    let mut shown = Value::Null;
    for pointer in SHOWN {
        let Some(value) = object.pointer(pointer) else {
            continue;
        };
        let mut place = &mut shown;
        for key in pointer.split('/').skip(1) {
            place = &mut place[key];
        }
        *place = value.clone();
    }
    shown
}

fn topic(namespace: &str, plural: &str) -> String {
    format!("k8s/{namespace}/{plural}")
}

/// Kubernetes calls it opaque; as a number it orders what our own server sends.
fn version(object: &DynamicObject) -> u64 {
    let version = object.metadata.resource_version.as_deref();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

fn place(object: &DynamicObject) -> Option<Place> {
    Some((
        object.metadata.namespace.clone()?,
        object.metadata.name.clone()?,
    ))
}

async fn upgrade(State(shared): State<Arc<Shared>>, socket: WebSocketUpgrade) -> Response {
    socket
        .max_message_size(16 * 1024)
        .on_upgrade(move |socket| view(shared, socket))
}

/// Serves one tab until it goes away or the program stops.
async fn view(shared: Arc<Shared>, mut socket: WebSocket) {
    let mut changes = shared.changes.subscribe();
    let mut topics = HashSet::new();
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    loop {
        let sent = tokio::select! {
            () = shared.shutdown.cancelled() => return,
            _ = heartbeat.tick() => socket.send(Message::Ping(Vec::new().into())).await.is_ok(),
            request = socket.recv() => match request {
                Some(Ok(Message::Text(text))) => {
                    let snapshot = turn_to(&shared, &mut topics, &text);
                    send(&mut socket, snapshot).await
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => true,
            },
            change = changes.recv() => match change {
                Ok(message) => send(&mut socket, followed(&topics, message)).await,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let fresh: Vec<_> =
                        topics.iter().filter_map(|topic| shared.snapshot(topic)).collect();
                    send(&mut socket, fresh).await
                }
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
        if !sent {
            return;
        }
    }
}

/// A change as the tab follows it: in its namespace, in all of them, or not at all.
fn followed(topics: &HashSet<String>, message: LiveMessage) -> Vec<LiveMessage> {
    let plural = message.topic.rsplit('/').next().unwrap_or_default();
    let names = [topic(ALL, plural), message.topic.clone()];
    let wanted = names.into_iter().filter(|topic| topics.contains(topic));
    wanted
        .map(|topic| LiveMessage {
            topic,
            ..message.clone()
        })
        .collect()
}

/// For browsers whose way to us lets no WebSocket through: the snapshots of all topics they name.
async fn poll(
    State(shared): State<Arc<Shared>>,
    Query(topics): Query<Vec<(String, String)>>,
) -> Json<Vec<LiveMessage>> {
    let topics = topics.iter().take(MAX_TOPICS);
    let snapshots = topics.filter_map(|(_, topic)| shared.snapshot(topic));
    Json(snapshots.collect())
}

/// Follows a request; the snapshot it leads to, if any.
fn turn_to(shared: &Shared, topics: &mut HashSet<String>, text: &str) -> Option<LiveMessage> {
    match serde_json::from_str(text) {
        Ok(LiveRequest::Subscribe { topic }) if topics.len() < MAX_TOPICS => {
            let snapshot = shared.snapshot(&topic)?;
            topics.insert(topic);
            Some(snapshot)
        }
        Ok(LiveRequest::Unsubscribe { topic }) => {
            topics.remove(&topic);
            None
        }
        Ok(LiveRequest::Subscribe { .. }) | Err(_) => None,
    }
}

async fn send(socket: &mut WebSocket, messages: impl IntoIterator<Item = LiveMessage>) -> bool {
    for message in messages {
        let Ok(text) = serde_json::to_string(&message) else {
            continue;
        };
        if socket.send(Message::Text(text.into())).await.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_reaches_who_follows_its_namespace_and_who_follows_all() {
        let change = LiveMessage {
            topic: topic("team", "agents"),
            seq: 1,
            op: LiveOp::Upsert,
            data: Value::Null,
        };
        let follow = |names: &[&str]| {
            let topics = names.iter().map(|name| (*name).to_owned()).collect();
            let sent = followed(&topics, change.clone()).into_iter();
            sent.map(|message| message.topic).collect::<Vec<_>>()
        };
        assert_eq!(follow(&["k8s/team/agents"]), ["k8s/team/agents"]);
        assert_eq!(follow(&["k8s/_all/agents"]), ["k8s/_all/agents"]);
        assert!(follow(&["k8s/other/agents", "k8s/_all/modelapis"]).is_empty());
    }

    #[test]
    fn a_key_written_into_a_resource_does_not_reach_the_browser() {
        let object = json!({
            "metadata": {"name": "llm", "annotations": {"copy": "sk-1"}, "managedFields": []},
            "spec": {"mode": "Proxy", "proxyConfig": {
                "provider": "openai", "apiKey": {"value": "sk-1"}, "models": ["*"]
            }, "container": {"env": [{"name": "TOKEN", "value": "sk-1"}]}},
            "status": {"phase": "Ready"}
        });
        let expected = json!({
            "metadata": {"name": "llm"},
            "spec": {"mode": "Proxy", "proxyConfig": {"provider": "openai", "models": ["*"]}},
            "status": {"phase": "Ready"}
        });
        assert_eq!(shown(&object), expected);
    }
}
