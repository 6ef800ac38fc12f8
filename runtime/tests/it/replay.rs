//! A run that goes on from the middle of an earlier one.

use api::plan::{AgentPlan, ResourceId};
use serde_json::{Value, json};

use crate::support::{House, Model, Reply, peer, plan};

const TASK: &str = r#"{"agent": "other", "task": "look"}"#;

fn delegates_once() -> Vec<Reply> {
    vec![Reply::delegates(TASK), Reply::says("It is there.")]
}

/// The messages of an earlier run, with what becomes of calls.
fn again(calls: &Value) -> Value {
    json!({
        "messages": [
            {"role": "system", "content": "You look, carefully."},
            {"role": "user", "content": "Where is it?"},
        ],
        "temperature": 0.5,
        "kaos": {"replay": {
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
            "model": "another", "calls": calls,
        }},
    })
}

/// An agent that may ask `other`, and that other one's model.
async fn house(model: &Model) -> (House, Model) {
    let house = House::with(AgentPlan {
        peers: vec![peer("other")],
        ..plan(model)
    });
    let finder = Model::with(vec![Reply::says("found it")]).await;
    house.agents.apply(AgentPlan {
        id: ResourceId::new("team", "other"),
        ..plan(&finder)
    });
    (house, finder)
}

#[tokio::test]
async fn nothing_is_called_in_a_dry_replay_and_recorded_results_are_told() {
    let model = Model::with(delegates_once()).await;
    let (house, finder) = house(&model).await;
    let results = json!([{
        "name": "delegate", "arguments": {"task": "look", "agent": "other"}, "result": "recorded"
    }]);
    let got = house
        .ask(again(&json!({"recorded": {"results": results}})))
        .await;
    assert_eq!(got.words(), "It is there.");
    assert!(finder.asked().is_empty());
    let asked = model.asked();
    assert_eq!(asked[0]["model"], "another");
    assert_eq!(asked[0]["temperature"], 0.5);
    assert_eq!(asked[0].get("kaos"), None, "the model does not see it");
    let messages = asked[0]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "nothing is added: {messages:#?}");
    assert_eq!(messages[0]["content"], "You look, carefully.");
    assert_eq!(asked[1]["messages"][3]["content"], "recorded");

    house.ended(1).await;
    let span = &house.recorder.spans("agent.agentic_loop")[0];
    let attributes = format!("{:?}", span.attributes);
    assert!(attributes.contains("kaos.replay.trace_id"), "{attributes}");
    assert!(attributes.contains("b7ad6b7169203331"), "{attributes}");
    assert!(says_recorded(&house));
}

/// Whether the delegation's span says that its outcome was recorded.
fn says_recorded(house: &House) -> bool {
    let span = &house.recorder.spans("delegate.other")[0];
    format!("{:?}", span.attributes).contains("kaos.replay.recorded")
}

#[tokio::test]
async fn a_call_that_was_not_recorded_is_not_made_in_a_dry_replay() {
    let model = Model::with(delegates_once()).await;
    let (house, finder) = house(&model).await;
    let got = house
        .ask(again(&json!({"recorded": {"results": []}})))
        .await;
    assert_eq!(got.words(), "It is there.");
    assert!(finder.asked().is_empty());
    let told = model.asked()[1]["messages"][3]["content"].to_string();
    assert!(
        told.contains("no result of this call was recorded"),
        "{told}"
    );
    house.ended(1).await;
    assert!(!says_recorded(&house));
}

#[tokio::test]
async fn another_agent_works_for_a_replay_only_when_it_is_allowed_to() {
    let model = Model::with(delegates_once()).await;
    let (house, finder) = house(&model).await;
    house.ask(again(&json!({"made": {"allowed": []}}))).await;
    assert!(finder.asked().is_empty());
    let told = model.asked()[1]["messages"][3]["content"].to_string();
    assert!(told.contains("does not allow other"), "{told}");

    let model = Model::with(delegates_once()).await;
    let (house, finder) = self::house(&model).await;
    house
        .ask(again(&json!({"made": {"allowed": ["other"]}})))
        .await;
    assert_eq!(finder.asked().len(), 1);
    assert_eq!(model.asked()[1]["messages"][3]["content"], "found it");
}

#[tokio::test]
async fn a_replay_that_cannot_be_understood_is_refused() {
    let model = Model::with(vec![Reply::says("never")]).await;
    let house = House::with(plan(&model));
    let got = house.ask(again(&json!({"mad": {}}))).await;
    assert_eq!(got.status, 400);
    assert!(got.text.contains("kaos.replay"), "{}", got.text);
    assert!(model.asked().is_empty());
}
