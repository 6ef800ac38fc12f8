//! Tools of the caller: offered beside the agent's own, called by the caller.

use api::plan::AgentPlan;
use serde_json::json;

use crate::support::{House, Model, Reply, peer, plan, question, tool, with};

fn calls_look() -> Reply {
    Reply::Calls("", vec![("call_7", "look", r#"{"place": "here"}"#)])
}

#[tokio::test]
async fn the_run_ends_with_the_calls_and_goes_on_with_their_results() {
    let model = Model::with(vec![calls_look(), Reply::says("It is sunny.")]).await;
    let house = House::with(plan(&model));
    let tools = json!({"tools": [tool("look")], "tool_choice": "required",
        "parallel_tool_calls": false});
    let got = house.ask(with(question("How is it?"), tools.clone())).await;
    assert_eq!(got.finish_reason(), "tool_calls");
    let message = got.json()["choices"][0]["message"].clone();
    assert!(message["content"].is_null(), "{message:#}");
    let call = json!({"id": "call_7", "type": "function",
        "function": {"name": "look", "arguments": "{\"place\": \"here\"}"}});
    assert_eq!(message["tool_calls"], json!([call]));
    let asked = &model.asked()[0];
    assert_eq!(asked["tools"], json!([tool("look")]));
    assert_eq!(asked["tool_choice"], "required");
    assert_eq!(asked["parallel_tool_calls"], false);

    let conversation = json!({"messages": [
        {"role": "user", "content": "How is it?"},
        message,
        {"role": "tool", "tool_call_id": "call_7", "content": "sun"},
    ]});
    let got = house.ask(with(conversation, tools)).await;
    assert_eq!(got.words(), "It is sunny.");
    let asked = &model.asked()[1]["messages"];
    assert_eq!(asked[2]["tool_calls"][0]["id"], "call_7", "{asked:#}");
    assert_eq!(asked[3]["tool_call_id"], "call_7", "{asked:#}");
}

#[tokio::test]
async fn a_stream_carries_the_calls_as_pieces() {
    let model = Model::with(vec![calls_look()]).await;
    let house = House::with(plan(&model));
    let body = with(
        question("How is it?"),
        json!({"stream": true, "tools": [tool("look")]}),
    );
    let pieces = house.ask(body).await.pieces();
    let deltas: Vec<_> = pieces
        .iter()
        .map(|piece| &piece["choices"][0]["delta"]["tool_calls"])
        .filter(|calls| !calls.is_null())
        .collect();
    let call = json!({"index": 0, "id": "call_7", "type": "function",
        "function": {"name": "look", "arguments": "{\"place\": \"here\"}"}});
    assert_eq!(deltas, [&json!([call])]);
    let last = pieces.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn a_name_the_agent_uses_itself_is_refused() {
    let model = Model::with(vec![Reply::says("hi")]).await;
    let house = House::with(AgentPlan {
        peers: vec![peer("other")],
        ..plan(&model)
    });
    for tools in [
        json!([tool("delegate")]),
        json!([tool("look"), tool("look")]),
    ] {
        let got = house
            .ask(with(question("hi"), json!({"tools": tools})))
            .await;
        assert_eq!(got.error(), (400, "invalid_value".to_owned()));
        assert_eq!(got.json()["error"]["param"], "tools");
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn a_result_without_its_call_is_refused() {
    let model = Model::with(vec![Reply::says("hi")]).await;
    let house = House::with(plan(&model));
    let got = house
        .ask(json!({"messages": [
            {"role": "user", "content": "hi"},
            {"role": "tool", "tool_call_id": "call_1", "content": "sun"},
        ]}))
        .await;
    assert_eq!(got.error(), (400, "invalid_value".to_owned()));
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn everything_else_reaches_the_model_images_too() {
    let model = Model::with(vec![Reply::says("a cat")]).await;
    let house = House::with(plan(&model));
    let parts = json!([
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
    ]);
    let format = json!({"type": "json_schema", "json_schema": {"name": "animal", "strict": true,
        "schema": {"type": "object", "properties": {"kind": {"type": "string"}}}}});
    let fields = json!({"temperature": 0.2, "max_tokens": 50, "seed": 7, "stop": ["\n"],
        "user": "u-1", "n": 1, "response_format": format});
    let body = json!({"messages": [{"role": "user", "content": parts}]});
    let got = house.ask(with(body, fields.clone())).await;
    assert_eq!(got.words(), "a cat");
    assert_eq!(got.json()["usage"]["total_tokens"], 15);
    let asked = &model.asked()[0];
    assert_eq!(asked["messages"][1]["content"], parts);
    for (name, value) in fields.as_object().unwrap() {
        assert_eq!(&asked[name], value, "{name}");
    }
}
