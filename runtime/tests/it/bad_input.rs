//! What makes no sense is answered clearly, whoever says it: client or model.

use serde_json::{Value, json};

use crate::support::{House, Model, Reply, model_piece, peer, plan, question, with};

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_before_the_model_is_asked() {
    let model = Model::with(vec![Reply::says("hi")]).await;
    let house = House::with(plan(&model));
    for (body, code) in [
        (json!({}), "invalid_value"),
        (json!({"messages": []}), "invalid_value"),
        (
            json!({"messages": [{"role": "assistant", "content": "hi"}]}),
            "invalid_value",
        ),
        (
            json!({"messages": [{"role": "wizard", "content": "hi"}]}),
            "invalid_json",
        ),
        (
            json!({"messages": [{"role": "user", "content": 5}]}),
            "invalid_json",
        ),
        (json!([1]), "invalid_json"),
        (with(question("hi"), json!({"n": 2})), "invalid_value"),
        (
            with(question("hi"), json!({"tools": [{"type": "function"}]})),
            "invalid_json",
        ),
        (
            with(question("hi"), json!({"kaos": {"max_steps": 0}})),
            "invalid_value",
        ),
    ] {
        let got = house.ask(body.clone()).await;
        assert_eq!(got.error(), (400, code.to_owned()), "{body}: {}", got.text);
        assert_eq!(got.json()["error"]["type"], "invalid_request_error");
    }
    for broken in ["", "{", "\u{0}", "{\"messages\": [", "null"] {
        let got = house.ask_with(&[], broken).await;
        assert_eq!(got.error(), (400, "invalid_json".to_owned()), "{broken:?}");
    }
    assert_eq!(model.asked(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_body_above_the_limit_is_a_413() {
    let model = Model::with(vec![Reply::says("hi")]).await;
    let house = House::with(plan(&model));
    let long = question(&"a".repeat(17 * 1024 * 1024));
    let got = house.ask(long).await;
    assert_eq!(got.error(), (413, "body_too_large".to_owned()));
    assert_eq!(model.asked(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_stream_of_the_model_that_stops_in_the_middle_ends_in_an_error() {
    let half = model_piece(&json!({"content": "half an "}), None);
    let model = Model::with(vec![Reply::Raw("text/event-stream", half.into_bytes())]).await;
    let house = House::with(plan(&model));
    let got = house
        .ask(with(question("hi"), json!({"stream": true})))
        .await;
    let pieces = got.pieces();
    assert_eq!(got.streamed_words(), "half an ");
    let error = &pieces.last().unwrap()["error"];
    assert!(error["message"].is_string(), "{pieces:#?}");
    assert!(error["trace_id"].is_string(), "{pieces:#?}");
    assert_eq!(
        model.asked().len(),
        1,
        "words that were heard are not asked for again"
    );
    house.flush().await;
    let failed = house.recorder.spans("model.inference");
    assert_eq!(failed[0].status.as_ref().unwrap().code, 2);
}

#[tokio::test]
async fn bytes_that_are_no_answer_are_a_502() {
    let garbage = vec![0xff, 0x00, 0xfe, b'{', b'\n', b'\n', 0x80];
    for content_type in ["application/json", "text/event-stream"] {
        let model = Model::with(vec![Reply::Raw(content_type, garbage.clone())]).await;
        let house = House::with(plan(&model));
        for body in [
            question("hi"),
            with(question("hi"), json!({"stream": true})),
        ] {
            let got = house.ask(body).await;
            assert_eq!(got.status, 502, "{}", got.text);
            assert!(got.json()["error"]["trace_id"].is_string(), "{}", got.text);
        }
    }
    let numbers = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
        "finish_reason": "stop"}], "usage": {"total_tokens": u64::MAX, "prompt_tokens": u64::MAX,
        "completion_tokens": 1}});
    let reply = Reply::Raw("application/json", numbers.to_string().into_bytes());
    let model = Model::with(vec![reply]).await;
    assert_eq!(
        House::with(plan(&model)).ask(question("hi")).await.words(),
        "hi"
    );
}

#[tokio::test]
async fn a_model_that_calls_tools_for_ever_is_stopped() {
    let model = Model::with(vec![Reply::Calls("again", vec![("", "ghost", "{}")])]).await;
    let house = House::with(plan(&model));
    let got = house.ask(question("hi")).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(got.finish_reason(), "max_steps");
    assert_eq!(got.words(), "again");
    assert_eq!(model.asked().len(), 6, "five steps and a last word");
    let told = &model.asked()[1]["messages"][3];
    let expected = "Tool execution failed: Tool 'ghost' not found. Available: none";
    assert_eq!(told["content"], expected, "{told:#}");
}

#[tokio::test]
async fn arguments_that_are_no_json_are_told_once_and_then_an_error() {
    let model = Model::with(vec![Reply::delegates("{agent: agent")]).await;
    let house = House::with(api::plan::AgentPlan {
        peers: vec![peer("other")],
        ..plan(&model)
    });
    let got = house.ask(question("hi")).await;
    assert_eq!(got.error(), (502, "model_calls_malformed".to_owned()));
    assert_eq!(model.asked().len(), 2);
}

#[tokio::test]
async fn a_delegation_to_itself_is_refused_with_the_path() {
    let itself = Reply::delegates(r#"{"agent": "agent", "task": "do it"}"#);
    let model = Model::with(vec![itself, Reply::says("I do it myself.")]).await;
    let house = House::with(api::plan::AgentPlan {
        peers: vec![peer("agent")],
        ..plan(&model)
    });
    let got = house.ask(question("hi")).await;
    assert_eq!(got.words(), "I do it myself.");
    let told = &model.asked()[1]["messages"][3]["content"];
    let expected = "Delegation failed: agent is at work on this already: agent → agent";
    assert_eq!(told, expected);
    house.flush().await;
    let failed = house.recorder.spans("delegate.agent");
    assert_eq!(failed[0].status.as_ref().unwrap().code, 2);
}
