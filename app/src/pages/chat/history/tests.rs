use serde_json::{Value, json};

use super::{Ending, MemoryEvent, runs};

fn events(list: Value) -> Vec<MemoryEvent> {
    serde_json::from_value(list).unwrap()
}

fn event(kind: &str, trace: &str, content: Value) -> Value {
    json!({
        "event_id": "e", "timestamp": "2026-11-22T10:00:00Z", "event_type": kind,
        "content": content, "metadata": {"trace_id": trace},
    })
}

#[test]
fn a_question_is_followed_by_its_steps_and_its_answer() {
    let runs = runs(&events(json!([
        event("user_message", "a1", json!("How many?")),
        event(
            "tool_call",
            "a1",
            json!({"tool": "add", "arguments": {"a": 1}})
        ),
        event(
            "tool_result",
            "a1",
            json!({"tool": "add", "result": {"sum": 2}})
        ),
        event(
            "delegation_request",
            "a1",
            json!({"agent": "analyst", "task": "check\nit"})
        ),
        event(
            "delegation_error",
            "a1",
            json!({"agent": "analyst", "error": "gone"})
        ),
        event("agent_response", "a1", json!("Two.")),
    ])));
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].question, "How many?");
    assert_eq!(runs[0].ending, Ending::Answer("Two.".to_owned()));
    assert!(runs[0].trace_id.is_some());
    let [tool, delegation] = &runs[0].steps[..] else {
        panic!("two steps, not {:?}", runs[0].steps);
    };
    assert_eq!(tool.outcome, Some(Ok(r#"{"sum":2}"#.to_owned())));
    assert_eq!(delegation.detail, "check it");
    assert_eq!(delegation.outcome, Some(Err("gone".to_owned())));
}

#[test]
fn runs_that_overlap_keep_their_own_answers() {
    let runs = runs(&events(json!([
        event("user_message", "a1", json!("one")),
        event("user_message", "a2", json!("two")),
        event("agent_response", "a1", json!("first")),
        event("error", "a2", json!({"message": "second"})),
    ])));
    assert_eq!(runs[0].ending, Ending::Answer("first".to_owned()));
    assert_eq!(runs[1].ending, Ending::Error("second".to_owned()));
}

#[test]
fn the_rest_of_a_forgotten_run_is_left_out() {
    let forgotten = events(json!([event("agent_response", "a1", json!("to what?"))]));
    assert!(runs(&forgotten).is_empty());
}

#[test]
fn untraced_events_follow_the_last_question() {
    let runs = runs(&events(json!([
        {"event_type": "user_message", "content": "one"},
        {"event_type": "agent_response", "content": "first"},
    ])));
    assert_eq!(runs[0].ending, Ending::Answer("first".to_owned()));
    assert_eq!(runs[0].trace_id, None);
}
