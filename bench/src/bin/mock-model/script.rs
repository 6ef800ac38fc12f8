//! What the model says, decided from the request alone.
//!
//! The model's name is the script: its steps with commas between them, and at the end, after an `@`,
//! a pause in milliseconds before each piece of the answer. The steps:
//!
//! | step | what the model does |
//! |---|---|
//! | `tool:NAME` | calls the function `NAME`, with arguments made from its schema |
//! | `delegate:AGENT` | hands a task to the agent, through the function `delegate` |
//! | `request` | answers with the request it got, as JSON |
//! | `status:CODE` | fails with this HTTP status |
//! | any other | answers with one sentence |

use serde_json::{Map, Value, json};

/// The name of the function that hands a task to another agent.
const DELEGATE: &str = "delegate";
const SENTENCE: &str = "The top three vendors hold 88 percent of the market.";
const TASK: &str = "AI chip market";

/// What comes next in a conversation.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// An answer in words.
    Say(String),
    /// A call of a function.
    Call { name: String, arguments: Value },
    /// No answer but this HTTP status.
    Fail(u16),
}

/// The script without its pause, and the pause in milliseconds.
pub(crate) fn pause(model: &str) -> (&str, u64) {
    model
        .rsplit_once('@')
        .map_or((model, 0), |(script, pause)| {
            (script, pause.parse().unwrap_or_default())
        })
}

/// The step that the conversation has come to: each result of a call is one step further.
pub(crate) fn next(request: &Value) -> Next {
    let (script, _) = pause(request["model"].as_str().unwrap_or_default());
    let taken = items(&request["messages"])
        .filter(|message| message["role"] == "tool")
        .count();
    let step = script.split(',').nth(taken).unwrap_or_default();
    match step.split_once(':') {
        Some(("tool", name)) => Next::Call {
            name: name.to_owned(),
            arguments: arguments(request, name),
        },
        Some(("delegate", agent)) => Next::Call {
            name: DELEGATE.to_owned(),
            arguments: json!({"agent": agent, "task": TASK}),
        },
        Some(("status", code)) => Next::Fail(code.parse().unwrap_or(500)),
        _ if step == "request" => Next::Say(request.to_string()),
        _ => Next::Say(SENTENCE.to_owned()),
    }
}

/// A value for each argument the function has: two for a number, a topic for a text.
fn arguments(request: &Value, name: &str) -> Value {
    let called = items(&request["tools"]).find(|tool| tool["function"]["name"] == name);
    let schemas = called.and_then(|tool| tool["function"]["parameters"]["properties"].as_object());
    let argument = |(name, schema): (&String, &Value)| {
        let value = match schema["type"].as_str() {
            Some("number" | "integer") => json!(2),
            Some("boolean") => json!(true),
            _ => json!(TASK),
        };
        (name.clone(), value)
    };
    let arguments: Map<_, _> = schemas.into_iter().flatten().map(argument).collect();
    Value::Object(arguments)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_leads_to_the_next_step_and_then_to_an_answer() {
        let call = |messages| next(&json!({"model": "delegate:a,tool:add", "messages": messages}));
        let result = json!({"role": "tool", "content": "4"});
        assert!(matches!(call(json!([])), Next::Call { name, .. } if name == "delegate"));
        assert!(matches!(call(json!([result])), Next::Call { name, .. } if name == "add"));
        assert_eq!(
            call(json!([result, result])),
            Next::Say(SENTENCE.to_owned())
        );
    }

    #[test]
    fn arguments_fit_the_functions_schema() {
        let properties = json!({"a": {"type": "number"}, "what": {"type": "string"}});
        let tool = json!({"function": {"name": "add", "parameters": {"properties": properties}}});
        let arguments = json!({"a": 2, "what": TASK});
        assert_eq!(
            next(&json!({"model": "tool:add", "tools": [tool]})),
            Next::Call {
                name: "add".to_owned(),
                arguments
            }
        );
    }

    #[test]
    fn a_pause_is_no_part_of_the_script() {
        assert_eq!(pause("tool:add@20"), ("tool:add", 20));
        assert_eq!(pause("echo"), ("echo", 0));
    }

    #[test]
    fn a_model_can_show_what_it_was_asked_and_can_fail() {
        let request = json!({"model": "request", "seed": 7});
        assert_eq!(next(&request), Next::Say(request.to_string()));
        assert_eq!(next(&json!({"model": "status:503"})), Next::Fail(503));
    }
}
