//! How an agent and its model talk about calls: natively, or in fenced blocks.
//!
//! In the mode `auto` an agent begins natively. A model that cannot do that says so, or writes a
//! block without having been told of blocks; from then on the agent knows.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use api::{chat::ToolDefinition, plan::AgentPlan, resources::agent::ToolCallMode};
use http::StatusCode;

use crate::{
    model::ModelError,
    turn::{
        ModelAnswer,
        fences::{self, Parts},
    },
};

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// As function calls of the API.
    Native,
    /// As fenced blocks in the text.
    Fences,
}

/// The models of an agent that turned out to know no function calls; clones share what they learn.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned(Arc<RwLock<HashSet<(String, String)>>>);

impl Learned {
    /// How to talk to a model at the model API of this plan.
    pub(super) fn speech(&self, plan: &AgentPlan, model: &str) -> Speech {
        match plan.tool_call_mode {
            ToolCallMode::Native => Speech::Native,
            ToolCallMode::String => Speech::Fences,
            ToolCallMode::Auto => {
                let learned = self.0.read().unwrap_or_else(PoisonError::into_inner);
                if learned.contains(&place(plan, model)) {
                    Speech::Fences
                } else {
                    Speech::Native
                }
            }
        }
    }

    /// Remembers that a model knows no function calls.
    pub(super) fn learn(&self, plan: &AgentPlan, model: &str) {
        let mut learned = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if learned.insert(place(plan, model)) {
            tracing::warn!(
                "{model} knows no function calls; tools are offered in the text from now on"
            );
        }
    }
}

fn place(plan: &AgentPlan, model: &str) -> (String, String) {
    (plan.model_api_url.clone(), model.to_owned())
}

/// Whether a model API refused a question because of the functions in it.
pub(super) fn refuses_functions(error: &ModelError) -> bool {
    let ModelError::Refuse {
        status, message, ..
    } = error
    else {
        return false;
    };
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    // Some routers look for a model with tools and do not find one.
    let statuses = [
        StatusCode::BAD_REQUEST,
        StatusCode::NOT_FOUND,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    statuses.contains(status)
        && says(&["tool", "function"])
        && says(&[
            "support",
            "requires",
            "not allowed",
            "unrecognized",
            "unknown",
        ])
}

/// The answer with its blocks taken out; `None` when they are no calls of a native speaker.
pub(super) fn read_blocks(
    speech: Speech,
    answer: &ModelAnswer,
    offered: &[ToolDefinition],
) -> Option<Parts> {
    let parts = fences::read(&answer.content);
    let is_offered = |name: &str| offered.iter().any(|tool| tool.function.name == name);
    let calls = || parts.calls.iter().map(|call| call.function.name.as_str());
    let is_meant = match speech {
        Speech::Native => answer.calls.is_empty() && calls().any(is_offered),
        Speech::Fences => !parts.calls.is_empty(),
    };
    is_meant.then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: StatusCode, message: &str) -> ModelError {
        ModelError::Refuse {
            status,
            message: message.to_owned(),
            code: None,
            retry_after: None,
        }
    }

    #[test]
    fn a_refusal_of_functions_is_told_from_others() {
        for message in [
            "registry.ollama.ai/library/gemma:2b does not support tools",
            "\"auto\" tool choice requires --enable-auto-tool-choice",
            "Unsupported parameter: 'functions'",
        ] {
            assert!(
                refuses_functions(&refusal(StatusCode::BAD_REQUEST, message)),
                "{message}"
            );
        }
        for (status, message) in [
            (StatusCode::BAD_REQUEST, "Invalid schema for function 'add'"),
            (StatusCode::BAD_REQUEST, "temperature is not supported"),
            (
                StatusCode::UNAUTHORIZED,
                "tools are not supported for this key",
            ),
        ] {
            assert!(!refuses_functions(&refusal(status, message)), "{message}");
        }
    }

    #[test]
    fn a_native_speaker_may_show_a_block_that_is_no_call() {
        let answer = ModelAnswer {
            content: "Write ```tool_call\n{\"tool\": \"example\"}\n```".to_owned(),
            ..ModelAnswer::default()
        };
        assert_eq!(read_blocks(Speech::Native, &answer, &[]), None);
        assert!(read_blocks(Speech::Fences, &answer, &[]).is_some());
    }
}
