use api::{
    attributes::key,
    replay::RecordedCall,
    traces::{Span, SpanId},
};
use axum::{Json, Router, routing::get};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Recording, Unusable};
use crate::pages::fixture::{Fixture, TRACE, span};

const SYSTEM: &str = "You add.";

fn with(mut span: Span, attributes: &[(&str, &Value)]) -> Span {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    span.attributes = attributes
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Value::String(text(value))))
        .collect();
    span
}

/// Two calls of a model, with a call of a tool between them.
fn spans() -> Vec<Span> {
    let first = json!([
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "1 + <2>?"},
    ]);
    let call = json!({"id": "c", "type": "function",
        "function": {"name": "add", "arguments": "{\"a\": 1, \"b\": 2}"}});
    let mut second = first.clone();
    second.as_array_mut().unwrap().extend([
        json!({"role": "assistant", "content": null, "tool_calls": [call]}),
        json!({"role": "tool", "tool_call_id": "c", "content": "3"}),
    ]);
    let (agent, model) = (json!("team/coordinator"), json!("gpt-4o"));
    let asked = |number, time, messages: &Value| {
        let span = span(number, 1, "model.inference", time);
        with(
            span,
            &[
                (key::REQUEST_MODEL, &model),
                (key::INPUT_MESSAGES, messages),
            ],
        )
    };
    vec![
        with(
            span(1, 0, "agent.agentic_loop", (0, 900)),
            &[(key::GEN_AI_AGENT_ID, &agent)],
        ),
        asked(2, (10, 200), &first),
        asked(3, (300, 600), &second),
    ]
}

fn recording(spans: Vec<Span>, number: u8) -> Result<Recording, Unusable> {
    let trace = api::traces::Trace { id: TRACE, spans };
    Recording::of(&trace, SpanId([0, 0, 0, 0, 0, 0, 0, number]))
}

#[test]
fn a_recording_has_the_messages_of_its_call_and_the_results_of_all() {
    let first = recording(spans(), 2).unwrap();
    assert_eq!((first.messages.len(), first.n_earlier), (2, 0));
    let add = RecordedCall {
        name: "add".to_owned(),
        arguments: json!({"a": 1, "b": 2}),
        result: "3".to_owned(),
    };
    assert_eq!(first.results, [add]);
    assert_eq!(first.agent.name, "coordinator");
    let second = recording(spans(), 3).unwrap();
    assert_eq!((second.messages.len(), second.n_earlier), (4, 1));
}

#[test]
fn what_cannot_be_replayed_says_why() {
    assert_eq!(recording(spans(), 1), Err(Unusable::OtherSpan));
    assert_eq!(recording(spans(), 9), Err(Unusable::OtherSpan));
    let edited = |value: Option<Value>| {
        let mut spans = spans();
        let attributes = &mut spans[1].attributes;
        attributes.retain(|(key, _)| key != key::INPUT_MESSAGES);
        attributes.extend(value.map(|value| (key::INPUT_MESSAGES.to_owned(), value)));
        recording(spans, 2)
    };
    assert_eq!(edited(None), Err(Unusable::NotCaptured));
    let cut = json!("[{\"role\": \"user\", \"conte");
    assert_eq!(edited(Some(cut)), Err(Unusable::NotWhole));
    let fences = json!([{"role": "system", "content": "Write:\n```tool_call\n{}\n```"}]);
    let fences = Value::String(fences.to_string());
    assert_eq!(edited(Some(fences)), Err(Unusable::ToolsInText));
}

fn fixture(spans: Vec<Span>) -> Fixture {
    let agent = json!({
        "apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "coordinator", "namespace": "team"},
        "spec": {
            "modelAPI": "llm", "model": "gpt-4o", "agentNetwork": {"access": ["researcher"]}
        }
    });
    Fixture {
        spans,
        kubernetes: Router::new().route(
            "/apis/kaos.tools/v1alpha1/namespaces/team/agents/coordinator",
            get(move || async move { Json(agent) }),
        ),
        ..Fixture::default()
    }
}

#[tokio::test]
async fn the_editor_holds_the_recorded_messages_and_asks_before_other_agents_work() {
    let path = format!("/traces/{TRACE}/replay?span=0000000000000002");
    let (status, html) = fixture(spans()).get(&path).await;
    assert_eq!(status, StatusCode::OK, "{html}");
    assert!(html.contains(SYSTEM));
    assert!(html.contains("1 + &lt;2&gt;?"), "{html}");
    assert!(html.contains("What was recorded (1 result)"), "{html}");
    assert!(html.contains("Allow asking researcher"), "{html}");
}

#[tokio::test]
async fn where_messages_were_not_captured_the_page_says_how_to_capture_them() {
    let mut spans = spans();
    spans[1].attributes.clear();
    let path = format!("/traces/{TRACE}/replay?span=0000000000000002");
    let (status, html) = fixture(spans).get(&path).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(html.contains("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"));
}

#[tokio::test]
async fn a_call_of_an_agents_model_leads_to_its_replay() {
    let path = format!("/traces/{TRACE}?span=0000000000000002");
    let (_, html) = fixture(spans()).get(&path).await;
    let href = format!("/traces/{TRACE}/replay?span=0000000000000002");
    assert!(html.contains(&href));
}
