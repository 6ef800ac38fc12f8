//! How calls are written: natively, or in blocks for models that know no functions.

use api::{plan::AgentPlan, plan::ResourceId, resources::agent::ToolCallMode};
use serde_json::{Value, json};

use crate::support::{House, Model, Reply, peer, plan, question, with};

const BLOCK: &str = "I ask.\n```delegate\n{\"agent\": \"other\", \"task\": \"look\"}\n```";

/// An agent that may ask `other`, which always finds it.
async fn house(model: &Model, tool_call_mode: ToolCallMode) -> (House, Model) {
    let house = House::with(AgentPlan {
        peers: vec![peer("other")],
        tool_call_mode,
        ..plan(model)
    });
    let finder = Model::with(vec![Reply::says("found it")]).await;
    house.agents.apply(AgentPlan {
        id: ResourceId::new("team", "other"),
        ..plan(&finder)
    });
    (house, finder)
}

fn roles(asked: &Value) -> Vec<String> {
    let messages = asked["messages"].as_array().unwrap();
    let role = |message: &Value| message["role"].as_str().unwrap().to_owned();
    messages.iter().map(role).collect()
}

#[tokio::test]
async fn in_string_mode_calls_and_results_are_text() {
    let model = Model::with(vec![Reply::says(BLOCK), Reply::says("It is there.")]).await;
    let (house, finder) = house(&model, ToolCallMode::String).await;
    let got = house.ask(question("Where?")).await;
    assert_eq!(got.words(), "It is there.");
    assert_eq!(finder.asked().len(), 1);
    let asked = model.asked();
    assert_eq!(asked[0].get("tools"), None);
    let prompt = asked[0]["messages"][0]["content"].as_str().unwrap();
    assert!(prompt.starts_with("You help.\n\n## Agents\n"), "{prompt}");
    assert!(prompt.contains("- other: helps"), "{prompt}");
    assert_eq!(roles(&asked[1]), ["system", "user", "assistant", "user"]);
    let result = &asked[1]["messages"][3]["content"];
    assert_eq!(result, "Agent response: found it");
}

#[tokio::test]
async fn a_stream_shows_no_blocks() {
    let model = Model::with(vec![Reply::says(BLOCK), Reply::says("It is ``there``.")]).await;
    let (house, _finder) = house(&model, ToolCallMode::String).await;
    let got = house
        .ask(with(question("Where?"), json!({"stream": true})))
        .await;
    assert_eq!(got.streamed_words(), "I ask.\nIt is ``there``.");
}

#[tokio::test]
async fn a_model_without_functions_is_asked_in_text_and_that_is_remembered() {
    let model = Model::new(|request, before| match request.get("tools") {
        Some(_) => Reply::Refuses(400, "scripted does not support tools"),
        None if before == 1 => Reply::says(BLOCK),
        None => Reply::says("It is there."),
    })
    .await;
    let (house, finder) = house(&model, ToolCallMode::Auto).await;
    assert_eq!(house.ask(question("Where?")).await.words(), "It is there.");
    assert_eq!(finder.asked().len(), 1);
    let offered = |asked: &Vec<Value>| {
        asked
            .iter()
            .filter(|asked| asked.get("tools").is_some())
            .count()
    };
    assert_eq!(offered(&model.asked()), 1);
    assert_eq!(house.ask(question("Again?")).await.words(), "It is there.");
    assert_eq!(
        offered(&model.asked()),
        1,
        "it was not asked natively again"
    );
}

#[tokio::test]
async fn a_model_that_writes_blocks_unasked_is_understood() {
    let model = Model::with(vec![Reply::says(BLOCK), Reply::says("It is there.")]).await;
    let (house, finder) = house(&model, ToolCallMode::Auto).await;
    let got = house
        .ask(with(question("Where?"), json!({"stream": true})))
        .await;
    assert_eq!(got.streamed_words(), "I ask.\nIt is there.");
    assert_eq!(finder.asked().len(), 1);
    assert!(model.asked()[0].get("tools").is_some());
    assert!(model.asked()[1].get("tools").is_none());
}

#[tokio::test]
async fn in_native_mode_a_block_is_text_and_a_refusal_an_error() {
    let model = Model::with(vec![
        Reply::says(BLOCK),
        Reply::Refuses(400, "scripted does not support tools"),
    ])
    .await;
    let (house, finder) = house(&model, ToolCallMode::Native).await;
    assert_eq!(house.ask(question("Where?")).await.words(), BLOCK);
    assert_eq!(house.ask(question("Where?")).await.status, 400);
    assert!(finder.asked().is_empty());
}

#[tokio::test]
async fn the_originals_progress_comes_among_the_words_when_asked_for() {
    let call = Reply::delegates(r#"{"agent": "other", "task": "look"}"#);
    let model = Model::with(vec![call, Reply::says("It is there.")]).await;
    let (house, _finder) = house(&model, ToolCallMode::Auto).await;
    let body = with(question("Where?"), json!({"stream": true})).to_string();
    let got = house
        .ask_with(&[("x-kaos-progress", "content")], body)
        .await;
    let progress =
        r#"{"type":"progress","step":1,"max_steps":5,"action":"delegate","target":"other"}"#;
    assert_eq!(got.streamed_words(), format!("{progress}It is there."));
    assert!(!got.text.contains("\"kaos\""), "{}", got.text);
}
