//! What clients of the gateway and providers behind it see of each other.

mod answers;
mod litellm;
mod ollama;
mod prices;
mod refusals;
mod support;

use api::{
    chat::{ChatResponse, ErrorBody},
    plan::{ModelApiPlan, ResourceId},
};
use axum::{Router, body::Body, extract::Request, response::IntoResponse, routing::post};
use bytes::Bytes;
use futures::StreamExt;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use self::support::{House, chat, plan, read, recording_upstream, upstream};
use super::{MOCK, ModelApiState, PROVIDERS, provider};

#[tokio::test]
async fn a_request_reaches_the_provider_with_its_key_and_nothing_of_the_caller() {
    let (seen, base) = recording_upstream().await;
    let house = House::new(plan("openai", Some(base), &["*"]));
    let body = json!({"model": "openai/gpt-4o", "messages": [], "temperature": 0.5});
    let request = chat(&body)
        .header("authorization", "Bearer of the caller")
        .header("baggage", "session.id=1")
        .header("cookie", "session=1")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = house.send(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let headers = seen.headers();
    assert_eq!(headers["authorization"], "Bearer sk-secret");
    for name in ["baggage", "cookie", "traceparent"] {
        assert!(!headers.contains_key(name), "{name} was passed on");
    }
    assert_eq!(
        seen.body(),
        json!({"model": "gpt-4o", "messages": [], "temperature": 0.5})
    );
}

#[tokio::test]
async fn a_question_above_the_limit_is_refused_in_openais_words() {
    let house = House::new(plan("mock", None, &["*"]));
    let long = "a".repeat(33 * 1024 * 1024);
    let messages = json!([{"role": "user", "content": long}]);
    let response = house
        .ask(json!({"model": "mock/instant", "messages": messages}))
        .await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.code.as_deref(), Some("body_too_large"));
}

#[tokio::test]
async fn azure_gets_its_key_in_its_own_header() {
    let (seen, base) = recording_upstream().await;
    let house = House::new(plan("azure", Some(base), &["*"]));
    house.ask(json!({"model": "gpt-4o"})).await;
    assert_eq!(seen.headers()["api-key"], "sk-secret");
}

#[tokio::test]
async fn only_a_prefix_that_is_the_provider_is_taken_off_the_model() {
    let (seen, base) = recording_upstream().await;
    let house = House::new(plan("nebius", Some(base), &["*"]));
    house.ask(json!({"model": "openai/gpt-4o"})).await;
    assert_eq!(seen.body()["model"], "openai/gpt-4o");
    house
        .ask(json!({"model": "nebius/meta-llama/Llama-3"}))
        .await;
    assert_eq!(seen.body()["model"], "meta-llama/Llama-3");
}

#[tokio::test]
async fn a_model_that_is_not_on_the_list_is_refused_with_the_list() {
    let (_, base) = recording_upstream().await;
    let house = House::new(plan("openai", Some(base), &["gpt-4o", "meta/*"]));
    for allowed in ["gpt-4o", "openai/gpt-4o", "meta/llama"] {
        let response = house.ask(json!({"model": allowed})).await;
        assert_eq!(response.status(), StatusCode::OK, "{allowed}");
    }
    let refused = house.ask(json!({"model": "gpt-5"})).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    let error = read::<ErrorBody>(refused).await.error;
    assert_eq!(error.code.as_deref(), Some("model_not_found"));
    assert!(
        error.message.contains("gpt-4o, meta/*"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_stream_passes_piece_by_piece_and_stops_when_the_caller_goes() {
    let (pieces, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let stream = move |_: Request| {
        let receiver = receiver.lock().unwrap().take().unwrap();
        let body = Body::from_stream(ReceiverStream::new(receiver));
        async move { ([("content-type", "text/event-stream")], body).into_response() }
    };
    let router = Router::new().route("/v1/chat/completions", post(stream));
    let house = House::new(plan("openai", Some(upstream(router).await), &["*"]));
    let response = house.ask(json!({"model": "gpt-4o", "stream": true})).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    for piece in ["data: 1\n\n", "data: 2\n\n"] {
        // The next piece is sent only after this one has arrived.
        pieces
            .send(Ok(Bytes::from_static(piece.as_bytes())))
            .await
            .unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), piece);
    }
    drop(body);
    pieces.closed().await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_error_event() {
    let broken = async || {
        let pieces = futures::stream::iter([
            Ok(Bytes::from_static(b"data: 1\n\n")),
            Err(std::io::Error::other("power cut")),
        ]);
        let body = Body::from_stream(pieces);
        ([("content-type", "text/event-stream")], body).into_response()
    };
    let router = Router::new().route("/v1/chat/completions", post(broken));
    let house = House::new(plan("openai", Some(upstream(router).await), &["*"]));
    let response = house.ask(json!({"model": "gpt-4o", "stream": true})).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let error: ErrorBody = serde_json::from_str(last).unwrap();
    assert_eq!(error.error.code.as_deref(), Some("model_unreachable"));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_a_502_that_names_it() {
    let base = Some("http://127.0.0.1:1/v1".to_owned());
    let house = House::new(plan("openai", base, &["*"]));
    let response = house.ask(json!({"model": "gpt-4o"})).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.kind, "upstream_error");
    assert_eq!(error.code.as_deref(), Some("model_unreachable"));
    assert!(error.message.contains("default/llm"), "{}", error.message);
    assert!(error.message.contains("127.0.0.1:1"), "{}", error.message);
}

async fn failing(status: StatusCode, body: &'static str) -> Response<Body> {
    let router = Router::new().route(
        "/v1/chat/completions",
        post(async move || (status, [("retry-after", "7")], body)),
    );
    let house = House::new(plan("openai", Some(upstream(router).await), &["*"]));
    house.ask(json!({"model": "gpt-4o"})).await
}

#[tokio::test]
async fn an_openai_error_is_passed_on_and_any_other_is_wrapped() {
    let body = r#"{"error":{"message":"slow down","type":"rate_limit","code":429}}"#;
    let response = failing(StatusCode::TOO_MANY_REQUESTS, body).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(read::<Value>(response).await.to_string().len(), body.len());

    let page = "<html>down for sk-secret</html>";
    let response = failing(StatusCode::SERVICE_UNAVAILABLE, page).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.kind, "upstream_error");
    assert!(
        error.message.contains("<html>down for ••••"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_request_that_makes_no_sense_says_why() {
    let house = House::new(plan(MOCK, None, &["*"]));
    let nameless = house.ask(json!({"messages": []})).await;
    assert_eq!(nameless.status(), StatusCode::BAD_REQUEST);
    let error = read::<ErrorBody>(nameless).await.error;
    assert_eq!(error.param.as_deref(), Some("model"));

    let request = chat(&json!({})).body(Body::from("{")).unwrap();
    let broken = house.send(request).await;
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_model_api_that_was_removed_is_not_found() {
    let house = House::new(plan(MOCK, None, &["*"]));
    house.gateway.remove(&ResourceId::new("default", "llm"));
    let response = house.ask(json!({"model": "x"})).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.code.as_deref(), Some("model_api_not_found"));
}

#[tokio::test]
async fn a_provider_without_an_address_asks_for_one() {
    let house = House::new(plan("azure", None, &["*"]));
    let id = ResourceId::new("default", "llm");
    let Some(ModelApiState::Failed(reason)) = house.gateway.state(&id) else {
        panic!("it knows no address")
    };
    assert!(reason.contains("apiBase"), "{reason}");
    let response = house.ask(json!({"model": "gpt-4o"})).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let error = read::<ErrorBody>(response).await.error;
    assert!(error.message.contains("apiBase"), "{}", error.message);
}

#[tokio::test]
async fn the_mock_provider_answers_behind_the_same_endpoint() {
    let house = House::new(plan(MOCK, None, &["*"]));
    let body = json!({
        "model": "mock/instant", "messages": [{"role": "user", "content": "Hello"}],
    });
    let response: ChatResponse = read(house.ask(body).await).await;
    assert!(response.usage.unwrap().total_tokens > 0);
    assert_eq!(response.model, "instant");

    let body = json!({"model": "mock/fail", "messages": []});
    let response = house.ask(body).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

async fn models(plan: ModelApiPlan) -> Vec<String> {
    let request = http::Request::get("/default/llm/v1/models")
        .body(Body::empty())
        .unwrap();
    let response = House::new(plan).send(request).await;
    let list: Value = read(response).await;
    let data = list["data"].as_array().unwrap();
    data.iter()
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn models_are_the_listed_ones_or_the_providers_that_are_allowed() {
    let (_, base) = recording_upstream().await;
    let listed = plan("openai", None, &["gpt-4o", "o3"]);
    assert_eq!(models(listed).await, ["gpt-4o", "o3"]);
    let filtered = plan("openai", Some(base), &["gpt-*"]);
    assert_eq!(models(filtered).await, ["gpt-4o"]);
    let mock = plan(MOCK, None, &["*"]);
    assert_eq!(models(mock).await, ["mock/scripted", "mock/instant"]);
}

#[test]
fn every_provider_is_found_by_its_name_and_speaks_a_versioned_url() {
    for known in PROVIDERS {
        assert_eq!(provider(known.name), Some(known));
        if let Some(url) = known.base_url {
            assert!(!url.ends_with('/') && url.contains("/v1"), "{url}");
        }
    }
    assert_eq!(provider("nobody"), None);
}
