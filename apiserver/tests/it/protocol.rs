//! What clients other than ours rely on: discovery, tables, the seed's YAML, mounting.

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::{
    Api, Discovery,
    api::{ApiResource, DynamicObject, ListParams},
    discovery::{Scope, verbs},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{AGENTS, agent, start};

/// The seed's own documents, as printed.
const SEED: [(&str, &str); 4] = [
    (
        "modelapis",
        r#"
apiVersion: kaos.tools/v1alpha1
kind: ModelAPI
metadata:
  name: llm-proxy
  namespace: kaos-hierarchy
spec:
  mode: Proxy
  proxyConfig:
    models: ["*"]
    provider: openai  # alternatively nebius, anthropic, etc.
    apiKeySecretRef:
      name: llm-api-key
      key: api-key
"#,
    ),
    (
        "mcpservers",
        r#"
apiVersion: kaos.tools/v1alpha1
kind: MCPServer
metadata:
  name: calculator
  namespace: kaos-hierarchy
spec:
  runtime: python-string
  params: |
    def add(a: float, b: float) -> float:
        """Add two numbers together."""
        return a + b
"#,
    ),
    (
        "agents",
        r#"
apiVersion: kaos.tools/v1alpha1
kind: Agent
metadata:
  name: researcher
  namespace: kaos-hierarchy
spec:
  modelAPI: llm-proxy
  model: "openai/gpt-4o"
  mcpServers:
    - echo-search
  config:
    description: "Research specialist with web search capabilities"
    instructions: "You research topics using web search and provide detailed findings."
  agentNetwork:
    expose: true
"#,
    ),
    (
        "agents",
        r#"
apiVersion: kaos.tools/v1alpha1
kind: Agent
metadata:
  name: coordinator
  namespace: kaos-hierarchy
spec:
  modelAPI: llm-proxy
  model: "openai/gpt-4o"
  config:
    description: "Coordinator that delegates to specialist agents"
    instructions: |
      You are a coordinator. Analyze user requests and delegate to your analyst and researcher.
  agentNetwork:
    expose: true
    access:
      - researcher
      - analyst
"#,
    ),
];

#[tokio::test]
async fn the_seeds_yaml_is_accepted_as_yaml_and_as_json() {
    let kaos = start();
    let namespace = json!({"metadata": {"name": "kaos-hierarchy"}});
    kaos.send(Method::POST, "/api/v1/namespaces", namespace)
        .await;
    for (plural, yaml) in SEED {
        let path = format!(
            "/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/{plural}?fieldValidation=Strict"
        );
        let yaml_type = "application/yaml";
        let answer = kaos
            .send_as(Method::POST, &path, yaml_type, yaml.to_owned())
            .await;
        assert_eq!(answer.code, StatusCode::CREATED, "{}", answer.body);
        let mut json: Value = serde_saphyr::from_str(yaml).unwrap();
        let name = json["metadata"]["name"].as_str().unwrap();
        json["metadata"]["name"] = json!(format!("{name}-2"));
        let answer = kaos.send(Method::POST, &path, json).await;
        assert_eq!(answer.code, StatusCode::CREATED, "{}", answer.body);
    }
}

#[tokio::test]
async fn discovery_finds_the_kinds_and_what_can_be_done_with_them() {
    let kaos = start();
    assert_eq!(kaos.client().apiserver_version().await.unwrap().major, "1");
    let discovery = Discovery::new(kaos.client()).run().await.unwrap();
    let group = discovery.get("kaos.tools").unwrap();
    let mut kinds: Vec<String> = Vec::new();
    for (resource, capabilities) in group.recommended_resources() {
        assert_eq!(capabilities.scope, Scope::Namespaced);
        assert!(capabilities.supports_operation(verbs::WATCH));
        kinds.push(format!("{} {}", resource.kind, resource.plural));
    }
    kinds.sort();
    assert_eq!(
        kinds,
        ["Agent agents", "MCPServer mcpservers", "ModelAPI modelapis"]
    );
}

#[tokio::test]
async fn an_object_can_be_reached_without_its_type() {
    let kaos = start();
    kaos.create_agent("a", "m").await;
    let resource = ApiResource::erase::<api::resources::Agent>(&());
    let objects: Api<DynamicObject> = Api::all_with(kaos.client(), &resource);
    let list = objects.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(list.items[0].metadata.name.as_deref(), Some("a"));
}

#[tokio::test]
async fn kubectl_gets_a_table() {
    let kaos = start();
    kaos.create_agent("a", "m").await;
    let request = Request::get(AGENTS)
        .header(
            "accept",
            "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
        )
        .body(Body::empty())
        .unwrap();
    let response = kaos.server.router().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let table: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["columnDefinitions"][1]["name"], "ModelAPI");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["cells"][2], "m");
    assert_eq!(
        table["rows"][0]["object"]["metadata"]["namespace"],
        "default"
    );
}

#[tokio::test]
async fn the_router_can_be_mounted_anywhere() {
    let kaos = start();
    let mounted = Router::new().nest("/kube", kaos.server.router());
    let request = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for (path, code) in [
        ("/kube/version", StatusCode::OK),
        ("/kube/api/v1/namespaces/default", StatusCode::OK),
        ("/kube/nothing", StatusCode::NOT_FOUND),
        ("/kube", StatusCode::NOT_FOUND),
    ] {
        let response = mounted.clone().oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), code, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_a_status() {
    let kaos = start();
    for (path, message) in [
        (format!("{AGENTS}/x"), "agents.kaos.tools \"x\" not found"),
        (
            "/api/v1/pods".to_owned(),
            "the server could not find the requested resource",
        ),
        (
            format!("{AGENTS}/x/scale"),
            "the server could not find the requested resource",
        ),
    ] {
        let answer = kaos.get(&path).await;
        assert_eq!(answer.code, StatusCode::NOT_FOUND);
        assert_eq!(answer.body["message"], message);
        assert_eq!(answer.body["reason"], "NotFound");
    }
    let answer = kaos.send(Method::PUT, AGENTS, agent("a", "m")).await;
    assert_eq!(answer.code, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.body["reason"], "MethodNotAllowed");
}

#[tokio::test]
async fn openapi_tells_kubectl_that_validation_is_ours() {
    let kaos = start();
    let index = kaos.get("/openapi/v3").await.body;
    let address = index["paths"]["apis/kaos.tools/v1alpha1"]["serverRelativeURL"].as_str();
    let document = kaos.get(address.unwrap()).await.body;
    let path = "/apis/kaos.tools/v1alpha1/namespaces/{namespace}/agents/{name}";
    let parameters = &document["paths"][path]["patch"]["parameters"];
    assert_eq!(parameters[2]["name"], "fieldValidation");
    let schema = &document["components"]["schemas"]["tools.kaos.v1alpha1.Agent"];
    assert_eq!(
        schema["properties"]["spec"]["required"],
        json!(["model", "modelAPI"])
    );
}
