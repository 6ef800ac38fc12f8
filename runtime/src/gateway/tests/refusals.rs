//! Limits, as those see them who are refused.

use api::{
    chat::ErrorBody,
    money::Usd,
    plan::{ModelApiPlan, ResourceId},
    resources::UsageLimits,
};
use axum::body::Body;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::support::{House, plan, read};

const PRICES: &str = "models: {mock/*: {input: 1000000, output: 0}}";

fn mock(limits: UsageLimits) -> House {
    let house = House::new(ModelApiPlan {
        limits,
        ..plan("mock", None, &["*"])
    });
    house.gateway.set_prices(Some(PRICES)).unwrap();
    house
}

fn question() -> Value {
    json!({"model": "mock/instant", "messages": [{"role": "user", "content": "Hello"}]})
}

async fn refused(response: Response<Body>, code: &str) -> String {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let after = response.headers()["retry-after"].to_str().unwrap();
    assert!(after.parse::<u64>().unwrap() > 0);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.code.as_deref(), Some(code));
    error.message
}

#[tokio::test]
async fn beyond_its_requests_a_model_api_answers_429_with_the_time_to_wait() {
    let house = mock(UsageLimits {
        requests_per_minute: Some(1),
        ..UsageLimits::default()
    });
    assert_eq!(house.ask(question()).await.status(), StatusCode::OK);
    let response = house.ask(question()).await;
    let message = refused(response, "rate_limit_exceeded").await;
    let named = "ModelAPI \"default/llm\" has reached its limit requestsPerMinute of 1";
    assert!(message.starts_with(named), "{message}");
    let metrics = house.metrics().await;
    for part in ["kaos.model.refusals", "default/llm", "requestsPerMinute"] {
        assert!(metrics.contains(part), "{part} in {metrics}");
    }
}

#[tokio::test]
async fn a_new_plan_does_not_forget_what_was_used() {
    let limits = UsageLimits {
        requests_per_minute: Some(1),
        ..UsageLimits::default()
    };
    let house = mock(limits);
    assert_eq!(house.ask(question()).await.status(), StatusCode::OK);
    house.gateway.apply(ModelApiPlan {
        limits,
        ..plan("mock", None, &["mock/instant"])
    });
    refused(house.ask(question()).await, "rate_limit_exceeded").await;
}

#[tokio::test]
async fn tokens_are_counted_when_the_answer_has_ended() {
    let house = mock(UsageLimits {
        tokens_per_minute: Some(1),
        ..UsageLimits::default()
    });
    let mut streamed = question();
    streamed["stream"] = json!(true);
    let answer = house.ask(streamed).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body().collect().await.unwrap();
    let message = refused(house.ask(question()).await, "rate_limit_exceeded").await;
    assert!(message.contains("tokensPerMinute of 1"), "{message}");
}

#[tokio::test]
async fn an_agents_budget_is_its_own() {
    let house = mock(UsageLimits::default());
    let agent = |name| ResourceId::new("team", name);
    let budget = UsageLimits {
        usd_per_day: Some(Usd::from_dollars(1.0)),
        ..UsageLimits::default()
    };
    house.gateway.limit_agent(&agent("analyst"), budget);
    house.gateway.limit_agent(&agent("researcher"), budget);
    let ask = async |name| house.ask_as(name, question()).await;
    assert_eq!(ask(Some("team/analyst")).await.status(), StatusCode::OK);
    let response = ask(Some("team/analyst")).await;
    let message = refused(response, "budget_exceeded").await;
    let named = "agent \"team/analyst\" has reached its limit usdPerDay of $1";
    assert!(message.starts_with(named), "{message}");
    assert_eq!(ask(Some("team/researcher")).await.status(), StatusCode::OK);
    assert_eq!(ask(None).await.status(), StatusCode::OK);
    house.gateway.forget_agent(&agent("analyst"));
    assert_eq!(ask(Some("team/analyst")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_budget_admits_no_model_whose_price_is_not_known() {
    let house = mock(UsageLimits {
        usd_per_month: Some(Usd::from_dollars(1.0)),
        ..UsageLimits::default()
    });
    house.gateway.set_prices(None).unwrap();
    let response = house.ask(question()).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let error = read::<ErrorBody>(response).await.error;
    assert_eq!(error.code.as_deref(), Some("price_unknown"));
    assert!(error.message.contains("mock/instant"), "{}", error.message);
    assert!(error.message.contains("kaos-prices"), "{}", error.message);
}
