//! The turn: what an agent does next, decided without doing anything.
//!
//! [`Turn::next`] takes what happened and says what to do. It holds the conversation and keeps it
//! valid: every call the model asks for has an id of its own and gets exactly one result, in the
//! order of the calls, before the model is asked again. It always ends: each question to the model
//! uses up a step, and after the last step the model is asked once more without tools.

mod answer;
pub(crate) mod fences;
mod limit;
pub(crate) mod native;
#[cfg(test)]
mod tests;
mod understand;

use std::{collections::HashSet, sync::Arc, time::Duration};

use api::chat::{Content, Message, Role, ToolCall, Usage};
use serde_json::{Map, Value};

use self::understand::understand;
pub(crate) use self::{
    answer::{Answer, Finish},
    limit::{Bounds, Limit},
};
use crate::catalog::Catalog;

/// Questions with arguments that are no JSON object, in a row, before the turn gives up.
const MAX_MALFORMED: u32 = 2;
/// The longest id of a call that OpenAI takes back.
const MAX_CALL_ID: usize = 40;
/// What the model is told of a call of the caller's tool beside calls of our own.
const NOT_YET: &str = "not called yet: this tool runs at the user's side; call it again, alone";

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The turn begins.
    Started,
    /// The model answered.
    ModelAnswered(ModelAnswer),
    /// Every call of [`Step::Call`] has its result.
    CallsFinished {
        /// What the model is told, in the order of the calls.
        results: Vec<String>,
        /// Tokens used by sub-agents.
        usage: Usage,
    },
    /// The time was up before what was under way came to an end.
    TimeRanOut {
        /// What the model had said of its answer, if it was speaking.
        words: String,
    },
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
    /// A limit was reached: it has to answer with what it knows.
    Nothing(Limit),
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

/// One turn of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    catalog: Arc<Catalog>,
    bounds: Bounds,
    messages: Vec<Message>,
    step: u32,
    calls: u32,
    malformed: u32,
    /// Set when the model has its last word.
    reached: Option<Limit>,
    /// The calls that wait for results; some have one already because they are not made.
    pending: Vec<(String, Option<String>)>,
    call_ids: HashSet<String>,
    /// What the model said last in this turn.
    words: String,
    usage: Usage,
}

impl Turn {
    /// A turn that goes on from `messages`.
    pub(crate) fn new(catalog: Arc<Catalog>, bounds: Bounds, messages: Vec<Message>) -> Self {
        let call_ids = messages
            .iter()
            .flat_map(|message| message.tool_calls.iter().map(|call| call.id.clone()))
            .collect();
        Self {
            catalog,
            bounds,
            messages,
            step: 0,
            calls: 0,
            malformed: 0,
            reached: None,
            pending: Vec::new(),
            call_ids,
            words: String::new(),
            usage: Usage::default(),
        }
    }

    /// The conversation as the model is to see it.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Takes what happened, and how long after the beginning, and says what to do.
    pub(crate) fn next(&mut self, event: Event, elapsed: Duration) -> Step {
        match event {
            Event::Started => self.ask(elapsed),
            Event::ModelAnswered(answer) => self.answered(answer, elapsed),
            Event::CallsFinished { results, usage } => {
                self.usage += usage;
                self.finish_calls(results, elapsed)
            }
            Event::TimeRanOut { words } => {
                self.give_results(Vec::new());
                self.out_of_time(words)
            }
        }
    }

    fn ask(&mut self, elapsed: Duration) -> Step {
        if elapsed >= self.bounds.runtime {
            return self.out_of_time(String::new());
        }
        self.step += 1;
        if let Some(limit) = self.bounds.used_up(self.usage) {
            self.reached = Some(limit);
        } else if self.step > self.bounds.steps {
            self.reached = Some(Limit::Steps);
        }
        Step::AskModel {
            step: self.step,
            offer: self.reached.map_or(Offer::Everything, Offer::Nothing),
        }
    }

    fn answered(&mut self, answer: ModelAnswer, elapsed: Duration) -> Step {
        let ModelAnswer {
            content,
            calls,
            finish_reason,
            usage,
        } = answer;
        self.usage += usage;
        if let Some(limit) = self.reached {
            return self.done(content, Finish::Limit(limit));
        }
        if calls.is_empty() {
            let reason = finish_reason.filter(|reason| reason != "tool_calls");
            let reason = reason.unwrap_or_else(|| "stop".to_owned());
            return Step::Done(self.answer(content, Finish::Model(reason)));
        }
        if elapsed >= self.bounds.runtime {
            return self.out_of_time(content);
        }
        let calls = self.with_own_ids(calls);
        let is_callers = |call: &ToolCall| self.catalog.is_callers(&call.function.name);
        if calls.iter().all(is_callers) {
            let answer = self.answer(content, Finish::CallersTools);
            return Step::Done(Answer { calls, ..answer });
        }
        self.call(content, calls, elapsed)
    }

    /// Calls what may be called. The others have their results at once.
    fn call(&mut self, content: String, asked: Vec<ToolCall>, elapsed: Duration) -> Step {
        let mut calls = Vec::new();
        for call in &asked {
            let objection = if self.catalog.is_callers(&call.function.name) {
                Some(NOT_YET.to_owned())
            } else {
                self.objection()
            };
            if objection.is_none() {
                self.calls += 1;
                calls.push(Call {
                    id: call.id.clone(),
                    action: understand(&self.catalog, call),
                });
            }
            self.pending.push((call.id.clone(), objection));
        }
        let is_bad = |call: &Call| matches!(call.action, Action::BadArguments { .. });
        self.malformed = if calls.iter().any(is_bad) {
            self.malformed + 1
        } else {
            0
        };
        if !content.is_empty() {
            self.words.clone_from(&content);
        }
        self.messages.push(Message {
            role: Role::Assistant,
            content: (!content.is_empty()).then_some(Content::Text(content)),
            tool_calls: asked,
            tool_call_id: None,
            name: None,
        });
        if calls.is_empty() {
            return self.finish_calls(Vec::new(), elapsed);
        }
        Step::Call(calls)
    }

    /// Why no further call may be made, if so; then the model has its last word.
    fn objection(&mut self) -> Option<String> {
        if let Some(limit) = self.bounds.used_up(self.usage) {
            self.reached = Some(limit);
            let what = match limit {
                Limit::Cost => "money",
                Limit::Tokens | Limit::Steps | Limit::Runtime | Limit::ToolCalls => "tokens",
            };
            Some(format!("not called: this run has used up its {what}"))
        } else if self.calls >= self.bounds.calls {
            self.reached = Some(Limit::ToolCalls);
            let most = self.bounds.calls;
            Some(format!("not called: this run may make {most} calls"))
        } else {
            None
        }
    }

    /// Models are known to leave ids out, to repeat them, and to make them longer than others allow.
    fn with_own_ids(&mut self, calls: Vec<ToolCall>) -> Vec<ToolCall> {
        calls
            .into_iter()
            .map(|mut call| {
                let mut number = self.call_ids.len();
                let is_usable = |id: &str| !id.is_empty() && id.len() <= MAX_CALL_ID;
                while !is_usable(&call.id) || !self.call_ids.insert(call.id.clone()) {
                    call.id = format!("call_{number}");
                    number += 1;
                }
                call
            })
            .collect()
    }

    fn finish_calls(&mut self, results: Vec<String>, elapsed: Duration) -> Step {
        self.give_results(results);
        if self.malformed >= MAX_MALFORMED {
            return self.done(String::new(), Finish::MalformedCalls);
        }
        self.ask(elapsed)
    }

    fn give_results(&mut self, results: Vec<String>) {
        let mut results = results.into_iter();
        for (id, known) in std::mem::take(&mut self.pending) {
            // A result that is missing would make the conversation invalid for every model.
            let text = known.or_else(|| results.next());
            let text = text.unwrap_or_else(|| "no result".to_owned());
            self.messages.push(Message::tool_result(id, text));
        }
    }

    fn out_of_time(&mut self, words: String) -> Step {
        self.done(words, Finish::Limit(Limit::Runtime))
    }

    /// Ends the turn with `content`, or else with what the model said last.
    fn done(&mut self, content: String, finish: Finish) -> Step {
        let content = if content.is_empty() {
            std::mem::take(&mut self.words)
        } else {
            content
        };
        Step::Done(self.answer(content, finish))
    }

    fn answer(&self, content: String, finish: Finish) -> Answer {
        Answer {
            content,
            calls: Vec::new(),
            finish,
            usage: self.usage,
        }
    }
}
