//! As much of a Kubernetes API as the dashboard asks for: lists, reads, creates and deletes objects.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::{Value, json};

/// Plural, namespace and name of an object.
type Key = (String, String, String);

#[derive(Clone, Default)]
pub(super) struct Cluster(Arc<Mutex<BTreeMap<Key, Value>>>);

impl Cluster {
    /// A namespace with a model API, an MCP server and the agents named.
    pub(super) fn with_agents(names: &[&str]) -> Self {
        let cluster = Self::default();
        cluster.put(
            "modelapis",
            "llm-proxy",
            json!({"mode": "Proxy", "proxyConfig": {"models": ["mock/plain"], "provider": "mock"}}),
            json!({"phase": "Ready", "ready": true}),
        );
        cluster.put(
            "mcpservers",
            "calculator",
            json!({"runtime": "python-string", "params": "def add(a, b): return a + b"}),
            json!({"phase": "Failed", "ready": false, "message": "python3 was not found"}),
        );
        for name in names {
            cluster.put(
                "agents",
                name,
                json!({
                    "modelAPI": "llm-proxy",
                    "model": "mock/plain",
                    "mcpServers": ["calculator"],
                    "agentNetwork": {"access": ["analyst"]},
                    "config": {"instructions": "Answer <b>briefly</b>."}
                }),
                json!({"phase": "Ready", "ready": true}),
            );
        }
        cluster
    }

    fn put(&self, plural: &str, name: &str, spec: Value, status: Value) {
        let object = json!({
            "apiVersion": "kaos.tools/v1alpha1",
            "kind": kind(plural),
            "metadata": {"name": name, "namespace": "team", "creationTimestamp": "2026-01-02T10:42:07Z"},
            "spec": spec,
            "status": status
        });
        self.with(|objects| objects.insert(key(plural, "team", name), object));
    }

    pub(super) fn agent(&self, name: &str) -> Option<Value> {
        self.object("agents", name)
    }

    pub(super) fn object(&self, plural: &str, name: &str) -> Option<Value> {
        self.with(|objects| objects.get(&key(plural, "team", name)).cloned())
    }

    /// Changes an agent as somebody else would.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        self.change_object("agents", name, change);
    }

    pub(super) fn change_object(&self, plural: &str, name: &str, change: impl FnOnce(&mut Value)) {
        self.with(|objects| change(objects.get_mut(&key(plural, "team", name)).unwrap()));
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Key, Value>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn client(&self) -> kube::Client {
        let mut router = Router::new().route("/api/v1/namespaces", get(namespaces));
        for group in ["/apis/kaos.tools/v1alpha1", "/api/v1"] {
            let objects = format!("{group}/namespaces/{{ns}}/{{plural}}");
            router = router
                .route(&format!("{group}/{{plural}}"), get(list_all))
                .route(&objects, get(list).post(create))
                .route(
                    &format!("{objects}/{{name}}"),
                    get(read).delete(delete).patch(patch).put(replace),
                );
        }
        let router = router.with_state(self.clone());
        kube::Client::new(router, "default")
    }
}

fn key(plural: &str, namespace: &str, name: &str) -> Key {
    (plural.to_owned(), namespace.to_owned(), name.to_owned())
}

fn kind(plural: &str) -> &'static str {
    match plural {
        "agents" => "Agent",
        "modelapis" => "ModelAPI",
        "secrets" => "Secret",
        _ => "MCPServer",
    }
}

fn items(plural: &str, items: Vec<Value>) -> Json<Value> {
    Json(json!({
        "apiVersion": "kaos.tools/v1alpha1",
        "kind": format!("{}List", kind(plural)),
        "metadata": {"resourceVersion": "1"},
        "items": items
    }))
}

async fn namespaces() -> Json<Value> {
    let namespace = |name| json!({"metadata": {"name": name}});
    Json(json!({
        "apiVersion": "v1",
        "kind": "NamespaceList",
        "metadata": {},
        "items": [namespace("team"), namespace("default")]
    }))
}

async fn list_all(State(cluster): State<Cluster>, Path(plural): Path<String>) -> Json<Value> {
    let of_kind = |(key, object): (&Key, &Value)| (key.0 == plural).then(|| object.clone());
    items(
        &plural,
        cluster.with(|objects| objects.iter().filter_map(of_kind).collect()),
    )
}

async fn list(
    State(cluster): State<Cluster>,
    Path((namespace, plural)): Path<(String, String)>,
) -> Json<Value> {
    let matches = |key: &Key| key.0 == plural && key.1 == namespace;
    let chosen = |(key, object): (&Key, &Value)| matches(key).then(|| object.clone());
    items(
        &plural,
        cluster.with(|objects| objects.iter().filter_map(chosen).collect()),
    )
}

async fn read(
    State(cluster): State<Cluster>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
) -> Response {
    let found = cluster.with(|objects| objects.get(&key(&plural, &namespace, &name)).cloned());
    match found {
        Some(object) => Json(object).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "NotFound", Vec::new()),
    }
}

/// Creates the object; a model named `forbidden` is what this API does not like.
async fn create(
    State(cluster): State<Cluster>,
    Path((namespace, plural)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Json(mut object): Json<Value>,
) -> Response {
    let name = crate::rows::name(&object).unwrap();
    object["metadata"]["namespace"] = namespace.clone().into();
    if cluster.with(|objects| objects.contains_key(&key(&plural, &namespace, &name))) {
        return refuse(StatusCode::CONFLICT, "AlreadyExists", Vec::new());
    }
    if object["spec"]["model"] == "forbidden" {
        let cause = json!({"field": "spec.model", "message": "is not offered by llm-proxy"});
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", vec![cause]);
    }
    if !is_dry_run(query) {
        cluster.with(|objects| objects.insert(key(&plural, &namespace, &name), object.clone()));
    }
    (StatusCode::CREATED, Json(object)).into_response()
}

fn is_dry_run(query: Option<String>) -> bool {
    query.is_some_and(|query| query.contains("dryRun=All"))
}

/// A merge patch.
async fn patch(
    State(cluster): State<Cluster>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let patch: Value = serde_json::from_str(&body).unwrap();
    let key = key(&plural, &namespace, &name);
    let Some(mut object) = cluster.with(|objects| objects.get(&key).cloned()) else {
        return refuse(StatusCode::NOT_FOUND, "NotFound", Vec::new());
    };
    merge(&mut object, &patch);
    if !is_dry_run(query) {
        cluster.with(|objects| objects.insert(key, object.clone()));
    }
    Json(object).into_response()
}

fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (field, value) in patch {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(field);
        } else {
            merge(&mut object[field], value);
        }
    }
}

async fn replace(
    State(cluster): State<Cluster>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let object: Value = serde_json::from_str(&body).unwrap();
    if !is_dry_run(query) {
        let key = key(&plural, &namespace, &name);
        cluster.with(|objects| objects.insert(key, object.clone()));
    }
    Json(object).into_response()
}

async fn delete(
    State(cluster): State<Cluster>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
) -> Response {
    match cluster.with(|objects| objects.remove(&key(&plural, &namespace, &name))) {
        Some(object) => Json(object).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "NotFound", Vec::new()),
    }
}

fn refuse(code: StatusCode, reason: &str, causes: Vec<Value>) -> Response {
    let status = json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": code.as_u16(),
        "reason": reason,
        "message": format!("the API says {reason}"),
        "details": {"causes": causes}
    });
    (code, Json(status)).into_response()
}
