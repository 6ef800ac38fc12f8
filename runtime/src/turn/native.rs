//! A conversation as APIs with function calls take it back.
//!
//! Models invent names that no function may have, and send arguments that are no JSON. What they said
//! is part of the conversation, and an API refuses all of it for one such call; so the call is sent
//! back in a form that is allowed, and its result says what was wrong with it.

use api::chat::{Message, ToolCall};
use serde_json::{Map, Value};

/// The longest name of a function.
const MAX_NAME: usize = 64;

/// The messages with every call in a form that is allowed.
pub(crate) fn write(messages: &[Message]) -> Vec<Message> {
    let mut written = messages.to_vec();
    for call in written
        .iter_mut()
        .flat_map(|message| &mut message.tool_calls)
    {
        mend(call);
    }
    written
}

/// A name that a function may have; `name` itself where it is one.
pub(crate) fn function_name(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let letters = name.chars().map(|c| if allowed(c) { c } else { '_' });
    let mended: String = letters.take(MAX_NAME).collect();
    if mended.is_empty() {
        "_".to_owned()
    } else {
        mended
    }
}

fn mend(call: &mut ToolCall) {
    let function = &mut call.function;
    function.name = function_name(&function.name);
    if serde_json::from_str::<Map<String, Value>>(&function.arguments).is_err() {
        "{}".clone_into(&mut function.arguments);
    }
}

#[cfg(test)]
mod tests {
    use api::chat::{FunctionCall, Role};

    use super::*;

    #[test]
    fn a_call_that_no_api_takes_back_is_mended_and_others_stay() {
        let long = "x".repeat(70);
        for (name, arguments, expected) in [
            ("add", r#"{"a": 2}"#, ("add", r#"{"a": 2}"#)),
            (
                "functions.web search!",
                "{a: 2}",
                ("functions_web_search_", "{}"),
            ),
            ("", "", ("_", "{}")),
            ("a-b_C9", "[1]", ("a-b_C9", "{}")),
            (&long, "{}", (&long[..64], "{}")),
        ] {
            let function = FunctionCall {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            };
            let said = Message {
                tool_calls: vec![ToolCall {
                    id: "a".to_owned(),
                    kind: "function".to_owned(),
                    function,
                }],
                ..Message::text(Role::Assistant, "")
            };
            let FunctionCall { name, arguments } = &write(&[said])[0].tool_calls[0].function;
            assert_eq!((name.as_str(), arguments.as_str()), expected);
        }
    }
}
