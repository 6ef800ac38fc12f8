//! Calls as fenced blocks in the text, for models that know no function calls.
//!
//! The turn itself knows native calls only; here its conversation becomes plain text, and the text of
//! a model becomes calls again. A block that cannot be read is a call of [`UNREADABLE`], so that the
//! model is told.

use std::{collections::HashMap, fmt::Write};

use api::chat::{Content, FunctionCall, Message, Role, ToolCall, ToolDefinition};
use serde_json::{Deserializer, Map, Value, json};

use crate::catalog::DELEGATE;

/// What a block calls that cannot be read. No function can have this name.
pub(crate) const UNREADABLE: &str = "unreadable block";
/// How the result of a tool that failed begins.
pub(crate) const TOOL_FAILED: &str = "Tool execution failed: ";
/// How the result of a delegation that failed begins.
pub(crate) const DELEGATION_FAILED: &str = "Delegation failed: ";

const FENCE: &str = "```";
const OPENINGS: [(&str, Block); 2] = [
    ("```tool_call", Block::Tool),
    ("```delegate", Block::Delegate),
];

const TOOLS_INTRODUCTION: &str = "\
You can call the tools below. To call one, write a block of this form:\n\
```tool_call\n{\"tool\": \"<name>\", \"arguments\": {<arguments>}}\n```\n\
Several blocks are several calls. End your message after them: the next message brings the results. \
When you know the answer, write it without such a block.\n";
const DELEGATION_INTRODUCTION: &str = "\
You can hand tasks to other agents. To do so, write a block of this form and end your message:\n\
```delegate\n{\"agent\": \"<name>\", \"task\": \"<the task, with everything the agent needs to know>\"}\n```\n";

/// What a block asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Tool,
    Delegate,
}

/// A model's text, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts {
    /// Everything outside the blocks.
    pub(crate) text: String,
    /// A call for each block, without an id.
    pub(crate) calls: Vec<ToolCall>,
}

/// Takes the blocks out of a model's text.
pub(crate) fn read(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut rest = text;
    while let Some((before, block, body)) = next_block(rest) {
        parts.text.push_str(before);
        let (call, after) = read_block(block, body);
        parts.calls.push(call);
        rest = after;
    }
    parts.text.push_str(rest);
    parts
}

/// The next block: what is before it, what it asks for, and everything from its body on.
fn next_block(text: &str) -> Option<(&str, Block, &str)> {
    let mut from = 0;
    loop {
        let (at, opening, block) = OPENINGS
            .iter()
            .filter_map(|(opening, block)| Some((text[from..].find(opening)?, opening, *block)))
            .min_by_key(|(at, ..)| *at)?;
        let (before, body) = (from + at, from + at + opening.len());
        // `tool_calls` is some other language.
        if !text[body..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-') {
            return Some((&text[..before], block, &text[body..]));
        }
        from = body;
    }
}

/// The call of a block, and the text after it. The end of the JSON ends the block, because a task may
/// hold fences of its own; a model may also stop without the closing fence.
fn read_block(block: Block, body: &str) -> (ToolCall, &str) {
    let mut values = Deserializer::from_str(body).into_iter::<Map<String, Value>>();
    if let Some(Ok(fields)) = values.next() {
        let after = &body[values.byte_offset()..];
        let trimmed = after.trim_start();
        let after = trimmed.strip_prefix(FENCE).unwrap_or(after);
        return (call_of(block, fields), after);
    }
    let (bad, after) = body.split_once(FENCE).unwrap_or((body, ""));
    (call(UNREADABLE, bad.trim().to_owned()), after)
}

fn call_of(block: Block, mut fields: Map<String, Value>) -> ToolCall {
    match block {
        Block::Delegate => call(DELEGATE, Value::Object(fields).to_string()),
        Block::Tool => match fields.get("tool").or_else(|| fields.get("name")) {
            Some(Value::String(name)) => {
                let name = name.clone();
                let arguments = match fields.remove("arguments") {
                    None | Some(Value::Null) => json!({}).to_string(),
                    Some(Value::String(text)) => text,
                    Some(arguments) => arguments.to_string(),
                };
                call(&name, arguments)
            }
            Some(_) | None => call(UNREADABLE, Value::Object(fields).to_string()),
        },
    }
}

fn call(name: &str, arguments: String) -> ToolCall {
    ToolCall {
        id: String::new(),
        kind: "function".to_owned(),
        function: FunctionCall {
            name: name.to_owned(),
            arguments,
        },
    }
}

/// A conversation without native calls: `tools` are described in the prompt, calls are blocks, and
/// results are messages of the user.
pub(crate) fn write(messages: &[Message], tools: &[ToolDefinition]) -> Vec<Message> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut written = Vec::with_capacity(messages.len() + 1);
    let mut messages = messages.iter().peekable();
    let prompt = messages.next_if(|message| message.role == Role::System);
    written.extend(write_prompt(prompt, tools));
    while let Some(message) = messages.next() {
        if message.role == Role::Tool {
            let mut results = write_result(message, &names);
            // Results of one step are one message: many models want roles to alternate.
            while let Some(next) = messages.next_if(|message| message.role == Role::Tool) {
                results.push_str("\n\n");
                results.push_str(&write_result(next, &names));
            }
            written.push(Message::text(Role::User, results));
        } else if message.tool_calls.is_empty() {
            written.push(message.clone());
        } else {
            let calls = message.tool_calls.iter();
            names.extend(calls.map(|call| (call.id.as_str(), call.function.name.as_str())));
            written.push(write_calls(message));
        }
    }
    written
}

fn write_prompt(prompt: Option<&Message>, tools: &[ToolDefinition]) -> Option<Message> {
    if tools.is_empty() {
        return prompt.cloned();
    }
    let mut text = prompt.map(Message::words).unwrap_or_default();
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    let is_delegation = |tool: &&ToolDefinition| tool.function.name == DELEGATE;
    if tools.iter().any(|tool| !is_delegation(&tool)) {
        text.push_str("## Tools\n");
        text.push_str(TOOLS_INTRODUCTION);
    }
    for tool in tools.iter().filter(|tool| !is_delegation(tool)) {
        let function = &tool.function;
        let description = function.description.as_deref().unwrap_or_default();
        // Writing to a string cannot fail.
        writeln!(text, "\n### {}\n{description}", function.name).ok();
        if !function.parameters.is_null() {
            writeln!(
                text,
                "JSON schema of the arguments: {}",
                function.parameters
            )
            .ok();
        }
    }
    for delegation in tools.iter().filter(is_delegation) {
        if tools.len() > 1 {
            text.push('\n');
        }
        let agents = delegation.function.description.as_deref();
        let agents = agents.unwrap_or_default();
        write!(text, "## Agents\n{DELEGATION_INTRODUCTION}\n{agents}\n").ok();
    }
    Some(Message::text(Role::System, text))
}

fn write_calls(message: &Message) -> Message {
    let mut text = message.words();
    for ToolCall { function, .. } in &message.tool_calls {
        if !text.is_empty() {
            text.push('\n');
        }
        let arguments = serde_json::from_str(&function.arguments)
            .unwrap_or_else(|_| Value::String(function.arguments.clone()));
        let (language, body) = match function.name.as_str() {
            DELEGATE => ("delegate", arguments),
            UNREADABLE => {
                write!(text, "```tool_call\n{}\n```", function.arguments).ok();
                continue;
            }
            name => ("tool_call", json!({"tool": name, "arguments": arguments})),
        };
        write!(text, "```{language}\n{body}\n```").ok();
    }
    Message {
        content: Some(Content::Text(text)),
        tool_calls: Vec::new(),
        ..message.clone()
    }
}

fn write_result(message: &Message, names: &HashMap<&str, &str>) -> String {
    let words = message.words();
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    if words.starts_with(TOOL_FAILED) || words.starts_with(DELEGATION_FAILED) {
        words
    } else if names.get(id) == Some(&DELEGATE) {
        format!("Agent response: {words}")
    } else {
        format!("Tool result: {words}")
    }
}

/// Holds back the blocks of a streamed text, and what may become one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    held: String,
    holds_block: bool,
}

impl Filter {
    /// Takes a piece of the text; returns what may be shown now.
    pub(crate) fn pass(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        if self.holds_block {
            return String::new();
        }
        let openings = || OPENINGS.iter().map(|(opening, _)| *opening);
        let found = openings()
            .filter_map(|opening| self.held.find(opening))
            .min();
        self.holds_block = found.is_some();
        let until = found.unwrap_or_else(|| {
            let beginnings = openings().map(|opening| unfinished(&self.held, opening));
            self.held.len() - beginnings.max().unwrap_or(0)
        });
        let kept = self.held.split_off(until);
        std::mem::replace(&mut self.held, kept)
    }
}

/// How many bytes at the end of `text` are a beginning of `opening`.
fn unfinished(text: &str, opening: &str) -> usize {
    (1..opening.len())
        .rev()
        .find(|length| text.ends_with(&opening[..*length]))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
