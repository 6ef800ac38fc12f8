//! What a model means by a call: models invent names and send arguments that are no JSON.

use api::chat::ToolCall;
use serde_json::{Map, Value};

use super::{Action, fences::UNREADABLE};
use crate::catalog::{Catalog, CatalogTool, DELEGATE};

/// How much of its own arguments a model is shown, in characters.
const SHOWN_CHARS: usize = 200;

/// What `call` is to do.
pub(super) fn understand(catalog: &Catalog, call: &ToolCall) -> Action {
    let name = call.function.name.as_str();
    if name == DELEGATE && catalog.delegates() {
        return understand_delegation(catalog, &call.function.arguments);
    }
    if name == UNREADABLE {
        return bad(name, "the block is no JSON object that names a \"tool\"");
    }
    let Some(CatalogTool { server, tool }) = catalog.tool(name) else {
        let available = catalog.function_names();
        return Action::UnknownTool {
            name: name.to_owned(),
            problem: format!("Tool '{name}' not found. Available: {available}"),
        };
    };
    match parse_arguments(&call.function.arguments) {
        Ok(arguments) => Action::Tool {
            server: server.to_string(),
            name: tool.name.clone(),
            arguments,
        },
        Err(problem) => bad(&tool.name, problem),
    }
}

fn understand_delegation(catalog: &Catalog, arguments: &str) -> Action {
    let arguments = match parse_arguments(arguments) {
        Ok(arguments) => arguments,
        Err(problem) => return bad(DELEGATE, problem),
    };
    let text = |key| {
        arguments
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    match (text("agent"), text("task")) {
        (Some(agent), Some(task)) if catalog.peer(&agent).is_some() => {
            Action::Delegate { agent, task }
        }
        (Some(name), Some(_)) => {
            let available = catalog.peer_names();
            let problem = format!("Sub-agent '{name}' not found. Available: {available}");
            Action::UnknownAgent { name, problem }
        }
        (_, _) => bad(
            DELEGATE,
            "\"agent\" and \"task\" are required, both as text",
        ),
    }
}

fn bad(name: &str, problem: impl Into<String>) -> Action {
    Action::BadArguments {
        name: name.to_owned(),
        problem: problem.into(),
    }
}

/// Models send an empty text when a function has no arguments.
fn parse_arguments(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|error| {
        let shown: String = text.chars().take(SHOWN_CHARS).collect();
        format!("the arguments are no JSON object ({error}); send them again. They were: {shown}")
    })
}
