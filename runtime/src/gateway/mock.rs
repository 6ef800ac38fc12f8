//! The mock provider: a scripted model, so that everything works before there is a key.
//!
//! It answers from the request alone, always the same. First it delegates once to each agent
//! offered, in order; then it calls each other function offered once, one per answer, with
//! arguments read from the user's message; then it answers from the results it got. The rest of the
//! program cannot tell it from a real model.

mod arguments;
mod conversation;
mod embed;
mod pace;
mod reply;

use api::chat::{ChatRequest, FunctionCall, FunctionDefinition, ToolCall};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{GatewayError, answer::Bill};
use conversation::Conversation;
pub(super) use embed::embed;
use pace::Pace;

/// What the mock provider offers. Every other name is answered like the first.
pub const MODELS: &[&str] = &["mock/scripted", "mock/instant"];

/// The one function by which agents are offered for delegation.
const DELEGATE: &str = "delegate";

/// What the script says next.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    /// Call one function.
    Call(ToolCall),
    /// Answer in words.
    Say(String),
}

/// The scripted model's answer, streamed when the request says so.
///
/// The last part of the model's name chooses how it behaves: `instant` answers at once, `slow`
/// makes one wait for half a minute, `fail` fails.
pub(super) async fn answer(
    model: &str,
    request: &ChatRequest,
    now: Timestamp,
    bill: Bill,
) -> Result<Response, GatewayError> {
    let behaviour = model.rsplit('/').next().unwrap_or_default();
    let seed = reply::seed(request);
    let pace = match behaviour {
        "fail" => return Err(GatewayError::FailOnPurpose),
        "instant" => Pace::Instant,
        "slow" => Pace::slow(seed),
        _ => Pace::human(seed),
    };
    let reply = reply::Reply::new(model, request, next_line(request), now).charged(bill);
    if request.streams() {
        Ok(reply.stream(pace))
    } else {
        Ok(reply.whole(pace).await)
    }
}

fn next_line(request: &ChatRequest) -> Line {
    let conversation = Conversation::of(&request.messages);
    let call = if request.rest.get("tool_choice") == Some(&json!("none")) {
        None
    } else {
        next_delegation(request, &conversation).or_else(|| next_tool(request, &conversation))
    };
    match call {
        Some((function, arguments)) => Line::Call(ToolCall {
            id: format!("call_{}", conversation.calls_ever + 1),
            kind: "function".to_owned(),
            function: FunctionCall {
                name: function.name.clone(),
                arguments: Value::Object(arguments).to_string(),
            },
        }),
        None => Line::Say(conversation.conclusion()),
    }
}

type Call<'a> = (&'a FunctionDefinition, Map<String, Value>);

fn next_delegation<'a>(request: &'a ChatRequest, conversation: &Conversation) -> Option<Call<'a>> {
    let delegate = functions(request).find(|function| function.name == DELEGATE)?;
    let agents = delegate.parameters.pointer("/properties/agent/enum")?;
    let agent = agents
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .find(|agent| !conversation.has_asked(agent))?;
    let mut arguments = Map::new();
    arguments.insert("agent".to_owned(), json!(agent));
    arguments.insert("task".to_owned(), json!(conversation.message));
    Some((delegate, arguments))
}

fn next_tool<'a>(request: &'a ChatRequest, conversation: &Conversation) -> Option<Call<'a>> {
    let tool = functions(request)
        .find(|function| function.name != DELEGATE && !conversation.has_called(&function.name))?;
    let arguments = arguments::for_schema(&tool.parameters, &conversation.message);
    Some((tool, arguments))
}

fn functions(request: &ChatRequest) -> impl Iterator<Item = &FunctionDefinition> {
    request.tools.iter().map(|tool| &tool.function)
}

#[cfg(test)]
mod tests;
