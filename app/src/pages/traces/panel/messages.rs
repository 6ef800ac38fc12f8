//! Messages that a model call recorded, whichever of the two usual shapes they have.

use api::{attributes::key, traces::Span};
use serde_json::Value;

/// One message, as a line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) role: String,
    pub(crate) text: String,
}

/// What was sent to the model and what it answered; empty when it was not recorded.
pub(crate) fn recorded(span: &Span) -> (Vec<Said>, Vec<Said>) {
    let of = |key| span.attribute(key).map(said).unwrap_or_default();
    (of(key::INPUT_MESSAGES), of(key::OUTPUT_MESSAGES))
}

/// How many messages at the beginning two calls have in common.
pub(super) fn shared(before: &[Said], now: &[Said]) -> usize {
    let both = before.iter().zip(now);
    both.take_while(|(one, other)| one == other).count()
}

/// Reads a list of messages, as JSON or as text that holds it.
fn said(value: &Value) -> Vec<Said> {
    let parsed = value
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    match parsed.as_ref().unwrap_or(value) {
        Value::Array(messages) => messages.iter().map(message).collect(),
        other => vec![Said {
            role: "message".to_owned(),
            text: plain(other),
        }],
    }
}

/// `{role, content, tool_calls}` as `OpenAI` has it, or `{role, parts}` as OpenTelemetry has it.
fn message(message: &Value) -> Said {
    let role = message["role"].as_str().unwrap_or("message").to_owned();
    let parts = [
        &message["parts"],
        &message["content"],
        &message["tool_calls"],
    ];
    let lines: Vec<String> = parts
        .into_iter()
        .flat_map(|part| match part {
            Value::Array(parts) => parts.iter().map(one_part).collect(),
            Value::Null => Vec::new(),
            other => vec![plain(other)],
        })
        .collect();
    Said {
        role,
        text: lines.join("\n").trim_start().to_owned(),
    }
}

fn one_part(part: &Value) -> String {
    let call = part.get("function").unwrap_or(part);
    if let (Some(name), Some(arguments)) = (call["name"].as_str(), call.get("arguments")) {
        return format!("{name}({})", plain(arguments));
    }
    let text = ["content", "text", "response", "result"]
        .into_iter()
        .find_map(|field| part.get(field));
    plain(text.unwrap_or(part))
}

/// Text as it is, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Text for reading: JSON is put on lines, everything else stays.
pub(crate) fn pretty(value: &Value) -> String {
    let parsed = match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(parsed @ (Value::Object(_) | Value::Array(_))) => parsed,
            Ok(_) | Err(_) => return text.clone(),
        },
        other => other.clone(),
    };
    serde_json::to_string_pretty(&parsed).unwrap_or_else(|_| parsed.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(recorded: &Value, expected: &[(&str, &str)]) {
        let said = said(recorded);
        let lines: Vec<_> = said
            .iter()
            .map(|said| (said.role.as_str(), said.text.as_str()))
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn messages_in_the_shape_of_openai_are_read() {
        let recorded = json!([
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls":
                [{"id": "1", "function": {"name": "add", "arguments": "{\"a\":1}"}}]},
        ]);
        check(
            &recorded,
            &[("user", "hi"), ("assistant", r#"add({"a":1})"#)],
        );
    }

    #[test]
    fn messages_in_the_shape_of_opentelemetry_are_read_from_text() {
        let recorded = json!([
            {"role": "user", "parts": [{"type": "text", "content": "hi"}]},
            {"role": "assistant", "parts":
                [{"type": "tool_call", "id": "1", "name": "add", "arguments": {"a": 1}}]},
        ]);
        let text = Value::String(recorded.to_string());
        check(&text, &[("user", "hi"), ("assistant", r#"add({"a":1})"#)]);
    }

    #[test]
    fn anything_else_is_shown_as_it_is() {
        check(&json!("plain words"), &[("message", "plain words")]);
    }

    #[test]
    fn what_two_calls_begin_with_alike_is_counted() {
        let said = |text: &str| Said {
            role: "user".to_owned(),
            text: text.to_owned(),
        };
        let before = [said("a"), said("b")];
        assert_eq!(shared(&before, &[said("a"), said("b"), said("c")]), 2);
        assert_eq!(shared(&before, &[said("x")]), 0);
    }

    #[test]
    fn json_is_put_on_lines_for_reading() {
        assert_eq!(pretty(&json!("{\"a\":1}")), "{\n  \"a\": 1\n}");
        assert_eq!(pretty(&json!("12")), "12");
    }
}
