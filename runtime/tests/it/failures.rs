//! What fails is said to whoever listens, and the run goes on while it can.

use api::plan::AgentPlan;
use serde_json::{Value, json};

use crate::support::{Got, House, Model, Reply, peer, plan, question, with};

/// What a run tells besides its words.
fn events(got: &Got) -> Vec<Value> {
    let deltas = got.pieces().into_iter();
    let events = deltas.map(|piece| piece["choices"][0]["delta"]["kaos"].clone());
    events.filter(|event| !event.is_null()).collect()
}

fn streamed() -> String {
    with(question("hi"), json!({"stream": true})).to_string()
}

#[tokio::test]
async fn what_is_done_about_a_model_that_fails_is_told_at_once() {
    let model = Model::new(|request, _| match request["model"].as_str() {
        Some("scripted") => Reply::Refuses(503, "overloaded"),
        _ => Reply::says("hello"),
    })
    .await;
    let house = House::with(AgentPlan {
        fallback_models: vec!["spare".to_owned()],
        ..plan(&model)
    });
    let got = house
        .ask_with(&[("x-kaos-progress", "events")], streamed())
        .await;
    assert_eq!(got.streamed_words(), "hello");
    let told = events(&got);
    let types: Vec<_> = told.iter().map(|event| &event["type"]).collect();
    assert_eq!(
        types,
        [
            "run.started",
            "step.started",
            "model.started",
            "model.retrying",
            "model.retrying",
            "model.fallback",
            "model.finished",
            "run.finished"
        ]
    );
    let span = &told[2]["span_id"];
    for event in &told[3..7] {
        assert_eq!(&event["span_id"], span, "{event:#}");
    }
    let retrying = &told[3];
    assert_eq!(retrying["attempt"], 2);
    assert_eq!(retrying["status"], 503);
    assert_eq!(retrying["error"], "overloaded");
    assert!(retrying["wait_ms"].as_u64().unwrap() >= 200, "{retrying:#}");
    assert_eq!(
        (&told[5]["from"], &told[5]["to"]),
        (&json!("scripted"), &json!("spare"))
    );
}

#[tokio::test]
async fn a_failed_delegation_marks_its_span_and_its_step_and_the_run_goes_on() {
    let call = Reply::delegates(r#"{"agent": "other", "task": "look"}"#);
    let model = Model::with(vec![call, Reply::says("I could not ask.")]).await;
    // Nobody has that address.
    let house = House::with(AgentPlan {
        peers: vec![peer("other")],
        ..plan(&model)
    });
    let got = house.ask(question("hi")).await;
    assert_eq!(got.words(), "I could not ask.");
    let told = model.asked()[1]["messages"][3]["content"].clone();
    assert_eq!(
        told,
        "Delegation failed: Sub-agent 'other' is unavailable: there is no agent team/other here, \
         or it is not ready yet"
    );
    house.flush().await;
    let status = |name: &str| house.recorder.spans(name)[0].status.as_ref().unwrap().code;
    assert_eq!(status("delegate.other"), 2);
    assert_eq!(status("agent.step.1"), 2);
    assert_eq!(status("agent.step.2"), 1);
    assert_eq!(status("agent.agentic_loop"), 1);
}
