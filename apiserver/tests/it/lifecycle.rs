//! What lives and dies with what: finalizers, owners, namespaces, definitions.

use http::{Method, StatusCode};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::harness::{AGENTS, Running, agent, start, status};

async fn create_namespace(kaos: &Running, name: &str) {
    let namespace = json!({"metadata": {"name": name}});
    let answer = kaos
        .send(Method::POST, "/api/v1/namespaces", namespace)
        .await;
    assert_eq!(answer.code, StatusCode::CREATED);
}

#[tokio::test]
async fn an_object_with_finalizers_waits_for_them() {
    let kaos = start();
    let agents = kaos.agents();
    let mut guarded = agent("a", "m");
    guarded["metadata"]["finalizers"] = json!(["kaos.tools/cleanup"]);
    kaos.send(Method::POST, AGENTS, guarded).await;
    agents.delete("a", &DeleteParams::default()).await.unwrap();
    let waiting = agents.get("a").await.unwrap();
    assert!(waiting.meta().deletion_timestamp.is_some());

    let params = PatchParams::default();
    let more = Patch::Merge(json!({"metadata": {"finalizers": ["kaos.tools/cleanup", "x/y"]}}));
    assert_eq!(
        status(agents.patch("a", &params, &more).await.unwrap_err()).code,
        422
    );
    let done = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    agents.patch("a", &params, &done).await.unwrap();
    assert_eq!(agents.get_opt("a").await.unwrap(), None);
}

#[tokio::test]
async fn dependents_go_with_their_last_owner() {
    let kaos = start();
    let (first, second) = (
        kaos.create_agent("a", "m").await,
        kaos.create_agent("b", "m").await,
    );
    let owners = [
        first.owner_ref(&()).unwrap(),
        second.owner_ref(&()).unwrap(),
    ];
    let maps: Api<ConfigMap> = Api::default_namespaced(kaos.client());
    let mut map = ConfigMap::default();
    map.metadata.name = Some("owned".to_owned());
    map.metadata.owner_references = Some(owners.to_vec());
    maps.create(&PostParams::default(), &map).await.unwrap();

    let agents = kaos.agents();
    agents.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(maps.get_opt("owned").await.unwrap().is_some());
    agents.delete("b", &DeleteParams::default()).await.unwrap();
    assert_eq!(maps.get_opt("owned").await.unwrap(), None);
}

#[tokio::test]
async fn an_orphan_stays() {
    let kaos = start();
    let owner = kaos.create_agent("a", "m").await;
    let maps: Api<ConfigMap> = Api::default_namespaced(kaos.client());
    let mut map = ConfigMap::default();
    map.metadata.name = Some("owned".to_owned());
    map.metadata.owner_references = Some(vec![owner.owner_ref(&()).unwrap()]);
    maps.create(&PostParams::default(), &map).await.unwrap();
    kaos.agents()
        .delete("a", &DeleteParams::orphan())
        .await
        .unwrap();
    assert_eq!(maps.get("owned").await.unwrap().owner_references().len(), 0);
}

#[tokio::test]
async fn nothing_lives_in_a_namespace_that_does_not_exist() {
    let kaos = start();
    let path = AGENTS.replace("default", "nowhere");
    let answer = kaos.send(Method::POST, &path, agent("a", "m")).await;
    assert_eq!(answer.code, StatusCode::NOT_FOUND);
    assert_eq!(answer.body["message"], "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn a_namespace_goes_when_all_in_it_is_gone() {
    let kaos = start();
    create_namespace(&kaos, "team").await;
    let path = AGENTS.replace("default", "team");
    kaos.send(Method::POST, &path, agent("free", "m")).await;
    let mut guarded = agent("guarded", "m");
    guarded["metadata"]["finalizers"] = json!(["kaos.tools/cleanup"]);
    kaos.send(Method::POST, &path, guarded).await;

    let namespaces: Api<Namespace> = Api::all(kaos.client());
    namespaces
        .delete("team", &DeleteParams::default())
        .await
        .unwrap();
    let phase = namespaces.get("team").await.unwrap().status.unwrap().phase;
    assert_eq!(phase.as_deref(), Some("Terminating"));
    let agents: Api<api::resources::Agent> = Api::namespaced(kaos.client(), "team");
    assert_eq!(agents.get_opt("free").await.unwrap(), None);
    let answer = kaos.send(Method::POST, &path, agent("late", "m")).await;
    assert_eq!(answer.code, StatusCode::FORBIDDEN);

    let done = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    agents
        .patch("guarded", &PatchParams::default(), &done)
        .await
        .unwrap();
    assert_eq!(namespaces.get_opt("team").await.unwrap(), None);
}

#[tokio::test]
async fn the_first_namespaces_stay() {
    let kaos = start();
    let answer = kaos
        .send_as(
            Method::DELETE,
            "/api/v1/namespaces/default",
            "",
            String::new(),
        )
        .await;
    assert_eq!(answer.code, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_collection_is_deleted_by_its_selector() {
    let kaos = start();
    for name in ["a", "b", "c"] {
        kaos.create_agent(name, "m").await;
    }
    let agents = kaos.agents();
    let label = Patch::Merge(json!({"metadata": {"labels": {"old": "yes"}}}));
    for name in ["a", "b"] {
        agents
            .patch(name, &PatchParams::default(), &label)
            .await
            .unwrap();
    }
    let old = ListParams::default().labels("old");
    agents
        .delete_collection(&DeleteParams::default(), &old)
        .await
        .unwrap();
    let left = agents.list(&ListParams::default()).await.unwrap();
    assert_eq!(left.items.len(), 1);
}

#[tokio::test]
async fn a_definition_adds_a_kind_and_takes_it_along() {
    let kaos = start();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "notes.example.com"},
        "spec": {
            "group": "example.com", "scope": "Cluster",
            "names": {"plural": "notes", "kind": "Note"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["text"], "properties": {
                        "text": {"type": "string"}
                    }}
                }}
            }}],
        },
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let answer = kaos.send(Method::POST, definitions, definition).await;
    assert_eq!(answer.code, StatusCode::CREATED, "{}", answer.body);
    assert_eq!(
        answer.body["status"]["conditions"][1]["type"],
        "Established"
    );

    let notes = "/apis/example.com/v1/notes";
    let note = |spec| json!({"metadata": {"name": "n"}, "spec": spec});
    let answer = kaos.send(Method::POST, notes, note(json!({}))).await;
    assert_eq!(answer.code, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = kaos
        .send(Method::POST, notes, note(json!({"text": "hi"})))
        .await;
    assert_eq!(answer.code, StatusCode::CREATED);

    let path = format!("{definitions}/notes.example.com");
    kaos.send_as(Method::DELETE, &path, "", String::new()).await;
    assert_eq!(kaos.get(notes).await.code, StatusCode::NOT_FOUND);
    assert_eq!(kaos.get(&path).await.code, StatusCode::NOT_FOUND);
}
