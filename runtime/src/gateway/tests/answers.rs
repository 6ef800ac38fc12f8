//! Answers that are none, and models that are not there.

use api::chat::ErrorBody;
use axum::{
    Json, Router,
    body::Body,
    response::Redirect,
    routing::{get, post},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::support::{House, answering, plan, read, recording_upstream, upstream};

#[tokio::test]
async fn html_with_status_200_is_a_502_that_says_what_to_check() {
    let page = "<!DOCTYPE html><title>Sign in</title>";
    for content_type in ["text/html; charset=utf-8", "application/json"] {
        let base = answering(content_type, page).await;
        let house = House::new(plan("openai", Some(base), &["*"]));
        for streams in [false, true] {
            let response = house.ask(json!({"model": "m", "stream": streams})).await;
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
            let error = read::<ErrorBody>(response).await.error;
            assert_eq!(error.code.as_deref(), Some("model_answer_invalid"));
            assert!(error.message.contains("Sign in"), "{}", error.message);
            assert!(error.message.contains("apiBase"), "{}", error.message);
        }
    }
}

#[tokio::test]
async fn a_model_that_the_provider_does_not_have_is_answered_with_those_it_has() {
    let missing = async || {
        let error = json!({"error": {"message": "The model does not exist", "type": "x"}});
        (StatusCode::NOT_FOUND, Json(error))
    };
    let list = async || Json(json!({"data": [{"id": "gpt-4o"}, {"id": "o3"}]}));
    let router = Router::new()
        .route("/v1/chat/completions", post(missing))
        .route("/v1/models", get(list));
    let house = House::new(plan("nebius", Some(upstream(router).await), &["*"]));
    let response = house.ask(json!({"model": "openai/gpt-4o"})).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.code.as_deref(), Some("model_not_found"));
    let has = "has no model \"openai/gpt-4o\"; it offers: gpt-4o, o3";
    assert!(error.message.contains(has), "{}", error.message);

    let response = house.ask(json!({"model": "o3"})).await;
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.message, "The model does not exist", "it lists it");
}

#[tokio::test]
async fn a_provider_that_has_moved_on_its_host_is_followed_with_the_question() {
    let answer = async |Json(question): Json<Value>| {
        let message = json!({"role": "assistant", "content": question["messages"][0]["content"]});
        Json(json!({"id": "1", "model": "m", "choices": [{"index": 0, "message": message}]}))
    };
    let router = Router::new()
        .route("/v1/chat/completions", post(answer))
        .route(
            "/old/chat/completions",
            post(async || Redirect::temporary("/v1/chat/completions")),
        );
    let base = upstream(router).await.replace("/v1", "/old");
    let house = House::new(plan("openai", Some(base), &["*"]));
    let messages = json!([{"role": "user", "content": "still there?"}]);
    let response = house.ask(json!({"model": "m", "messages": messages})).await;
    assert_eq!(response.status(), StatusCode::OK);
    let answer = read::<Value>(response).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "still there?");
}

#[tokio::test]
async fn embeddings_go_the_same_way() {
    let (seen, base) = recording_upstream().await;
    let house = House::new(plan("openai", Some(base), &["text-*"]));
    let send = async |model: &str| {
        let body = json!({"model": model, "input": "hello", "encoding_format": "base64"});
        let request = http::Request::post("/default/llm/v1/embeddings")
            .body(Body::from(body.to_string()))
            .unwrap();
        house.send(request).await
    };
    let response = send("openai/text-embedding-3-small").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(seen.uri(), "/v1/embeddings");
    assert_eq!(seen.headers()["authorization"], "Bearer sk-secret");
    assert_eq!(seen.body()["model"], "text-embedding-3-small");
    assert_eq!(seen.body()["encoding_format"], "base64");
    assert_eq!(send("gpt-4o").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_mock_provider_makes_vectors_of_texts() {
    let house = House::new(plan("mock", None, &["*"]));
    let embed = async |body: Value| {
        let request = http::Request::post("/default/llm/v1/embeddings")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = house.send(request).await;
        (response.status(), read::<Value>(response).await)
    };
    let texts = ["a red car", "a red bus", "Tokyo"];
    let (_, answer) = embed(json!({"model": "m", "input": texts})).await;
    let vector = |at: usize| -> Vec<f64> {
        serde_json::from_value(answer["data"][at]["embedding"].clone()).unwrap()
    };
    let near = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).map(|(one, other)| one * other).sum()
    };
    let [car, bus, tokyo] = [vector(0), vector(1), vector(2)];
    assert!((near(&car, &car) - 1.0).abs() < 1e-6);
    assert!(near(&car, &bus) > near(&car, &tokyo), "{answer:#}");
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 0);

    let short = json!({"model": "m", "input": "x", "dimensions": 2, "encoding_format": "base64"});
    let (_, answer) = embed(short).await;
    let encoded = answer["data"][0]["embedding"].as_str().unwrap();
    assert_eq!(encoded.len(), 12, "two numbers of four bytes");
    let (status, _) = embed(json!({"model": "m", "input": "x", "dimensions": 0})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn azure_is_asked_at_the_deployments_url() {
    let (seen, base) = recording_upstream().await;
    let base = base.trim_end_matches("/v1").to_owned();
    let house = House::new(plan("azure", Some(base), &["*"]));
    house.ask(json!({"model": "azure/gpt-4o"})).await;
    let url = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";
    assert_eq!(seen.uri(), url);
    assert_eq!(seen.headers()["api-key"], "sk-secret");
    assert!(!seen.headers().contains_key("authorization"));
}

#[tokio::test]
async fn anthropics_list_of_models_is_asked_for_in_its_own_way() {
    let (seen, base) = recording_upstream().await;
    let house = House::new(plan("anthropic", Some(base), &["*"]));
    house.ask(json!({"model": "claude"})).await;
    assert_eq!(seen.headers()["authorization"], "Bearer sk-secret");
    let request = http::Request::get("/default/llm/v1/models");
    house.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(seen.headers()["x-api-key"], "sk-secret");
    assert_eq!(seen.headers()["anthropic-version"], "2023-06-01");
    assert!(!seen.headers().contains_key("authorization"));
}
