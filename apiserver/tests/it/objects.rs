//! Creating, reading, changing and deleting objects.

use api::resources::{Agent, AgentSpec};
use http::{Method, StatusCode};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::harness::{AGENTS, agent, start, status};

#[tokio::test]
async fn an_object_is_created_read_changed_and_deleted() {
    let kaos = start();
    let agents = kaos.agents();
    let created = kaos.create_agent("a", "m").await;
    assert_eq!(created.metadata.generation, Some(1));
    assert!(created.uid().is_some() && created.creation_timestamp().is_some());
    assert_eq!(agents.get("a").await.unwrap(), created);

    let mut next = created.clone();
    next.spec.model = "n".to_owned();
    let changed = agents
        .replace("a", &PostParams::default(), &next)
        .await
        .unwrap();
    assert_eq!(changed.metadata.generation, Some(2));
    assert_eq!(changed.uid(), created.uid());

    agents.delete("a", &DeleteParams::default()).await.unwrap();
    assert_eq!(agents.get_opt("a").await.unwrap(), None);
}

#[tokio::test]
async fn a_taken_name_is_refused() {
    let kaos = start();
    let taken = kaos.create_agent("a", "m").await;
    let mut again = taken.clone();
    again.metadata = ObjectMeta {
        name: Some("a".to_owned()),
        ..ObjectMeta::default()
    };
    let agents = kaos.agents();
    let error = agents
        .create(&PostParams::default(), &again)
        .await
        .unwrap_err();
    let status = status(error);
    assert_eq!(
        (status.code, status.reason.as_str()),
        (409, "AlreadyExists")
    );
    assert_eq!(status.message, "agents.kaos.tools \"a\" already exists");
}

#[tokio::test]
async fn a_generated_name_begins_as_asked() {
    let kaos = start();
    let mut named = agent("", "m");
    named["metadata"] = json!({"generateName": "run-"});
    let answer = kaos.send(Method::POST, AGENTS, named).await;
    let name = answer.body["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("run-") && name.len() == 9, "{name}");
}

#[tokio::test]
async fn replacing_what_somebody_else_changed_is_a_conflict() {
    let kaos = start();
    let agents = kaos.agents();
    let mut stale = kaos.create_agent("a", "m").await;
    let patch = Patch::Merge(json!({"spec": {"model": "n"}}));
    agents
        .patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    stale.spec.model = "o".to_owned();
    let error = agents
        .replace("a", &PostParams::default(), &stale)
        .await
        .unwrap_err();
    let status = status(error);
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

#[tokio::test]
async fn status_and_spec_are_written_apart() {
    let kaos = start();
    let agents = kaos.agents();
    kaos.create_agent("a", "m").await;
    let both = json!({"spec": {"model": "n"}, "status": {"phase": "Ready", "ready": true}});
    let params = PatchParams::default();
    let patched = agents
        .patch_status("a", &params, &Patch::Merge(&both))
        .await
        .unwrap();
    assert_eq!(patched.spec.model, "m");
    assert!(patched.status.as_ref().unwrap().ready);
    assert_eq!(patched.metadata.generation, Some(1));

    let neither = json!({"spec": {"model": "n"}, "status": {"ready": false}});
    let patched = agents
        .patch("a", &params, &Patch::Merge(&neither))
        .await
        .unwrap();
    assert_eq!(patched.spec.model, "n");
    assert!(patched.status.unwrap().ready);
    assert_eq!(patched.metadata.generation, Some(2));
}

#[tokio::test]
async fn a_change_that_changes_nothing_has_no_new_version() {
    let kaos = start();
    let created = kaos.create_agent("a", "m").await;
    let patch = Patch::Merge(json!({"spec": {"model": "m"}}));
    let same = kaos
        .agents()
        .patch("a", &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_eq!(same.resource_version(), created.resource_version());
}

#[tokio::test]
async fn applying_creates_then_changes_and_removes_what_is_no_longer_sent() {
    let kaos = start();
    let agents = kaos.agents();
    let params = PatchParams::apply("ann");
    let mut config = agent("a", "m");
    config["spec"]["config"] = json!({"description": "d"});
    let first = agents
        .patch("a", &params, &Patch::Apply(&config))
        .await
        .unwrap();
    assert_eq!(first.spec.description(), "d");
    let again = agents
        .patch("a", &params, &Patch::Apply(&config))
        .await
        .unwrap();
    assert_eq!(again.resource_version(), first.resource_version());

    let smaller = agent("a", "n");
    let second = agents
        .patch("a", &params, &Patch::Apply(&smaller))
        .await
        .unwrap();
    assert_eq!(
        (second.spec.model.as_str(), second.spec.description()),
        ("n", "")
    );

    let other = PatchParams::apply("bob");
    let error = agents
        .patch("a", &other, &Patch::Apply(agent("a", "o")))
        .await
        .unwrap_err();
    assert_eq!(status(error).code, 409);
    let forced = agents
        .patch("a", &other.force(), &Patch::Apply(agent("a", "o")))
        .await;
    assert_eq!(forced.unwrap().spec.model, "o");

    let ready = json!({
        "apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "status": {"phase": "Ready", "ready": true},
    });
    let applied = agents
        .patch_status("a", &params, &Patch::Apply(&ready))
        .await
        .unwrap();
    assert!(applied.status.unwrap().ready);
    assert_eq!(applied.spec.model, "o");
}

#[tokio::test]
async fn a_json_patch_changes_one_field() {
    let kaos = start();
    kaos.create_agent("a", "m").await;
    let object = format!("{AGENTS}/a");
    let patch = json!([{"op": "replace", "path": "/spec/model", "value": "n"}]);
    let json_patch = "application/json-patch+json";
    let answer = kaos
        .send_as(Method::PATCH, &object, json_patch, patch.to_string())
        .await;
    assert_eq!(answer.body["spec"]["model"], "n");
    let failing = json!([{"op": "test", "path": "/spec/model", "value": "x"}]);
    let answer = kaos
        .send_as(Method::PATCH, &object, json_patch, failing.to_string())
        .await;
    assert_eq!(answer.code, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_dry_run_answers_and_keeps_nothing() {
    let kaos = start();
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let spec = AgentSpec {
        model_api: "llm".to_owned(),
        model: "m".to_owned(),
        ..AgentSpec::default()
    };
    let agents = kaos.agents();
    let answered = agents.create(&dry, &Agent::new("a", spec)).await.unwrap();
    assert!(answered.uid().is_some());
    assert_eq!(agents.get_opt("a").await.unwrap(), None);
}

#[tokio::test]
async fn lists_are_selected_and_paged() {
    let kaos = start();
    for name in ["a", "b", "c"] {
        let mut labelled = agent(name, "m");
        labelled["metadata"]["labels"] = json!({"even": (name == "b").to_string()});
        kaos.send(Method::POST, AGENTS, labelled).await;
    }
    let agents = kaos.agents();
    let names = |params: ListParams| {
        let agents = agents.clone();
        async move {
            let list = agents.list(&params).await.unwrap();
            let names: Vec<String> = list.iter().map(ResourceExt::name_any).collect();
            (names.join(","), list.metadata.continue_)
        }
    };
    assert_eq!(
        names(ListParams::default().labels("even=true")).await.0,
        "b"
    );
    assert_eq!(
        names(ListParams::default().labels("even notin (true)"))
            .await
            .0,
        "a,c"
    );
    assert_eq!(
        names(ListParams::default().fields("metadata.name=c"))
            .await
            .0,
        "c"
    );
    let (page, next) = names(ListParams::default().limit(2)).await;
    assert_eq!(page, "a,b");
    let (page, next) = names(
        ListParams::default()
            .limit(2)
            .continue_token(&next.unwrap()),
    )
    .await;
    assert_eq!((page.as_str(), next), ("c", None));
    let everywhere: Api<Agent> = Api::all(kaos.client());
    assert_eq!(
        everywhere
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        3
    );
}

#[tokio::test]
async fn a_secrets_text_is_folded_into_its_data() {
    let kaos = start();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "stringData": {"api-key": "sk-1"},
    });
    let answer = kaos
        .send(Method::POST, "/api/v1/namespaces/default/secrets", secret)
        .await;
    assert_eq!(answer.code, StatusCode::CREATED);
    let secrets: Api<Secret> = Api::default_namespaced(kaos.client());
    let secret = secrets.get("s").await.unwrap();
    assert_eq!(secret.string_data, None);
    assert_eq!(secret.type_.as_deref(), Some("Opaque"));
    assert_eq!(
        secret.data.unwrap()["api-key"],
        ByteString(b"sk-1".to_vec())
    );
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let kaos = start();
    let before = kaos.create_agent("a", "m").await;
    let kaos = kaos.restart().await;
    assert_eq!(kaos.agents().get("a").await.unwrap(), before);
    let after = kaos.create_agent("b", "m").await;
    let version = |agent: &Agent| agent.resource_version().unwrap().parse::<i64>().unwrap();
    assert!(version(&after) > version(&before));
}
