//! What the mock model sees in a conversation: the question, and what was found out since.

use api::chat::{Message, Role, ToolCall};
use serde_json::Value;

use super::DELEGATE;

/// How much of one result is repeated in the answer.
const RESULT_CHARS: usize = 1200;
/// How much of the question is.
const QUESTION_CHARS: usize = 300;

/// A conversation, as far as the script cares.
pub(super) struct Conversation {
    /// The last thing the user said.
    pub(super) message: String,
    /// The calls made since, oldest first.
    calls: Vec<Made>,
    /// How many calls there were in the whole conversation.
    pub(super) calls_ever: usize,
}

struct Made {
    call: ToolCall,
    result: Option<String>,
}

impl Conversation {
    pub(super) fn of(messages: &[Message]) -> Self {
        let question = messages.iter().rposition(|message| match message.role {
            Role::User | Role::TaskDelegation => true,
            Role::System | Role::Developer | Role::Assistant | Role::Tool => false,
        });
        let since = question.map_or(messages, |index| &messages[index..]);
        let result = |id: &str| {
            since
                .iter()
                .find(|message| message.tool_call_id.as_deref() == Some(id))
                .map(Message::words)
        };
        Self {
            message: question.map_or_else(String::new, |index| messages[index].words()),
            calls: since
                .iter()
                .flat_map(|message| &message.tool_calls)
                .map(|call| Made {
                    call: call.clone(),
                    result: result(&call.id),
                })
                .collect(),
            calls_ever: messages
                .iter()
                .map(|message| message.tool_calls.len())
                .sum(),
        }
    }

    /// Whether `function` was called since the question.
    pub(super) fn has_called(&self, function: &str) -> bool {
        self.calls
            .iter()
            .any(|made| made.call.function.name == function)
    }

    /// Whether `agent` was delegated to since the question.
    pub(super) fn has_asked(&self, agent: &str) -> bool {
        self.calls
            .iter()
            .any(|made| made.agent().as_deref() == Some(agent))
    }

    /// The answer that the results so far allow.
    pub(super) fn conclusion(&self) -> String {
        let question = start(self.message.trim(), QUESTION_CHARS);
        let mut parts = vec![if question.is_empty() {
            "This is the mock model: it follows a script and knows nothing.".to_owned()
        } else {
            format!("This is the mock model's answer to “{question}”.")
        }];
        parts.extend(self.calls.iter().map(Made::report));
        parts.push(if self.calls.is_empty() {
            "No tools or agents were offered, so there is nothing to add. \
             Give the ModelAPI a provider and a key for a real answer."
                .to_owned()
        } else {
            format!("That is all {} found.", counted(self.calls.len()))
        });
        parts.join("\n\n")
    }
}

impl Made {
    /// The agent delegated to, if this is a delegation.
    fn agent(&self) -> Option<String> {
        if self.call.function.name != DELEGATE {
            return None;
        }
        let arguments: Value = serde_json::from_str(&self.call.function.arguments).ok()?;
        Some(arguments.get("agent")?.as_str()?.to_owned())
    }

    fn report(&self) -> String {
        let result = match self.result.as_deref().map(str::trim) {
            None | Some("") => "(nothing)".to_owned(),
            Some(text) => start(text, RESULT_CHARS),
        };
        match self.agent() {
            Some(agent) => format!("**{agent}** says:\n\n> {}", result.replace('\n', "\n> ")),
            None => format!("From **{}**: {result}", self.call.function.name),
        }
    }
}

fn counted(calls: usize) -> String {
    match calls {
        1 => "one call".to_owned(),
        many => format!("{many} calls"),
    }
}

/// The first `limit` characters, with an ellipsis where something was cut off.
fn start(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
