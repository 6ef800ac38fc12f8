//! One remembered event, in words.

use serde_json::Value;

use crate::{components::chat::run_state::one_line, pages::chat::history::MemoryEvent};

/// What an event's type means; one that is not known is said as it is.
pub(super) fn words(kind: &str) -> String {
    let words = match kind {
        "user_message" => "user message",
        "agent_response" => "answer",
        "tool_call" => "tool call",
        "tool_result" => "tool result",
        "tool_error" => "tool error",
        "delegation_request" => "delegation",
        "delegation_response" => "delegation answer",
        "delegation_error" => "delegation error",
        "task_delegation_received" => "task received",
        "format_warning" => "format warning",
        other => other,
    };
    words.to_owned()
}

/// Who did it: the reader, the agent, or what it called.
pub(super) fn actor(agent: &str, event: &MemoryEvent) -> String {
    let named = |field: &str| event.content[field].as_str().map(ToOwned::to_owned);
    let actor = match event.event_type.as_str() {
        "user_message" => Some("user".to_owned()),
        "task_delegation_received" => Some("another agent".to_owned()),
        "tool_result" | "tool_error" => named("tool"),
        "delegation_response" | "delegation_error" => named("agent"),
        _ => None,
    };
    actor.unwrap_or_else(|| agent.to_owned())
}

/// The event on one line.
pub(super) fn summary(event: &MemoryEvent) -> String {
    one_line(&text(event))
}

/// What was said or done.
pub(super) fn text(event: &MemoryEvent) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let content = &event.content;
    let part = |name: &str, value: &str| {
        let name = shown(&content[name]);
        let value = shown(&content[value]);
        match (name.is_empty(), value.is_empty()) {
            (true, true) => shown(content),
            (true, false) => value,
            (false, true) => name,
            (false, false) => format!("{name}: {value}"),
        }
    };
    match event.event_type.as_str() {
        "tool_call" => part("tool", "arguments"),
        "tool_result" => part("tool", "result"),
        "tool_error" => part("tool", "error"),
        "delegation_request" => part("agent", "task"),
        "delegation_response" => part("agent", "response"),
        "delegation_error" => part("agent", "error"),
        _ => shown(content),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn check(event: Value, expected: (&str, &str, &str)) {
        let event: MemoryEvent = from_value(event).unwrap();
        let (kind, who, what) = expected;
        assert_eq!(words(&event.event_type), kind);
        assert_eq!(actor("coordinator", &event), who);
        assert_eq!(summary(&event), what);
    }

    #[test]
    fn an_event_says_who_did_what() {
        check(
            json!({"event_type": "user_message", "content": "Hi\nthere"}),
            ("user message", "user", "Hi there"),
        );
        check(
            json!({"event_type": "tool_call", "content": {"tool": "add", "arguments": {"a": 1}}}),
            ("tool call", "coordinator", "add: {\"a\":1}"),
        );
        check(
            json!({"event_type": "tool_error", "content": {"tool": "add", "error": "no"}}),
            ("tool error", "add", "add: no"),
        );
    }

    #[test]
    fn an_event_of_a_type_nobody_knows_is_shown_as_it_is() {
        check(
            json!({"event_type": "dream", "content": {"of": "sheep"}}),
            ("dream", "coordinator", "{\"of\":\"sheep\"}"),
        );
    }
}
