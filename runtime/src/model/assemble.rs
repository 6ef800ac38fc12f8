//! Puts the pieces of a streamed answer together.

use api::chat::{ChatChunk, FunctionCall, ToolCall, ToolCallDelta, Usage};

use super::Reply;
use crate::turn::ModelAnswer;

/// More calls in one answer than any real model makes; a bound against garbage.
const MAX_CALLS: usize = 128;

/// The pieces so far.
#[derive(Default)]
pub(super) struct Assembly {
    id: String,
    model: String,
    content: String,
    calls: Vec<ToolCall>,
    finish_reason: Option<String>,
    usage: Usage,
}

impl Assembly {
    /// Adds a piece; returns its words, if it has some.
    pub(super) fn add(&mut self, chunk: ChatChunk) -> Option<String> {
        if let Some(usage) = chunk.usage {
            self.usage = usage;
        }
        if self.id.is_empty() {
            self.id = chunk.id;
            self.model = chunk.model;
        }
        let choice = chunk.choices.into_iter().next()?;
        if choice.finish_reason.is_some() {
            self.finish_reason = choice.finish_reason;
        }
        for call in choice.delta.tool_calls {
            self.add_call(call);
        }
        let text = choice.delta.content.filter(|text| !text.is_empty())?;
        self.content.push_str(&text);
        Some(text)
    }

    fn add_call(&mut self, piece: ToolCallDelta) {
        let index = piece.index as usize;
        if index >= MAX_CALLS {
            return;
        }
        while self.calls.len() <= index {
            self.calls.push(ToolCall {
                id: String::new(),
                kind: "function".to_owned(),
                function: FunctionCall::default(),
            });
        }
        let call = &mut self.calls[index];
        if let Some(id) = piece.id {
            call.id = id;
        }
        if let Some(function) = piece.function {
            call.function
                .name
                .push_str(function.name.as_deref().unwrap_or_default());
            call.function
                .arguments
                .push_str(function.arguments.as_deref().unwrap_or_default());
        }
    }

    /// How long it is so far.
    pub(super) fn bytes(&self) -> usize {
        let calls = self.calls.iter().map(|call| &call.function);
        let calls = calls.map(|function| function.name.len() + function.arguments.len());
        self.content.len() + calls.sum::<usize>()
    }

    /// Whether the model said why it stopped.
    pub(super) fn is_finished(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// The whole answer.
    pub(super) fn finish(self) -> Reply {
        Reply {
            answer: ModelAnswer {
                content: self.content,
                calls: self.calls,
                finish_reason: self.finish_reason,
                usage: self.usage,
            },
            id: self.id,
            model: self.model,
            asked: String::new(),
        }
    }
}
