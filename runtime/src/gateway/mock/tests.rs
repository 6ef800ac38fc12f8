use api::chat::{ChatChunk, ChatRequest, ChatResponse, Message, Role, ToolCall};
use axum::response::Response;
use futures::StreamExt;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Line, arguments, next_line};
use crate::gateway::{GatewayError, answer::Bill};

fn request(body: Value) -> ChatRequest {
    serde_json::from_value(body).unwrap()
}

async fn answer(
    model: &str,
    request: &ChatRequest,
    now: Timestamp,
) -> Result<Response, GatewayError> {
    super::answer(model, request, now, Bill::new(None, Vec::new(), 0)).await
}

fn tool(name: &str, parameters: Value) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": parameters}})
}

fn delegate(agents: &[&str]) -> Value {
    tool(
        "delegate",
        json!({"type": "object", "properties": {
            "agent": {"type": "string", "enum": agents}, "task": {"type": "string"},
        }, "required": ["agent", "task"]}),
    )
}

fn add() -> Value {
    tool(
        "add",
        json!({"type": "object", "required": ["a", "b"], "properties": {
            "a": {"type": "integer"}, "b": {"type": "integer"},
        }}),
    )
}

fn echo() -> Value {
    tool(
        "echo",
        json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}),
    )
}

/// Lets the script run to its end, giving every call `result`; returns the calls and the answer.
fn play(mut request: ChatRequest, result: &str) -> (Vec<ToolCall>, String) {
    let mut calls = Vec::new();
    loop {
        match next_line(&request) {
            Line::Say(text) => return (calls, text),
            Line::Call(call) => {
                let mut asked = Message::text(Role::Assistant, "");
                asked.tool_calls.push(call.clone());
                request.messages.push(asked);
                let told = Message::tool_result(call.id.clone(), result);
                request.messages.push(told);
                calls.push(call);
            }
        }
    }
}

fn text_of(calls: &[ToolCall]) -> Vec<String> {
    calls
        .iter()
        .map(|call| format!("{} {}", call.function.name, call.function.arguments))
        .collect()
}

#[test]
fn it_delegates_to_each_agent_then_calls_each_tool_then_answers() {
    let request = request(json!({
        "messages": [
            {"role": "system", "content": "You coordinate."},
            {"role": "user", "content": "What is 2 plus 40?"},
        ],
        "tools": [echo(), delegate(&["researcher", "analyst"]), add()],
    }));
    let (calls, answer) = play(request, "forty-two");
    assert_eq!(
        text_of(&calls),
        [
            r#"delegate {"agent":"researcher","task":"What is 2 plus 40?"}"#,
            r#"delegate {"agent":"analyst","task":"What is 2 plus 40?"}"#,
            r#"echo {"text":"What is 2 plus 40?"}"#,
            r#"add {"a":2,"b":40}"#,
        ]
    );
    assert_eq!(
        answer,
        "This is the mock model's answer to “What is 2 plus 40?”.\n\n\
         **researcher** says:\n\n> forty-two\n\n\
         **analyst** says:\n\n> forty-two\n\n\
         From **echo**: forty-two\n\n\
         From **add**: forty-two\n\n\
         That is all 4 calls found."
    );
}

#[test]
fn call_ids_are_unique_in_the_conversation_and_a_new_question_starts_over() {
    let mut request = request(json!({
        "messages": [{"role": "user", "content": "first"}], "tools": [echo()],
    }));
    let Line::Call(first) = next_line(&request) else {
        panic!("the tool is called");
    };
    let mut asked = Message::text(Role::Assistant, "");
    asked.tool_calls.push(first.clone());
    request.messages.push(asked);
    let told = Message::tool_result(first.id.clone(), "first");
    request.messages.push(told);
    request.messages.push(Message::text(Role::User, "second"));
    let Line::Call(second) = next_line(&request) else {
        panic!("the tool is called again for the new question");
    };
    assert_eq!(second.function.arguments, r#"{"text":"second"}"#);
    assert_ne!(first.id, second.id);
}

#[test]
fn without_tools_it_answers_plainly() {
    let request = request(json!({"messages": [{"role": "user", "content": "Hello"}]}));
    let (calls, answer) = play(request, "");
    assert_eq!(calls, []);
    assert!(answer.starts_with("This is the mock model's answer to “Hello”."));
}

#[test]
fn tool_choice_none_makes_it_answer() {
    let request = request(json!({
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [echo()], "tool_choice": "none",
    }));
    assert!(matches!(next_line(&request), Line::Say(_)));
}

#[test]
fn the_same_request_gets_the_same_line() {
    let body = json!({"messages": [{"role": "user", "content": "7 and 8"}], "tools": [add()]});
    assert_eq!(next_line(&request(body.clone())), next_line(&request(body)));
}

#[track_caller]
fn check_arguments(schema: Value, message: &str, expected: Value) {
    let arguments = arguments::for_schema(&schema, message);
    assert_eq!(Value::Object(arguments), expected);
}

#[test]
fn numbers_are_taken_from_the_message_in_their_order() {
    let numbers = json!({"properties": {"a": {"type": "number"}, "b": {"type": "number"}}});
    check_arguments(
        numbers.clone(),
        "add 1,500 and -2.5",
        json!({"a": 1500, "b": -2.5}),
    );
    check_arguments(numbers.clone(), "5-3 for gpt4", json!({"a": 5, "b": 3}));
    check_arguments(numbers, "add something", json!({"a": 2, "b": 3}));
    let integer = json!({"properties": {"n": {"type": "integer"}}});
    check_arguments(integer, "it was 2.9.", json!({"n": 2}));
}

#[test]
fn texts_are_the_quoted_parts_or_the_whole_message() {
    let texts = json!({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
    check_arguments(
        texts,
        "Compare \"Rust\" with “Zig”",
        json!({"a": "Rust", "b": "Zig"}),
    );
    let text = json!({"properties": {"text": {"type": "string"}}});
    let long = "é".repeat(500);
    check_arguments(text.clone(), &long, json!({"text": "é".repeat(200)}));
    check_arguments(text, " an \" alone ", json!({"text": "an \" alone"}));
}

#[test]
fn only_required_properties_are_given_when_some_are() {
    check_arguments(
        json!({"required": ["a"], "properties": {"a": {"type": "boolean"}, "b": {}}}),
        "",
        json!({"a": true}),
    );
}

#[test]
fn every_kind_of_schema_gets_a_fitting_value() {
    check_arguments(
        json!({
            "$defs": {"Point": {"type": "object", "properties": {"x": {"type": "integer"}}}},
            "properties": {
                "choice": {"enum": ["up", "down"]},
                "maybe": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
                "list": {"type": "array", "items": {"type": "string"}},
                "point": {"$ref": "#/$defs/Point"},
                "nullable": {"type": ["null", "boolean"]},
            },
        }),
        "go",
        json!({
            "choice": "up", "maybe": 2, "list": ["go"], "point": {"x": 3}, "nullable": true,
        }),
    );
}

#[test]
fn a_schema_that_contains_itself_ends() {
    let schema = json!({"properties": {"child": {"$ref": "#"}}});
    let arguments = arguments::for_schema(&schema, "x");
    assert!(arguments.contains_key("child"));
}

#[test]
fn a_function_without_a_schema_gets_no_arguments() {
    check_arguments(Value::Null, "x", json!({}));
}

async fn chunks(request: &ChatRequest, model: &str) -> Vec<ChatChunk> {
    let response = answer(model, request, Timestamp::UNIX_EPOCH).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let events: Vec<&str> = text
        .split_terminator("\n\n")
        .map(|event| event.strip_prefix("data: ").unwrap())
        .collect();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(*done, "[DONE]");
    chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_comes_word_by_word_at_a_human_pace() {
    let request = request(json!({
        "stream": true, "messages": [{"role": "user", "content": "Hello"}],
    }));
    let started = Instant::now();
    let response = answer("gpt-4o", &request, Timestamp::UNIX_EPOCH).await;
    let mut body = response.unwrap().into_body().into_data_stream();
    assert_eq!(started.elapsed().as_millis(), 0);
    body.next().await.unwrap().unwrap();
    let first = started.elapsed().as_millis();
    assert!((150..300).contains(&first), "first word after {first} ms");
    let mut words = 1;
    while body.next().await.is_some() {
        words += 1;
    }
    let per_word = (started.elapsed().as_millis() - first) / words;
    assert!((16..34).contains(&per_word), "a word every {per_word} ms");
}

#[tokio::test(start_paused = true)]
async fn the_streamed_words_and_usage_are_those_of_the_whole_answer() {
    let mut request = request(json!({
        "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "Hello"}],
    }));
    let chunks = chunks(&request, "scripted").await;
    let streamed: String = chunks
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .filter_map(|choice| choice.delta.content.as_deref())
        .collect();
    let usage = chunks.last().unwrap().usage.unwrap();

    request.stream = None;
    let whole = answer("scripted", &request, Timestamp::UNIX_EPOCH).await;
    let body = whole.unwrap().into_body().collect().await.unwrap();
    let whole: ChatResponse = serde_json::from_slice(&body.to_bytes()).unwrap();
    assert_eq!(whole.choices[0].message.words(), streamed);
    assert_eq!(whole.usage, Some(usage));
    assert_eq!(usage.prompt_tokens, 2);
    assert_eq!(
        usage.completion_tokens,
        (streamed.chars().count() as u64).div_ceil(4)
    );
}

#[tokio::test]
async fn a_streamed_call_comes_together_from_its_pieces() {
    let request = request(json!({
        "stream": true, "tools": [echo()],
        "messages": [{"role": "user", "content": "say \"something rather longer than a piece\""}],
    }));
    let chunks = chunks(&request, "mock/instant").await;
    let pieces: Vec<_> = chunks
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .flat_map(|choice| &choice.delta.tool_calls)
        .collect();
    assert_eq!(pieces[0].id.as_deref(), Some("call_1"));
    let arguments: String = pieces
        .iter()
        .filter_map(|piece| piece.function.as_ref()?.arguments.as_deref())
        .collect();
    assert_eq!(
        arguments,
        r#"{"text":"something rather longer than a piece"}"#
    );
    let last = &chunks.last().unwrap().choices[0];
    assert_eq!(last.finish_reason.as_deref(), Some("tool_calls"));
}

#[tokio::test(start_paused = true)]
async fn the_name_of_the_model_chooses_how_it_behaves() {
    let request = request(json!({"messages": [{"role": "user", "content": "Hello"}]}));
    let started = Instant::now();
    answer("instant", &request, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    assert_eq!(started.elapsed().as_secs(), 0);
    answer("mock/slow", &request, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    assert!(started.elapsed().as_secs() >= 30);
    let failed = answer("mock/fail", &request, Timestamp::UNIX_EPOCH).await;
    assert!(matches!(failed, Err(GatewayError::FailOnPurpose)));
}
