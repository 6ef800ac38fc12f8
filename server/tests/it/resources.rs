//! Resources over `/kube`.

use serde_json::json;

use crate::kaos::Kaos;

#[tokio::test]
async fn the_seeds_agent_changed_in_name_only_becomes_ready_and_answers() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let yaml = "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata:\n  name: coordinator-2\n  \
                namespace: kaos-hierarchy\nspec:\n  modelAPI: llm-proxy\n  model: \"openai/gpt-4o\"\n  \
                config:\n    description: \"Coordinator that delegates to specialist agents\"\n    \
                instructions: |\n      You are a coordinator. Analyze user requests and delegate to \
                your analyst and researcher.\n  agentNetwork:\n    expose: true\n    access:\n      - \
                researcher\n      - analyst\n";
    let url = format!(
        "{}/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/agents",
        kaos.url
    );
    let request = kaos
        .http
        .post(url)
        .header("content-type", "application/yaml")
        .body(yaml);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let agent = kaos.until_ready("agents", "coordinator-2").await;
    assert_eq!(agent["status"]["ready"], true);
    assert_eq!(
        agent["status"]["observedGeneration"],
        agent["metadata"]["generation"]
    );
    let (status, body) = kaos.ask("coordinator-2", "hello").await;
    assert_eq!(status, 200, "{body:#}");
}

#[tokio::test]
async fn an_invalid_resource_is_refused_with_the_name_of_the_field() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "too-eager"},
        "spec": {"modelAPI": "llm-proxy", "model": "m", "config": {"reasoningLoopMaxSteps": 21}}});
    let (status, body) = kaos.create("agents", &agent).await;
    assert_eq!(status, 422, "{body:#}");
    assert_eq!(body["kind"], "Status");
    assert_eq!(body["reason"], "Invalid");
    assert_eq!(
        body["details"]["causes"][0]["field"], "spec.config.reasoningLoopMaxSteps",
        "{body:#}"
    );
}

#[tokio::test]
async fn a_change_of_an_mcp_server_reaches_the_agents_that_use_it() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/mcpservers/calculator";
    let params = "def multiply(a: float, b: float) -> float:\n    \"\"\"Multiply.\"\"\"\n    \
                  return a * b\n";
    let request = kaos
        .http
        .patch(format!("{}{path}", kaos.url))
        .header("content-type", "application/merge-patch+json")
        .body(json!({"spec": {"params": params}}).to_string());
    assert_eq!(request.send().await.unwrap().status(), 200);
    kaos.until(path, |server| {
        server["status"]["availableTools"] == json!(["multiply"])
    })
    .await;
    let (_, body) = kaos.ask("analyst", "multiply 6 by 7").await;
    assert!(
        body["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .contains("42"),
        "{body:#}"
    );
}

#[tokio::test]
async fn an_agent_that_is_deleted_and_made_anew_remembers_nothing() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let path = "/kube/apis/kaos.tools/v1alpha1/namespaces/kaos-hierarchy/agents/analyst";
    let sessions = "/agents/kaos-hierarchy/analyst/memory/sessions";
    let (_, answer) = kaos.ask("analyst", "my name is Ada").await;
    let session = answer["session_id"].clone();
    assert_eq!(kaos.get(sessions).await.1["sessions"], json!([session]));

    let (_, analyst) = kaos.get(path).await;
    let again = json!({"apiVersion": analyst["apiVersion"], "kind": "Agent",
        "metadata": {"name": "analyst"}, "spec": analyst["spec"]});
    let deleted = kaos.http.delete(format!("{}{path}", kaos.url)).send().await;
    assert_eq!(deleted.unwrap().status(), 200);
    // At once, so that whoever watches may never see that it was gone.
    assert_eq!(kaos.create("agents", &again).await.0, 201);
    kaos.until_ready("agents", "analyst").await;
    assert_eq!(kaos.get(sessions).await.1["sessions"], json!([]));
}
