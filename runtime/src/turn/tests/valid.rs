//! What APIs demand of a conversation.

use std::collections::HashSet;

use api::chat::{Message, Role, ToolCall};
use serde_json::{Map, Value};

use super::catalog;
use crate::turn::{fences, native};

/// What OpenAI's API demands of a list of messages, as they are sent to models with function calls
/// and to models without.
pub(super) fn assert_valid(messages: &[Message]) {
    assert_calls_are_answered(messages);
    for message in native::write(messages) {
        let says_nothing = message.content.is_none();
        assert!(
            !says_nothing || !message.tool_calls.is_empty(),
            "only who calls may say nothing"
        );
        for ToolCall { id, function, .. } in &message.tool_calls {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let name = &function.name;
            assert!(
                (1..=64).contains(&name.len()) && name.chars().all(allowed),
                "{name:?}"
            );
            assert!((1..=40).contains(&id.len()), "{id:?}");
            let arguments = serde_json::from_str::<Map<String, Value>>(&function.arguments);
            assert!(arguments.is_ok(), "{}", function.arguments);
        }
    }
    for message in fences::write(messages, catalog().definitions()) {
        let is_plain = message.tool_calls.is_empty() && message.tool_call_id.is_none();
        assert!(is_plain && message.role != Role::Tool, "{message:?}");
        assert!(!message.words().is_empty(), "{message:?}");
    }
}

fn assert_calls_are_answered(messages: &[Message]) {
    let mut ids = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            let id = message
                .tool_call_id
                .as_deref()
                .expect("a result names its call");
            assert_eq!(
                open.first(),
                Some(&id),
                "results come in the order of their calls"
            );
            open.remove(0);
        } else {
            assert!(
                open.is_empty(),
                "every call has its result before the next message"
            );
            for call in &message.tool_calls {
                assert!(
                    ids.insert(call.id.as_str()),
                    "the id {} is used twice",
                    call.id
                );
                open.push(&call.id);
            }
        }
    }
    assert!(open.is_empty(), "no call is left without a result");
}
