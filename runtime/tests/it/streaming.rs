//! What a client sees of a stream besides its words.

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::support::{House, Model, Reply, plan, question, with};

#[tokio::test(start_paused = true)]
async fn a_stream_in_which_nothing_happens_is_kept_alive_with_comments() {
    let model = Model::with(vec![Reply::Hangs(String::new())]).await;
    let house = House::with(plan(&model));
    let body = with(question("hi"), json!({"stream": true})).to_string();
    let request = Request::post("/team/agent/v1/chat/completions")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-kaos-progress", "events")
        .body(Body::from(body))
        .unwrap();
    let response = house.agents.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut said = String::new();
    while !said.contains(": ping\n\n") {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        said += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    let mut pieces = said.lines().filter_map(|line| line.strip_prefix("data: "));
    let first: serde_json::Value = serde_json::from_str(pieces.next().unwrap()).unwrap();
    assert_eq!(first["choices"][0]["delta"], json!({"role": "assistant"}));
}

#[tokio::test]
async fn a_path_that_an_agent_does_not_have_is_an_error_that_clients_understand() {
    let model = Model::with(vec![Reply::says("hi")]).await;
    let house = House::with(plan(&model));
    let request = Request::post("/team/agent/v1/embeddings").body(Body::empty());
    let response = house.agents.router().oneshot(request.unwrap()).await;
    let response = response.unwrap();
    assert_eq!(response.status(), 404);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["code"], "unknown_url", "{body:#}");
}
