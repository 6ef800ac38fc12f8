//! The turn: what an agent does next, decided without doing anything.
//!
//! [`Turn::next`] takes what happened and says what to do. It holds the conversation and keeps it
//! valid: every call the model asks for has an id of its own and gets exactly one result, in the
//! order of the calls, before the model is asked again. It always ends: each question to the model
//! uses up a step, and after the last step the model is asked once more without tools.

use std::{collections::HashSet, sync::Arc};

use api::chat::{Content, Message, Role, ToolCall, Usage};
use serde_json::{Map, Value};

use crate::catalog::{Catalog, DELEGATE};

/// Questions with arguments that are no JSON object, in a row, before the turn gives up.
const MAX_MALFORMED: u32 = 2;

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The turn begins.
    Started,
    /// The model answered.
    ModelAnswered(ModelAnswer),
    /// Every call of [`Step::Call`] has its result, in the same order.
    CallsFinished(Vec<String>),
}

/// What the model said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ModelAnswer {
    /// Its words; empty when it only calls.
    pub(crate) content: String,
    /// The calls it asks for.
    pub(crate) calls: Vec<ToolCall>,
    /// Why it stopped, in its own word.
    pub(crate) finish_reason: Option<String>,
    /// Tokens used.
    pub(crate) usage: Usage,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Ask the model with [`Turn::messages`].
    AskModel {
        /// Counts from 1.
        step: u32,
        /// Whether it may call functions.
        offer: Offer,
    },
    /// Make these calls, in parallel if wanted.
    Call(Vec<Call>),
    /// The turn ended.
    Done(Answer),
}

/// Whether the model may call functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// It may call everything in the catalog.
    Everything,
    /// It has to answer with what it knows.
    Nothing,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Unique in the turn.
    pub(crate) id: String,
    /// What is called.
    pub(crate) action: Action,
}

/// What a call does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Calls a tool.
    Tool {
        /// Name of the `MCPServer`.
        server: String,
        /// Name of the tool there.
        name: String,
        /// Its arguments.
        arguments: Map<String, Value>,
    },
    /// Hands a task to an agent that may be asked.
    Delegate {
        /// Name of the agent.
        agent: String,
        /// What it is to do.
        task: String,
    },
    /// The model invented a tool.
    UnknownTool {
        /// The name it invented.
        name: String,
        /// What the model is told.
        problem: String,
    },
    /// The model invented an agent.
    UnknownAgent {
        /// The name it invented.
        name: String,
        /// What the model is told.
        problem: String,
    },
    /// The arguments cannot be understood.
    BadArguments {
        /// Name of the function.
        name: String,
        /// What the model is told.
        problem: String,
    },
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The words.
    pub(crate) content: String,
    /// Why it ended.
    pub(crate) finish: Finish,
    /// Tokens used by all questions to the model.
    pub(crate) usage: Usage,
    /// Questions to the model.
    pub(crate) steps: u32,
}

/// Why a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model answered; its own word for why it stopped.
    Model(String),
    /// The steps were used up and the model summed up what it knew.
    MaxSteps,
    /// The model kept sending arguments that are no JSON.
    MalformedCalls,
}

impl Finish {
    /// OpenAI's `finish_reason`.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Model(reason) => reason,
            Self::MaxSteps => "length",
            Self::MalformedCalls => "error",
        }
    }
}

/// One turn of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    catalog: Arc<Catalog>,
    max_steps: u32,
    messages: Vec<Message>,
    step: u32,
    malformed: u32,
    pending: Vec<String>,
    call_ids: HashSet<String>,
    usage: Usage,
}

impl Turn {
    /// A turn that goes on from `messages`.
    pub(crate) fn new(catalog: Arc<Catalog>, max_steps: u32, messages: Vec<Message>) -> Self {
        let call_ids = messages
            .iter()
            .flat_map(|message| message.tool_calls.iter().map(|call| call.id.clone()))
            .collect();
        Self {
            catalog,
            max_steps,
            messages,
            step: 0,
            malformed: 0,
            pending: Vec::new(),
            call_ids,
            usage: Usage::default(),
        }
    }

    /// The conversation as the model is to see it.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Takes what happened and says what to do.
    pub(crate) fn next(&mut self, event: Event) -> Step {
        match event {
            Event::Started => self.ask(),
            Event::ModelAnswered(answer) => self.answered(answer),
            Event::CallsFinished(results) => {
                self.finish_calls(results);
                if self.malformed >= MAX_MALFORMED {
                    return self.done(String::new(), Finish::MalformedCalls);
                }
                self.ask()
            }
        }
    }

    fn ask(&mut self) -> Step {
        self.step += 1;
        let offer = if self.step > self.max_steps {
            Offer::Nothing
        } else {
            Offer::Everything
        };
        Step::AskModel {
            step: self.step,
            offer,
        }
    }

    fn answered(&mut self, answer: ModelAnswer) -> Step {
        self.usage += answer.usage;
        if self.step > self.max_steps {
            return self.done(answer.content, Finish::MaxSteps);
        }
        if answer.calls.is_empty() {
            let reason = answer.finish_reason.unwrap_or_else(|| "stop".to_owned());
            return self.done(answer.content, Finish::Model(reason));
        }
        let tool_calls = self.with_own_ids(answer.calls);
        let calls: Vec<Call> = tool_calls
            .iter()
            .map(|call| self.understand(call))
            .collect();
        let is_bad = |call: &Call| matches!(call.action, Action::BadArguments { .. });
        self.malformed = if calls.iter().any(is_bad) {
            self.malformed + 1
        } else {
            0
        };
        self.pending = calls.iter().map(|call| call.id.clone()).collect();
        self.messages.push(Message {
            role: Role::Assistant,
            content: (!answer.content.is_empty()).then_some(Content::Text(answer.content)),
            tool_calls,
            tool_call_id: None,
            name: None,
        });
        Step::Call(calls)
    }

    /// Models are known to leave ids out and to repeat them.
    fn with_own_ids(&mut self, calls: Vec<ToolCall>) -> Vec<ToolCall> {
        calls
            .into_iter()
            .map(|mut call| {
                let mut number = self.call_ids.len();
                while call.id.is_empty() || !self.call_ids.insert(call.id.clone()) {
                    call.id = format!("call_{number}");
                    number += 1;
                }
                call
            })
            .collect()
    }

    fn understand(&self, call: &ToolCall) -> Call {
        let name = call.function.name.as_str();
        let action = if name == DELEGATE && self.catalog.delegates() {
            self.understand_delegation(&call.function.arguments)
        } else if let Some(tool) = self.catalog.tool(name) {
            match parse_arguments(&call.function.arguments) {
                Ok(arguments) => Action::Tool {
                    server: tool.server.clone(),
                    name: tool.name.clone(),
                    arguments,
                },
                Err(problem) => Action::BadArguments {
                    name: tool.name.clone(),
                    problem,
                },
            }
        } else {
            let available = self.catalog.function_names();
            let problem = format!("Tool '{name}' not found. Available: {available}");
            Action::UnknownTool {
                name: name.to_owned(),
                problem,
            }
        };
        Call {
            id: call.id.clone(),
            action,
        }
    }

    fn understand_delegation(&self, arguments: &str) -> Action {
        let bad = |problem| Action::BadArguments {
            name: DELEGATE.to_owned(),
            problem,
        };
        let arguments = match parse_arguments(arguments) {
            Ok(arguments) => arguments,
            Err(problem) => return bad(problem),
        };
        let text = |key| {
            arguments
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        match (text("agent"), text("task")) {
            (Some(agent), Some(task)) if self.catalog.peer(&agent).is_some() => {
                Action::Delegate { agent, task }
            }
            (Some(name), Some(_)) => {
                let available = self.catalog.peer_names();
                let problem = format!("Sub-agent '{name}' not found. Available: {available}");
                Action::UnknownAgent { name, problem }
            }
            (_, _) => bad("\"agent\" and \"task\" are required, both as text".to_owned()),
        }
    }

    fn finish_calls(&mut self, results: Vec<String>) {
        let mut results = results.into_iter();
        for id in std::mem::take(&mut self.pending) {
            // A result that is missing would make the conversation invalid for every model.
            let text = results.next().unwrap_or_else(|| "no result".to_owned());
            self.messages.push(Message::tool_result(id, text));
        }
    }

    fn done(&mut self, content: String, finish: Finish) -> Step {
        Step::Done(Answer {
            content,
            finish,
            usage: self.usage,
            steps: self.step,
        })
    }
}

/// Models send an empty text when a function has no arguments.
fn parse_arguments(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text)
        .map_err(|error| format!("the arguments are no JSON object ({error}); send them again"))
}

#[cfg(test)]
mod tests;
