//! What answers cost, as their `usage` tells it.

use std::convert::Infallible;

use axum::{Router, body::Body, response::IntoResponse, routing::post};
use bytes::Bytes;
use serde_json::{Value, json};

use super::support::{House, answering, plan, read, text, upstream};

const PRICES: &str = "models: {openai/m: {input: 1, output: 10, cached: 0.5}}";

fn usage() -> Value {
    json!({"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 400, "audio_tokens": 0}, "own": 0.10})
}

fn answer(usage: &Value) -> String {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": "hi"}});
    json!({"id": "1", "model": "m", "choices": [choice], "usage": usage}).to_string()
}

fn chunk(choices: Value, usage: Value) -> String {
    let chunk = json!({"id": "1", "object": "chat.completion.chunk", "choices": choices,
        "usage": usage});
    format!("data: {chunk}\n\n")
}

fn priced(base: String) -> House {
    let house = House::new(plan("openai", Some(base), &["*"]));
    house.gateway.set_prices(Some(PRICES)).unwrap();
    house
}

/// The chunks of a stream, without `[DONE]`.
fn chunks(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    lines
        .filter(|line| *line != "[DONE]")
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_whole_answer_tells_its_price_and_is_otherwise_what_the_provider_said() {
    let house = priced(answering("application/json", answer(&usage())).await);
    let mut told: Value = read(house.ask(json!({"model": "m"})).await).await;
    // 600 × 1 + 400 × 0.5 + 100 × 10, in millionths of a dollar.
    let cost = told["usage"].as_object_mut().unwrap().remove("cost");
    assert_eq!(cost, Some(json!(0.0018)));
    let said: Value = serde_json::from_str(&answer(&usage())).unwrap();
    assert_eq!(told, said);
}

#[tokio::test]
async fn a_model_without_a_price_has_no_cost() {
    let body = answer(&usage());
    let house = priced(answering("application/json", body.clone()).await);
    let told = text(house.ask(json!({"model": "unknown"})).await).await;
    assert_eq!(told, body, "to the byte");
}

#[tokio::test]
async fn a_provider_that_names_the_price_knows_it_best() {
    let mut usage = usage();
    usage["cost"] = json!(0.5);
    let house = priced(answering("application/json", answer(&usage)).await);
    let told: Value = read(house.ask(json!({"model": "m"})).await).await;
    assert_eq!(told["usage"]["cost"], 0.5);
}

#[tokio::test]
async fn the_price_that_litellm_says_in_a_header_counts() {
    let body = answer(&usage());
    let answer = async move || {
        let headers = [
            ("content-type", "application/json"),
            ("x-litellm-response-cost", "0.25"),
        ];
        (headers, body).into_response()
    };
    let base = upstream(Router::new().route("/v1/chat/completions", post(answer))).await;
    let house = priced(base);
    let told: Value = read(house.ask(json!({"model": "unknown"})).await).await;
    assert_eq!(told["usage"]["cost"], 0.25);
}

#[tokio::test]
async fn a_stream_tells_its_price_in_its_last_usage() {
    let said = [
        chunk(
            json!([{"index": 0, "delta": {"content": "say \"usage\""}}]),
            Value::Null,
        ),
        chunk(json!([]), usage()),
        "data: [DONE]\n\n".to_owned(),
    ];
    let house = priced(answering("text/event-stream", said.concat()).await);
    let wanted = json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}});
    let told = text(house.ask(wanted).await).await;
    assert!(told.ends_with("data: [DONE]\n\n"), "{told}");
    let chunks = chunks(&told);
    assert_eq!(chunks[0]["usage"], Value::Null);
    assert_eq!(chunks[0]["choices"][0]["delta"]["content"], "say \"usage\"");
    assert_eq!(chunks[1]["usage"]["cost"], 0.0018);
    assert_eq!(
        chunks[1]["usage"]["prompt_tokens_details"]["cached_tokens"],
        400
    );
}

#[tokio::test]
async fn who_did_not_ask_for_usage_gets_the_stream_without_it() {
    let said = [
        chunk(
            json!([{"index": 0, "delta": {"content": "hi"}}]),
            Value::Null,
        ),
        chunk(json!([]), usage()),
        "data: [DONE]\n\n".to_owned(),
    ];
    let house = priced(answering("text/event-stream", said.concat()).await);
    let told = text(house.ask(json!({"model": "m", "stream": true})).await).await;
    assert_eq!(chunks(&told).len(), 1, "{told}");
    assert!(told.ends_with("data: [DONE]\n\n"), "{told}");
}

#[tokio::test]
async fn a_stream_is_told_the_same_however_it_is_cut() {
    let said = [
        chunk(
            json!([{"index": 0, "delta": {"content": "grüß dich"}}]),
            Value::Null,
        ),
        chunk(json!([]), usage()).replace('\n', "\r\n"),
        "data: [DONE]".to_owned(),
    ]
    .concat();
    let mut all = Vec::new();
    for size in [1, 2, 7, 1_000] {
        let pieces: Vec<_> = said
            .as_bytes()
            .chunks(size)
            .map(Bytes::copy_from_slice)
            .collect();
        let answer = move || {
            let pieces = pieces.clone().into_iter().map(Ok::<_, Infallible>);
            let body = Body::from_stream(futures::stream::iter(pieces));
            async { ([("content-type", "text/event-stream")], body).into_response() }
        };
        let base = upstream(Router::new().route("/v1/chat/completions", post(answer))).await;
        let wanted =
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}});
        all.push(text(priced(base).ask(wanted).await).await);
    }
    assert!(all[0].contains("\"cost\":0.0018"), "{}", all[0]);
    assert!(all[0].contains("grüß dich") && all[0].ends_with("data: [DONE]"));
    assert!(all.iter().all(|told| *told == all[0]), "{all:#?}");
}

#[tokio::test]
async fn a_table_that_makes_no_sense_leaves_the_old_one() {
    let house = priced(answering("application/json", answer(&usage())).await);
    assert!(house.gateway.set_prices(Some("models: 7")).is_err());
    let told: Value = read(house.ask(json!({"model": "m"})).await).await;
    assert_eq!(told["usage"]["cost"], 0.0018);
    house.gateway.set_prices(None).unwrap();
    let told: Value = read(house.ask(json!({"model": "m"})).await).await;
    assert_eq!(told["usage"].get("cost"), None);
}
