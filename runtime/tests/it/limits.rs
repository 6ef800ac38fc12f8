//! Limits: an agent's own, lowered by a request, and what happens when one is reached.

use std::time::Duration;

use api::{
    money::Usd,
    plan::{AgentPlan, Limits},
};
use serde_json::{Value, json};

use crate::support::{House, Model, Reply, model_piece, peer, plan, question, with};

/// Calls as long as it may, and then says what it knows.
async fn busy() -> Model {
    Model::new(|request, _| match request.get("tools") {
        Some(_) => Reply::Calls("", vec![("", "ghost", "{}"), ("", "ghost", "{}")]),
        None => Reply::says("so far"),
    })
    .await
}

fn bounded(model: &Model, limits: Limits) -> AgentPlan {
    AgentPlan {
        limits,
        peers: vec![peer("other")],
        ..plan(model)
    }
}

/// The run of `body` ends at `limit`, and telemetry shows it.
async fn ends_at(model: &Model, limits: Limits, body: Value, limit: &str) -> House {
    let house = House::with(bounded(model, limits));
    let got = house.ask(body).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(got.finish_reason(), limit);
    assert_eq!(got.words(), "so far");
    house.flush().await;
    let span = &house.recorder.spans("agent.agentic_loop")[0];
    let event = span.events.iter().find(|event| event.name == "kaos.limit");
    let event = event.unwrap_or_else(|| panic!("{span:#?}"));
    assert!(format!("{event:?}").contains(limit), "{event:#?}");
    assert_eq!(
        span.status.as_ref().unwrap().code,
        1,
        "a limit is no failure"
    );
    assert_eq!(house.recorder.count("kaos.limits", limit), Some(1));
    house
}

#[tokio::test]
async fn a_request_may_lower_its_steps() {
    let model = busy().await;
    let body = with(question("hi"), json!({"kaos": {"max_steps": 1}}));
    ends_at(&model, Limits::default(), body, "max_steps").await;
    assert_eq!(model.asked().len(), 2);
    for asked in model.asked() {
        assert_eq!(asked.get("kaos"), None, "the model does not see our fields");
    }
}

#[tokio::test]
async fn calls_are_counted_over_the_run() {
    let model = busy().await;
    let limits = Limits {
        tool_calls: 3,
        ..Limits::default()
    };
    let house = ends_at(&model, limits, question("hi"), "max_tool_calls").await;
    assert_eq!(house.recorder.spans("tool.ghost").len(), 3);
    assert_eq!(model.asked().len(), 3);
}

#[tokio::test]
async fn tokens_are_counted_over_the_run() {
    let limits = Limits {
        tokens: Some(20),
        ..Limits::default()
    };
    let model = busy().await;
    ends_at(&model, limits, question("hi"), "max_tokens").await;
    let answer = json!({"kaos": {"max_tokens_total": 10}});
    let body = with(question("hi"), answer);
    ends_at(&model, limits, body, "max_tokens").await;
}

#[tokio::test]
async fn money_is_counted_over_the_run() {
    let limits = Limits {
        cost: Some(Usd::from_dollars(0.002)),
        ..Limits::default()
    };
    let model = busy().await;
    let house = ends_at(&model, limits, question("hi"), "max_cost").await;
    assert_eq!(model.asked().len(), 3);
    let span = &house.recorder.spans("agent.agentic_loop")[0];
    let event = span.events.iter().find(|event| event.name == "kaos.limit");
    assert!(
        format!("{event:?}").contains("DoubleValue(0.002)"),
        "{event:?}"
    );

    let low = with(question("hi"), json!({"kaos": {"max_cost_usd": 0.001}}));
    ends_at(&model, limits, low, "max_cost").await;
    assert_eq!(model.asked().len(), 5);
}

#[tokio::test]
async fn a_run_out_of_time_ends_with_the_words_it_has() {
    let half = model_piece(&json!({"content": "so far"}), None);
    let model = Model::with(vec![Reply::Hangs(half)]).await;
    let limits = Limits {
        runtime: Duration::from_millis(300),
        ..Limits::default()
    };
    let house = House::with(bounded(&model, limits));
    let got = house
        .ask(with(question("hi"), json!({"stream": true})))
        .await;
    assert_eq!(got.streamed_words(), "so far");
    let last = got.pieces().pop().unwrap();
    assert_eq!(
        last["choices"][0]["finish_reason"], "max_runtime",
        "{last:#}"
    );

    let got = house.ask(question("hi")).await;
    assert_eq!(
        got.error(),
        (504, "max_runtime".to_owned()),
        "it had said nothing"
    );
    house.flush().await;
    assert_eq!(house.recorder.count("kaos.limits", "max_runtime"), Some(2));
}

#[tokio::test]
async fn a_sub_agent_that_takes_too_long_is_given_up_with_the_run() {
    let patient = Model::with(vec![Reply::Hangs(String::new())]).await;
    let call = Reply::Calls(
        "I ask the other.",
        vec![("d", "delegate", r#"{"agent": "other", "task": "wait"}"#)],
    );
    let model = Model::with(vec![call]).await;
    let house = House::with(bounded(
        &model,
        Limits {
            runtime: Duration::from_millis(300),
            ..Limits::default()
        },
    ));
    let other = api::plan::ResourceId::new("team", "other");
    house.agents.apply(AgentPlan {
        id: other,
        ..plan(&patient)
    });
    let got = house.ask(question("hi")).await;
    assert_eq!(got.finish_reason(), "max_runtime");
    assert_eq!(got.words(), "I ask the other.");
    house.ended(2).await;
}
