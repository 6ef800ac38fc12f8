use api::clock::SystemClock;
use api::plan::{MemoryPlace, ModelBackend, Secret};
use api::resources::{KeyRef, ValueSource, model_api::ApiKey};
use serde_json::{Value, json};

use super::*;
use crate::State;
use crate::fixtures::{
    Cluster, Plan, Recorded, agent, agent_with_peers, agent_with_secret, agent_with_tools,
    mcp_server, model_api, model_api_with_secret,
};

/// The controllers at work on a cluster of their own.
struct World {
    cluster: Cluster,
    workloads: Arc<Recorded>,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), Error>>,
}

impl World {
    fn start() -> Self {
        let cluster = Cluster::default();
        let workloads = Arc::new(Recorded::new(Arc::clone(&cluster.touched)));
        let shutdown = CancellationToken::new();
        let tracker = TaskTracker::new();
        let ended = tracker.spawn({
            let (client, workloads) = (cluster.client(), Arc::clone(&workloads));
            let (tracker, shutdown) = (tracker.clone(), shutdown.clone());
            async move { run(client, workloads, Arc::new(SystemClock), &tracker, shutdown).await }
        });
        Self {
            cluster,
            workloads,
            shutdown,
            ended,
        }
    }

    fn status(&self, plural: &str, name: &str) -> Value {
        let object = self.cluster.get(plural, name).unwrap_or_default();
        object["status"].clone()
    }

    async fn phase(&self, plural: &str, name: &str, phase: &str) {
        let what = format!("{plural} {name} becomes {phase}");
        let reached = || self.status(plural, name)["phase"] == phase;
        self.cluster.until(&what, reached).await;
    }

    fn condition(&self, plural: &str, name: &str, kind: &str) -> Value {
        let status = self.status(plural, name);
        let conditions = status["conditions"].as_array().unwrap();
        let found = conditions
            .iter()
            .find(|condition| condition["type"] == kind);
        found.unwrap().clone()
    }

    /// The key with which a model API's provider is asked.
    fn key(&self, name: &str) -> Option<Secret> {
        match self.workloads.plan(Kind::ModelApi, name)? {
            Plan::ModelApi(plan) => match plan.backend {
                ModelBackend::Provider(provider) => provider.api_key,
                ModelBackend::LiteLlm(_) | ModelBackend::Ollama(_) => None,
            },
            Plan::Agent(_) | Plan::McpServer(_) => None,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn agents_that_delegate_to_each_other_become_ready() {
    let world = World::start();
    let cluster = &world.cluster;
    cluster.put("agents", agent_with_peers("coordinator", &["researcher"]));
    let mut researcher = agent_with_peers("researcher", &["coordinator"]);
    researcher.spec.mcp_servers = vec!["search".to_owned()];
    cluster.put("agents", researcher);
    world.phase("agents", "researcher", "Waiting").await;
    cluster.put("mcpservers", mcp_server("search"));
    cluster.put("modelapis", model_api("llm", "mock"));

    world.phase("agents", "coordinator", "Ready").await;
    world.phase("agents", "researcher", "Ready").await;
    cluster
        .until("the researcher's links are all ready", || {
            world.status("agents", "researcher")["linkedResources"]
                == json!({
                    "ModelAPI/llm": "Ready", "MCPServer/search": "Ready", "Agent/coordinator": "Ready"
                })
        })
        .await;
    let status = world.status("agents", "coordinator");
    assert_eq!(status["ready"], true);
    assert_eq!(status["observedGeneration"], 1);
    assert_eq!(status["endpoint"], "http://kaos/Agent/team/coordinator");
    assert_eq!(status["message"], Value::Null);
    assert_eq!(
        world.status("mcpservers", "search")["availableTools"],
        json!(["echo"])
    );
    let plan = world.workloads.agent_plan("coordinator").unwrap();
    assert_eq!(
        plan.peers[0].url.as_deref(),
        Some("http://kaos/Agent/team/researcher")
    );
    world.stop().await;
}

#[tokio::test]
async fn a_deleted_model_api_makes_the_agent_unready() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent("analyst"));
    world.phase("agents", "analyst", "Ready").await;

    world.cluster.delete("modelapis", "llm");
    world.phase("agents", "analyst", "Waiting").await;
    let status = world.status("agents", "analyst");
    assert_eq!(status["ready"], false);
    assert_eq!(status["message"], "ModelAPI llm does not exist");
    let dependencies = world.condition("agents", "analyst", "DependenciesReady");
    assert_eq!(dependencies["status"], "False");
    assert!(world.workloads.agent_plan("analyst").is_some());
    world
        .cluster
        .until("the model API stops", || {
            world.workloads.plan(Kind::ModelApi, "llm").is_none()
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_made_later_reaches_the_agent() {
    let world = World::start();
    world.cluster.put("modelapis", model_api_with_secret("llm"));
    world.cluster.put("agents", agent("analyst"));
    world.phase("modelapis", "llm", "Waiting").await;
    let dependencies = world.condition("modelapis", "llm", "DependenciesReady");
    assert_eq!(dependencies["reason"], "SecretNotFound");

    let data = json!({ "api-key": "c2stMTIzNAo=" });
    let metadata = json!({ "name": "llm-api-key" });
    world.cluster.put(
        "secrets",
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data }),
    );
    world.phase("modelapis", "llm", "Ready").await;
    world.phase("agents", "analyst", "Ready").await;
    assert_eq!(world.key("llm"), Some(Secret::new("sk-1234")));

    world.cluster.delete("secrets", "llm-api-key");
    world.phase("modelapis", "llm", "Waiting").await;
    assert_eq!(world.workloads.plan(Kind::ModelApi, "llm"), None);
    world.stop().await;
}

#[tokio::test]
async fn a_key_that_changes_where_it_is_kept_reaches_the_model_api() {
    let world = World::start();
    let mut api = model_api("llm", "openai");
    let reference = KeyRef {
        name: "llm-keys".to_owned(),
        key: "openai".to_owned(),
        optional: None,
    };
    let from = ValueSource {
        secret_key_ref: None,
        config_map_key_ref: Some(reference),
    };
    api.spec.proxy_config.as_mut().unwrap().api_key = Some(ApiKey {
        value: None,
        value_from: Some(from),
    });
    world.cluster.put("modelapis", api);
    world.phase("modelapis", "llm", "Waiting").await;
    let dependencies = world.condition("modelapis", "llm", "DependenciesReady");
    assert_eq!(dependencies["reason"], "ConfigMapNotFound");

    for key in ["sk-old", "sk-new"] {
        let metadata = json!({ "name": "llm-keys" });
        let object = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata,
            "data": { "openai": key } });
        world.cluster.put("configmaps", object);
        let has_key = || world.key("llm") == Some(Secret::new(key));
        world.cluster.until("the key is used", has_key).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn an_agent_waits_for_the_secret_of_its_memory_and_follows_it() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent_with_secret("analyst"));
    world.phase("agents", "analyst", "Waiting").await;
    let dependencies = world.condition("agents", "analyst", "DependenciesReady");
    assert_eq!(dependencies["reason"], "SecretNotFound");

    let url = || match world.workloads.agent_plan("analyst")?.memory.place {
        MemoryPlace::Redis(address) => Some(address.url.expose().to_owned()),
        MemoryPlace::Local => None,
    };
    for (written, expected) in [
        ("cmVkaXM6Ly9vbmU6NjM3OQ==", "redis://one:6379"),
        ("cmVkaXM6Ly90d286NjM3OQ==", "redis://two:6379"),
    ] {
        let metadata = json!({ "name": "cache" });
        world.cluster.put(
            "secrets",
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata,
                "data": { "url": written } }),
        );
        let follows = || url().as_deref() == Some(expected);
        world.cluster.until("the plan follows", follows).await;
    }
    world.phase("agents", "analyst", "Ready").await;
    world.stop().await;
}

#[tokio::test]
async fn an_agent_answers_without_the_tools_of_a_server_that_has_failed() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    for server in ["search", "calculator"] {
        world.cluster.put("mcpservers", mcp_server(server));
    }
    let analyst = agent_with_tools("analyst", &["search", "calculator"]);
    world.cluster.put("agents", analyst);
    world.phase("agents", "analyst", "Ready").await;

    let failed = State::Failed("python3 was not found".to_owned());
    world.workloads.becomes(Kind::McpServer, "search", failed);
    world.phase("mcpservers", "search", "Failed").await;
    let servers = || {
        let plan = world.workloads.agent_plan("analyst").unwrap();
        plan.mcp_servers
            .into_iter()
            .map(|link| link.name)
            .collect::<Vec<_>>()
    };
    let message = || world.status("agents", "analyst")["message"].clone();
    world
        .cluster
        .until("the agent says what it goes without", || {
            servers() == ["calculator"] && message().is_string()
        })
        .await;
    assert_eq!(
        message(),
        "without the tools of MCPServer search, which has failed: python3 was not found"
    );
    assert_eq!(world.status("agents", "analyst")["phase"], "Ready");

    world
        .workloads
        .becomes(Kind::McpServer, "search", State::Ready);
    world
        .cluster
        .until("the agent gets its tools back", || {
            servers() == ["search", "calculator"] && message().is_null()
        })
        .await;
    world.stop().await;
}

#[tokio::test]
async fn a_deleted_agent_stops_and_those_that_delegate_to_it_say_so() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent("researcher"));
    let coordinator = agent_with_peers("coordinator", &["researcher"]);
    world.cluster.put("agents", coordinator);
    world.phase("agents", "coordinator", "Ready").await;
    world.phase("agents", "researcher", "Ready").await;

    world.cluster.delete("agents", "researcher");
    let peer_is_gone = || {
        let plan = world.workloads.agent_plan("coordinator").unwrap();
        plan.peers[0].url.is_none() && world.workloads.agent_plan("researcher").is_none()
    };
    world
        .cluster
        .until("the researcher is gone", peer_is_gone)
        .await;
    let missing = || {
        world.status("agents", "coordinator")["linkedResources"]["Agent/researcher"] == "Missing"
    };
    world
        .cluster
        .until("the coordinator says so", missing)
        .await;
    assert_eq!(world.status("agents", "coordinator")["phase"], "Ready");
    assert!(world.workloads.is_removed(Kind::Agent, "researcher"));
    world.stop().await;
}

#[tokio::test]
async fn a_malformed_object_fails_alone() {
    let world = World::start();
    let malformed = json!({
        "apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": { "name": "broken" },
        "spec": { "modelAPI": ["llm"], "model": 7 }
    });
    world.cluster.put("agents", malformed);
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent("analyst"));
    world.phase("agents", "analyst", "Ready").await;
    world.phase("agents", "broken", "Failed").await;
    assert_eq!(
        world.condition("agents", "broken", "Ready")["reason"],
        "Malformed"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_status_is_written_only_when_it_says_something_new() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent("analyst"));
    world.phase("agents", "analyst", "Ready").await;

    let n_before = world.cluster.n_patches();
    for _ in 0..10 {
        world.cluster.put("agents", agent("analyst"));
    }
    world.cluster.put("agents", agent("last"));
    world.phase("agents", "last", "Ready").await;
    assert_eq!(world.cluster.n_patches(), n_before + 1);
    world.stop().await;
}

#[tokio::test]
async fn an_agent_that_becomes_invalid_stops_and_names_the_field() {
    let world = World::start();
    world.cluster.put("modelapis", model_api("llm", "mock"));
    world.cluster.put("agents", agent("analyst"));
    world.phase("agents", "analyst", "Ready").await;

    world
        .cluster
        .put("agents", agent_with_peers("analyst", &["analyst"]));
    world.phase("agents", "analyst", "Failed").await;
    let status = world.status("agents", "analyst");
    assert_eq!(
        status["message"],
        "spec.agentNetwork.access[0]: an agent cannot delegate to itself"
    );
    assert_eq!(status["endpoint"], Value::Null);
    assert_eq!(world.workloads.agent_plan("analyst"), None);
    let is_removed = world.workloads.is_removed(Kind::Agent, "analyst");
    assert!(!is_removed, "it remembers when it is mended");
    world.stop().await;
}

#[tokio::test]
async fn controllers_that_cannot_hear_of_changes_do_not_go_on() {
    let world = World::start();
    world.workloads.break_off();
    let error = world.ended.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the watch of workloads ended while it was still needed"
    );
    world.shutdown.cancel();
}
