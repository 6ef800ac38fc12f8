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
    page.shows("id=\"name-error\"");
    page.shows("aria-invalid=\"true\"");
    page.shows("href=\"#name\"");
    assert!(cluster.agent("Not A Name").is_none());
}

#[tokio::test]
async fn what_kubernetes_refuses_is_shown_at_its_field() {
    let fields = "name=writer&modelAPI=llm-proxy&model=forbidden";
    let page = post(&dashboard(&Cluster::default()), NEW, fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("id=\"model-error\"");
    page.shows("is not offered by llm-proxy");
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_shown_at_the_name() {
    let fields = "name=analyst&modelAPI=llm-proxy&model=m";
    let dashboard = dashboard(&Cluster::with_agents(&["analyst"]));
    let page = post(&dashboard, NEW, fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    page.shows("id=\"name-error\"");
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
async fn deleting_names_who_depends_on_it_and_leads_back_to_the_list() {
    let cluster = Cluster::with_agents(&["analyst", "coordinator"]);
    let dashboard = dashboard(&cluster);
    let path = "/ns/team/agents/analyst/delete";
    let page = get(&dashboard, path).await;
    page.shows("coordinator");
    let answer = post(&dashboard, path, "").await;
    assert_eq!(answer.location(), "/ns/team/agents");
    assert!(cluster.agent("analyst").is_none());
}
