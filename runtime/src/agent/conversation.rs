//! What the model is to see first: the agent's prompt, what is remembered, and what was asked.

use api::chat::{ChatRequest, Message, Role};

use super::error::ChatError;

/// The request's own part of a conversation, checked.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    /// The caller's system prompts.
    system: Option<String>,
    /// Everything else, oldest first; the last of a person or an agent is what is asked.
    messages: Vec<Message>,
    /// Whether another agent asks.
    pub(super) is_delegation: bool,
    /// The words of what is asked, for the memory.
    pub(super) question: String,
}

impl Asked {
    /// Checks the messages of a request.
    pub(super) fn parse(request: &ChatRequest) -> Result<Self, ChatError> {
        if request.messages.is_empty() {
            return Err(ChatError::Incomplete("messages are required"));
        }
        let asks = |message: &&Message| matches!(message.role, Role::User | Role::TaskDelegation);
        let last = request
            .messages
            .iter()
            .rev()
            .find(asks)
            .ok_or(ChatError::Incomplete(
                "No user or task-delegation message found",
            ))?;
        check_results(&request.messages)?;
        let is_system = |message: &Message| matches!(message.role, Role::System | Role::Developer);
        let prompts = request.messages.iter().filter(|m| is_system(m));
        let prompts: Vec<_> = prompts.map(Message::words).collect();
        Ok(Self {
            system: (!prompts.is_empty()).then(|| prompts.join("\n\n")),
            messages: request
                .messages
                .iter()
                .filter(|m| !is_system(m))
                .cloned()
                .collect(),
            is_delegation: last.role == Role::TaskDelegation,
            question: last.words(),
        })
    }

    /// Whether the caller left the history to us: it sent one message and no more.
    pub(super) fn wants_history(&self) -> bool {
        self.messages.len() == 1 && !self.is_delegation
    }

    /// The request's own messages as the model is to see them, and no others.
    pub(super) fn sent_messages(self) -> Vec<Message> {
        let system = self
            .system
            .map(|prompt| Message::text(Role::System, prompt));
        let others = self.messages.into_iter().map(as_user);
        system.into_iter().chain(others).collect()
    }

    /// The conversation as the model is to see it.
    pub(super) fn conversation(self, instructions: &str, history: Vec<Message>) -> Vec<Message> {
        let mut prompt = instructions.trim_end().to_owned();
        if let Some(system) = self.system {
            if !prompt.is_empty() {
                prompt.push_str("\n\n");
            }
            prompt.push_str("## User-Provided System Prompt\n");
            prompt.push_str(&system);
        }
        let prompt = (!prompt.is_empty()).then(|| Message::text(Role::System, prompt));
        prompt
            .into_iter()
            .chain(history)
            .chain(self.messages.into_iter().map(as_user))
            .collect()
    }
}

/// Models know no role for a task of another agent.
fn as_user(mut message: Message) -> Message {
    if message.role == Role::TaskDelegation {
        message.role = Role::User;
    }
    message
}

/// Models refuse a conversation in which a call has no result, or a result no call.
fn check_results(messages: &[Message]) -> Result<(), ChatError> {
    let refused = |message| {
        Err(ChatError::Refuse {
            param: "messages",
            message,
        })
    };
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        if message.role == Role::Tool {
            let id = message.tool_call_id.as_deref().unwrap_or_default();
            let Some(place) = open.iter().position(|open| *open == id) else {
                return refused(format!(
                    "the tool message \"{id}\" answers no call of the assistant before it; set \
                     its tool_call_id to the id of that call"
                ));
            };
            open.remove(place);
            continue;
        }
        if let Some(id) = open.first() {
            return refused(unanswered(id));
        }
        open.extend(message.tool_calls.iter().map(|call| call.id.as_str()));
    }
    open.first().map_or(Ok(()), |id| refused(unanswered(id)))
}

fn unanswered(id: &str) -> String {
    format!("the call \"{id}\" has no result; add a tool message with its id right after it")
}

/// What a sub-agent is given: the last words of the conversation, then the task.
pub(super) fn delegation(messages: &[Message], limit: usize, task: &str) -> Vec<Message> {
    let speaks = |message: &&Message| {
        matches!(message.role, Role::User | Role::Assistant) && !message.words().is_empty()
    };
    let mut context: Vec<Message> = messages
        .iter()
        .rev()
        .filter(speaks)
        .take(limit)
        // A call without its result would make the sub-agent's conversation invalid.
        .map(|message| Message::text(message.role, message.words()))
        .collect();
    context.reverse();
    // A task passed on word for word would be asked twice.
    if context.last().is_some_and(|last| last.words() == task) {
        context.pop();
    }
    context.push(Message::text(Role::TaskDelegation, task));
    context
}

#[cfg(test)]
mod tests {
    use api::chat::{FunctionCall, ToolCall};

    use super::*;

    fn request(messages: Vec<Message>) -> ChatRequest {
        ChatRequest {
            messages,
            ..ChatRequest::default()
        }
    }

    #[test]
    fn a_request_needs_somebody_who_asks() {
        let nobody = request(vec![Message::text(Role::Assistant, "hi")]);
        assert!(matches!(
            Asked::parse(&nobody),
            Err(ChatError::Incomplete(_))
        ));
        assert!(matches!(
            Asked::parse(&request(vec![])),
            Err(ChatError::Incomplete(_))
        ));
    }

    #[test]
    fn the_callers_system_prompt_follows_the_agents_own() {
        let asked = Asked::parse(&request(vec![
            Message::text(Role::System, "Answer in French."),
            Message::text(Role::Developer, "Be brief."),
            Message::text(Role::User, "hello"),
        ]))
        .unwrap();
        assert!(asked.wants_history());
        let remembered = vec![Message::text(Role::User, "earlier")];
        let words: Vec<_> = asked
            .conversation("You help.", remembered)
            .iter()
            .map(Message::words)
            .collect();
        assert_eq!(
            words,
            [
                "You help.\n\n## User-Provided System Prompt\nAnswer in French.\n\nBe brief.",
                "earlier",
                "hello"
            ]
        );
    }

    #[test]
    fn a_conversation_that_is_replayed_is_what_was_sent_word_for_word() {
        let sent = vec![
            Message::text(Role::System, "You help, briefly."),
            Message::text(Role::User, "first"),
            Message::text(Role::Assistant, "second"),
            Message::text(Role::User, "third"),
        ];
        let asked = Asked::parse(&request(sent.clone())).unwrap();
        assert_eq!(asked.sent_messages(), sent);
    }

    #[test]
    fn a_call_without_its_result_is_refused_before_the_model_sees_it() {
        let call = |id: &str| ToolCall {
            id: id.to_owned(),
            kind: "function".to_owned(),
            function: FunctionCall::default(),
        };
        let ask = Message::text(Role::User, "2 + 2?");
        let calls = Message {
            tool_calls: vec![call("a"), call("b")],
            ..Message::text(Role::Assistant, "")
        };
        let result = |id: &str| Message::tool_result(id, "4");
        let parse = |messages: &[Message]| Asked::parse(&request(messages.to_vec()));
        let whole = [ask.clone(), calls.clone(), result("b"), result("a")];
        assert!(parse(&whole).is_ok());
        for wrong in [
            &whole[..3],
            &[ask.clone(), result("a")],
            &[calls, result("a"), ask, result("b")],
        ] {
            let refused = matches!(parse(wrong), Err(ChatError::Refuse { .. }));
            assert!(refused, "{wrong:?}");
        }
    }

    #[test]
    fn a_delegated_task_reaches_the_model_as_a_users_message() {
        let asked =
            Asked::parse(&request(vec![Message::text(Role::TaskDelegation, "look")])).unwrap();
        assert!(asked.is_delegation);
        assert!(!asked.wants_history());
        assert_eq!(
            asked.conversation("", vec![]),
            [Message::text(Role::User, "look")]
        );
    }

    #[test]
    fn a_task_passed_on_word_for_word_is_asked_once() {
        let messages = [Message::text(Role::User, "look")];
        let asked = delegation(&messages, 6, "look");
        assert_eq!(asked, [Message::text(Role::TaskDelegation, "look")]);
    }

    #[test]
    fn a_sub_agent_sees_words_but_no_half_of_a_call() {
        let messages = [
            Message::text(Role::System, "prompt"),
            Message::text(Role::User, "first"),
            Message::text(Role::User, "second"),
            Message {
                content: None,
                ..Message::text(Role::Assistant, "")
            },
            Message::tool_result("call_1", "4"),
        ];
        let words: Vec<_> = delegation(&messages, 1, "task")
            .iter()
            .map(Message::words)
            .collect();
        assert_eq!(words, ["second", "task"]);
    }
}
