//! What pages show.

use axum::Json;
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_first_page_is_the_first_namespace_with_agents() {
    let home = get(&dashboard(&Cluster::with_agents(&["coordinator"])), "/").await;
    assert_eq!(home.location(), "/ns/team");
    let home = get(&dashboard(&Cluster::default()), "/").await;
    assert_eq!(home.location(), "/ns/default");
}

#[tokio::test]
async fn the_first_page_is_the_namespace_visited_last_if_it_is_still_there() {
    for (visited, expected) in [("default", "/ns/default"), ("mistyped", "/ns/team")] {
        let request = Request::get("/")
            .header(header::COOKIE, format!("ns={visited}"))
            .body(Body::empty())
            .unwrap();
        let dashboard = dashboard(&Cluster::with_agents(&["coordinator"]));
        let home = Answer::of(dashboard.oneshot(request).await.unwrap()).await;
        assert_eq!(home.location(), expected);
    }
}

#[tokio::test]
async fn the_overview_says_what_is_not_ready_and_that_nothing_ran() {
    let page = get(
        &dashboard(&Cluster::with_agents(&["coordinator"])),
        "/ns/team",
    )
    .await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("python3 was not found");
    page.shows("No runs in the last hour.");
    page.shows("Mock model: no provider key was found");
    page.shows("/ns/team/agents/coordinator");
}

#[tokio::test]
async fn an_empty_namespace_shows_the_first_steps() {
    let page = get(&dashboard(&Cluster::default()), "/ns/team").await;
    page.shows("Nothing runs in team yet");
}

#[tokio::test]
async fn an_agents_page_shows_its_text_as_text_and_its_relations_with_their_states() {
    let cluster = Cluster::with_agents(&["coordinator"]);
    let page = get(&dashboard(&cluster), "/ns/team/agents/coordinator").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("Answer &lt;b&gt;briefly&lt;/b&gt;.");
    page.shows("Does not exist");
    page.shows("llm-proxy");
}

#[tokio::test]
async fn the_yaml_of_an_agent_is_shown() {
    let cluster = Cluster::with_agents(&["coordinator"]);
    let page = get(&dashboard(&cluster), "/ns/team/agents/coordinator/yaml").await;
    page.shows("modelAPI: llm-proxy");
}

#[tokio::test]
async fn a_list_that_may_not_be_read_is_denied_and_never_empty() {
    for plural in ["agents", "modelapis", "mcpservers"] {
        let denied = Router::new().fallback(|| async {
            let status = json!({
                "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "Forbidden",
                "code": 403, "message": "cannot list resource in the namespace \"team\"",
            });
            (StatusCode::FORBIDDEN, Json(status))
        });
        let dashboard = router(Ports {
            kube: kube::Client::new(denied, "default"),
            ..ports(&Cluster::default())
        });
        let page = get(&dashboard, &format!("/ns/team/{plural}")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{plural}");
        page.shows("You cannot");
        assert!(!page.text.contains("Create your first"), "{}", page.text);
        assert!(!page.text.contains(" in team yet"), "{}", page.text);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_404_inside_the_frame() {
    let dashboard = dashboard(&Cluster::default());
    let paths = [
        "/ns/team/agents/nobody",
        "/ns/team/agents/nobody/yaml",
        "/ns/team/agents/nobody/delete",
        "/nowhere",
        "/ns/team/nowhere",
    ];
    for path in paths {
        let page = get(&dashboard, path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        page.shows("class=\"rail\"");
    }
}

#[tokio::test]
async fn scripts_run_only_with_the_nonce_of_the_answer() {
    let page = get(&dashboard(&Cluster::default()), "/ns/team").await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    let (_, rest) = policy.split_once("'nonce-").unwrap();
    let (nonce, _) = rest.split_once('\'').unwrap();
    assert!(!nonce.is_empty());
    for script in page.text.match_indices("<script") {
        let tag = &page.text[script.0..];
        assert!(tag.split('>').next().unwrap().contains(nonce), "{tag}");
    }
}

#[tokio::test]
async fn the_chosen_theme_is_in_the_first_byte_of_the_page() {
    let dashboard = dashboard(&Cluster::default());
    let chosen = post(&dashboard, "/preferences", "theme=dark&back=/ns/team").await;
    assert_eq!(chosen.location(), "/ns/team");
    let cookie = chosen.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let request = Request::get("/ns/team")
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    let page = Answer::of(dashboard.oneshot(request).await.unwrap()).await;
    page.shows("data-theme=\"dark\"");
}
