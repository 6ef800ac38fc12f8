//! What forms do.

use super::*;

const NEW: &str = "/ns/team/agents/new";

#[tokio::test]
async fn a_valid_form_creates_the_agent_and_leads_to_it() {
    let cluster = Cluster::with_agents(&["analyst"]);
    let answer = post(
        &dashboard(&cluster),
        NEW,
        "name=writer&modelAPI=llm-proxy&model=mock%2Fplain&access=analyst&expose=true&maxSteps=3",
    )
    .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.location(), "/ns/team/agents/writer");
    let agent = cluster.agent("writer").unwrap();
    assert_eq!(agent["spec"]["agentNetwork"]["access"][0], "analyst");
    assert_eq!(agent["spec"]["config"]["reasoningLoopMaxSteps"], 3);
}

#[tokio::test]
async fn a_wrong_form_comes_back_with_its_values_and_the_error_at_its_field() {
    let cluster = Cluster::with_agents(&[]);
    let fields = "name=Not+A+Name&instructions=Be+brief&modelAPI=llm-proxy&model=m";
    let page = post(&dashboard(&cluster), NEW, fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("value=\"Not A Name\"");
    page.shows("Be brief");
    page.shows("must be lower-case letters");
    page.shows("aria-invalid=\"true\"");
    page.shows("href=\"#name\"");
    assert!(cluster.agent("Not A Name").is_none());
}

/// Takes no code.
struct RefusesAll;

#[async_trait]
impl FunctionReader for RefusesAll {
    async fn read(&self, _: &str) -> Reading {
        Reading::Refused("line 2: invalid syntax".to_owned())
    }
}

#[tokio::test]
async fn functions_that_python_refuses_are_written_only_when_that_is_meant() {
    let cluster = Cluster::with_agents(&[]);
    let dashboard = router(Ports {
        functions: Arc::new(RefusesAll),
        ..ports(&cluster)
    });
    let path = "/ns/team/mcpservers/new";
    let fields = "name=broken&runtime=python-string&params=def+add(a)%3A%0A++return+(";
    let page = post(&dashboard, path, fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("line 2: invalid syntax");
    assert!(cluster.object("mcpservers", "broken").is_none());
    let written = post(&dashboard, path, &format!("{fields}&keep.params=yes")).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text);
    assert!(cluster.object("mcpservers", "broken").is_some());
    // Whoever runs something else writes no Python.
    let other = "name=other&runtime=custom&params=x&image=some%2Fimage";
    let page = post(&dashboard, path, other).await;
    assert!(!page.text.contains("line 2"), "{}", page.text);
}

/// Finds the same function in all code.
struct FindsAdd;

#[async_trait]
impl FunctionReader for FindsAdd {
    async fn read(&self, _: &str) -> Reading {
        let number = |name: &str| Parameter {
            name: name.to_owned(),
            kind: "number".to_owned(),
            is_optional: false,
        };
        Reading::Functions(vec![Function {
            name: "add".to_owned(),
            parameters: vec![number("a"), number("b")],
            summary: "Add <two> numbers.".to_owned(),
        }])
    }
}

#[tokio::test]
async fn functions_are_listed_beside_the_form_they_are_written_in() {
    let cluster = Cluster::with_agents(&[]);
    let dashboard = router(Ports {
        functions: Arc::new(FindsAdd),
        ..ports(&cluster)
    });
    let listed = "add(a: number, b: number)";
    let edit = get(&dashboard, "/ns/team/mcpservers/calculator/edit").await;
    edit.shows(listed);
    edit.shows("Add &lt;two&gt; numbers.");
    let fields = "runtime=python-string&params=def+add(a%2C+b)%3A+pass";
    let refused = post(&dashboard, "/ns/team/mcpservers/new", fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.shows(listed);
    let check = post(&dashboard, "/ns/team/mcpservers/_check", fields).await;
    let preview: crate::preview::Preview = serde_json::from_str(&check.text).unwrap();
    assert_eq!(preview.functions[0].to_string(), listed);
    // What runs something else has no functions.
    let other = "runtime=url&url=http%3A%2F%2Fmcp.example&params=def+add(a%2C+b)%3A+pass";
    let check = post(&dashboard, "/ns/team/mcpservers/_check", other).await;
    assert!(!check.text.contains("number"), "{}", check.text);
}

#[tokio::test]
async fn what_kubernetes_refuses_is_shown_at_its_field() {
    let fields = "name=writer&modelAPI=llm-proxy&model=forbidden";
    let page = post(&dashboard(&Cluster::default()), NEW, fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("Model is not offered by llm-proxy");
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_shown_at_the_name() {
    let fields = "name=analyst&modelAPI=llm-proxy&model=m";
    let dashboard = dashboard(&Cluster::with_agents(&["analyst"]));
    let page = post(&dashboard, NEW, fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    page.shows("agent analyst exists already");
}

#[tokio::test]
async fn a_form_without_the_browsers_token_changes_nothing() {
    let cluster = Cluster::with_agents(&["analyst"]);
    let dashboard = dashboard(&cluster);
    let path = "/ns/team/agents/analyst/delete";
    for body in ["", "csrf=guess"] {
        let page = post_with_token(&dashboard, path, body).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        page.shows("open the page again");
    }
    assert!(cluster.agent("analyst").is_some());
}

#[tokio::test]
async fn deleting_what_others_use_names_them_and_wants_the_name_typed() {
    let cluster = Cluster::with_agents(&["analyst", "coordinator"]);
    let dashboard = dashboard(&cluster);
    let path = "/ns/team/agents/analyst/delete";
    let page = get(&dashboard, path).await;
    page.shows("coordinator");
    let page = post(&dashboard, path, "").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(cluster.agent("analyst").is_some());
    let answer = post(&dashboard, path, "confirm=analyst").await;
    assert_eq!(answer.location(), "/ns/team/agents");
    assert!(cluster.agent("analyst").is_none());
}

#[tokio::test]
async fn what_nobody_uses_is_deleted_without_a_word() {
    let cluster = Cluster::with_agents(&["coordinator"]);
    let path = "/ns/team/agents/coordinator/delete";
    let answer = post(&dashboard(&cluster), path, "").await;
    assert_eq!(answer.location(), "/ns/team/agents");
    assert!(cluster.agent("coordinator").is_none());
}

#[tokio::test]
async fn several_are_deleted_after_one_question() {
    let cluster = Cluster::with_agents(&["a", "b", "c"]);
    let dashboard = dashboard(&cluster);
    let chosen = "select=team%2Fa&select=team%2Fb";
    let fields = format!("{chosen}&action=delete");
    let answer = post(&dashboard, "/ns/team/agents/_bulk", &fields).await;
    let question = answer.location().to_owned();
    let page = get(&dashboard, &question).await;
    page.shows("Delete 2 agents");
    assert!(cluster.agent("a").is_some());
    post(&dashboard, "/ns/team/agents/_delete", chosen).await;
    assert!(cluster.agent("a").is_none() && cluster.agent("c").is_some());
}

#[tokio::test]
async fn several_are_exported_without_what_only_this_cluster_needs() {
    let dashboard = dashboard(&Cluster::with_agents(&["a", "b"]));
    let fields = "select=team%2Fa&select=team%2Fb&action=export";
    let file = post(&dashboard, "/ns/team/agents/_bulk", fields).await;
    assert_eq!(file.headers[header::CONTENT_TYPE], "application/yaml");
    assert_eq!(file.text.matches("kind: Agent").count(), 2);
    assert!(!file.text.contains("creationTimestamp") && !file.text.contains("status:"));
}

#[tokio::test]
async fn several_are_labelled() {
    let cluster = Cluster::with_agents(&["a", "b"]);
    let fields = "select=team%2Fa&action=label&label=tier%3Dgold";
    post(&dashboard(&cluster), "/ns/team/agents/_bulk", fields).await;
    assert_eq!(
        cluster.agent("a").unwrap()["metadata"]["labels"]["tier"],
        "gold"
    );
    assert!(
        cluster.agent("b").unwrap()["metadata"]
            .get("labels")
            .is_none()
    );
}

/// What the form of an agent holds when it is opened, with one field changed.
async fn edited(dashboard: &Router, name: &str, field: &str, value: &str) -> String {
    let page = get(dashboard, &format!("/ns/team/agents/{name}/edit")).await;
    let (_, rest) = page.text.split_once("name=\"drawn\" value=\"").unwrap();
    let (drawn, _) = rest.split_once('"').unwrap();
    let drawn = drawn
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&amp;", "&");
    let mut values = crate::forms::Values::from_json(&drawn).unwrap();
    values.set(field, value);
    let pair = |(id, text): &(String, serde_json::Value)| {
        format!("{id}={}", crate::url::Encoded(text.as_str().unwrap()))
    };
    let all: serde_json::Map<_, _> = serde_json::from_str(&values.to_json()).unwrap();
    let pairs: Vec<_> = all.into_iter().collect();
    let pairs: Vec<_> = pairs.iter().map(pair).collect();
    format!("{}&drawn={}", pairs.join("&"), crate::url::Encoded(&drawn))
}

#[tokio::test]
async fn an_edit_sends_only_what_changed_and_keeps_what_the_form_does_not_know() {
    let cluster = Cluster::with_agents(&["a"]);
    cluster.change("a", |agent| {
        agent["spec"]["podSpec"] = serde_json::json!({"tolerations": [{"key": "gpu"}]});
        agent["spec"]["config"]["telemetry"] = serde_json::json!({"enabled": true});
    });
    let dashboard = dashboard(&cluster);
    let before = cluster.agent("a").unwrap();
    let form = edited(&dashboard, "a", "description", "Adds").await;
    let answer = post(&dashboard, "/ns/team/agents/a/edit", &form).await;
    assert_eq!(answer.location(), "/ns/team/agents/a", "{}", answer.text);
    let mut after = cluster.agent("a").unwrap();
    assert_eq!(after["spec"]["config"]["description"], "Adds");
    after["spec"]["config"]
        .as_object_mut()
        .unwrap()
        .remove("description");
    assert_eq!(after["spec"], before["spec"]);
}

#[tokio::test]
async fn an_edit_beside_another_is_merged_and_one_of_the_same_field_asks() {
    let cluster = Cluster::with_agents(&["a"]);
    let dashboard = dashboard(&cluster);
    let path = "/ns/team/agents/a/edit";
    let form = edited(&dashboard, "a", "description", "Mine").await;
    cluster.change("a", |agent| {
        agent["spec"]["config"]["instructions"] = "Theirs".into();
    });
    post(&dashboard, path, &form).await;
    let agent = cluster.agent("a").unwrap();
    assert_eq!(agent["spec"]["config"]["description"], "Mine");
    assert_eq!(agent["spec"]["config"]["instructions"], "Theirs");

    let form = edited(&dashboard, "a", "description", "Mine again").await;
    cluster.change("a", |agent| {
        agent["spec"]["config"]["description"] = "Theirs".into();
    });
    let page = post(&dashboard, path, &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    for shown in ["Mine again", "Theirs", "Before: "] {
        page.shows(shown);
    }
    let theirs = format!("{form}&resolve.description=theirs");
    post(&dashboard, path, &theirs).await;
    assert_eq!(
        cluster.agent("a").unwrap()["spec"]["config"]["description"],
        "Theirs"
    );
}

#[tokio::test]
async fn the_preview_is_what_would_be_created_and_creates_nothing() {
    let cluster = Cluster::with_agents(&[]);
    let fields = "name=writer&modelAPI=llm-proxy&model=m&maxSteps=99";
    let answer = post(&dashboard(&cluster), "/ns/team/agents/_check", fields).await;
    let preview: crate::preview::Preview = serde_json::from_str(&answer.text).unwrap();
    assert!(preview.yaml.contains("name: writer"), "{}", preview.yaml);
    assert_eq!(preview.errors[0].field.as_deref(), Some("maxSteps"));
    assert!(cluster.agent("writer").is_none());
}

#[tokio::test]
async fn a_model_api_is_created_with_the_secret_it_reads() {
    let cluster = Cluster::default();
    let fields = "name=llm&mode=Proxy&provider=nebius&models=*&newSecret.name=llm-api-key\
                  &newSecret.key=api-key&newSecret.value=sk-test-123";
    let dashboard = dashboard(&cluster);
    let preview = post(&dashboard, "/ns/team/modelapis/_check", fields).await;
    assert!(!preview.text.contains("sk-test-123"));
    preview.shows("llm-api-key");
    let answer = post(&dashboard, "/ns/team/modelapis/new", fields).await;
    assert_eq!(
        answer.location(),
        "/ns/team/modelapis/llm",
        "{}",
        answer.text
    );
    let api = cluster.object("modelapis", "llm").unwrap();
    let key = &api["spec"]["proxyConfig"]["apiKey"]["valueFrom"]["secretKeyRef"];
    assert_eq!(
        (&key["name"], &key["key"]),
        (&"llm-api-key".into(), &"api-key".into())
    );
    let secret = cluster.object("secrets", "llm-api-key").unwrap();
    assert_eq!(secret["stringData"]["api-key"], "sk-test-123");
}

#[tokio::test]
async fn a_secrets_values_go_in_and_never_come_out() {
    let cluster = Cluster::default();
    let dashboard = dashboard(&cluster);
    let fields = "name=keys&key=openai&value=sk-test-123&key=&value=";
    let answer = post(&dashboard, "/ns/team/secrets/new", fields).await;
    assert_eq!(
        answer.location(),
        "/ns/team/secrets/keys",
        "{}",
        answer.text
    );
    cluster.change_object("secrets", "keys", |secret| {
        secret["data"] = serde_json::json!({"openai": "c2stdGVzdC0xMjM="});
        secret.as_object_mut().unwrap().remove("stringData");
    });
    for page in ["", "/edit", "/yaml"] {
        let page = get(&dashboard, &format!("/ns/team/secrets/keys{page}")).await;
        assert_eq!(page.status, StatusCode::OK);
        page.shows("openai");
        assert!(!page.text.contains("c2stdGVzdC0xMjM="), "{}", page.text);
    }
    let wrong = post(
        &dashboard,
        "/ns/team/secrets/new",
        "name=keys&key=a+b&value=sk-test-456",
    )
    .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!wrong.text.contains("sk-test-456"));
}

#[tokio::test]
async fn yaml_is_checked_compared_and_saved() {
    let cluster = Cluster::with_agents(&["a"]);
    let dashboard = dashboard(&cluster);
    let path = "/ns/team/agents/a/yaml";
    let mut agent = cluster.agent("a").unwrap();
    agent["spec"]["model"] = "mock/other".into();
    let yaml = crate::forms::yaml::written(&agent);
    let form =
        |yaml: &str, intent: &str| format!("yaml={}&intent={intent}", crate::url::Encoded(yaml));
    let page = post(&dashboard, path, &form(&yaml, "check")).await;
    page.shows("The API accepts it");
    page.shows("+   model: mock/other");
    assert_eq!(cluster.agent("a").unwrap()["spec"]["model"], "mock/plain");
    let page = post(&dashboard, path, &form("a: [", "write")).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("Nothing was saved");
    let answer = post(&dashboard, path, &form(&yaml, "write")).await;
    assert_eq!(answer.location(), path, "{}", answer.text);
    assert_eq!(cluster.agent("a").unwrap()["spec"]["model"], "mock/other");
}
