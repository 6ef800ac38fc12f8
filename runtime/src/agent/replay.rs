//! A run that goes on from the middle of an earlier one.
//!
//! The conversation is the request's own, word for word. What is different besides is which model is
//! asked, and what becomes of the calls it makes.

use api::{
    attributes::key,
    chat::{Message, ToolCall},
    replay::{Calls, FIELD, OWN_FIELD, Replay},
};
use opentelemetry::KeyValue;
use serde_json::{Map, Value};

use super::{calls::Failure, error::ChatError, run::Run};
use crate::turn::{Action, Call};

/// What a request says of a replay. Takes it out of the body, so that the model does not see it.
pub(super) fn take(rest: &mut Map<String, Value>) -> Result<Option<Replay>, ChatError> {
    let own = rest.get_mut(OWN_FIELD).and_then(Value::as_object_mut);
    let Some(said) = own.and_then(|own| own.remove(FIELD)) else {
        return Ok(None);
    };
    let replay = serde_json::from_value(said).map_err(|error| ChatError::Refuse {
        param: OWN_FIELD,
        message: format!("{OWN_FIELD}.{FIELD} cannot be used: {error}"),
    })?;
    Ok(Some(replay))
}

/// Which run is replayed, and from where.
pub(super) fn attributes(replay: &Replay) -> [KeyValue; 2] {
    [
        KeyValue::new(key::REPLAY_TRACE_ID, replay.trace_id.clone()),
        KeyValue::new(key::REPLAY_SPAN_ID, replay.span_id.clone()),
    ]
}

impl Run {
    /// The model that is asked.
    pub(super) fn model(&self) -> &str {
        let own = &self.agent.plan.model;
        self.replay
            .as_ref()
            .and_then(|replay| replay.model.as_ref())
            .unwrap_or(own)
    }

    /// The models that are asked when that one fails.
    pub(super) fn fallbacks(&self) -> &[String] {
        if self.model() == self.agent.plan.model {
            &self.agent.plan.fallback_models
        } else {
            &[]
        }
    }

    /// What stands for the outcome of a call that a replay does not make.
    pub(super) fn instead(&self, call: &Call, said: &[Message]) -> Option<Result<String, Failure>> {
        match &self.replay.as_ref()?.calls {
            calls @ Calls::Recorded { .. } => {
                let asked = said.iter().rev().flat_map(|message| &message.tool_calls);
                let asked = asked.into_iter().find(|asked| asked.id == call.id);
                Some(recorded(calls, asked))
            }
            Calls::Made { allowed } => {
                let name = self.to_be_allowed(&call.action)?;
                if allowed.contains(&name) {
                    return None;
                }
                let message = format!("not called: this replay does not allow {name}");
                Some(Err(Failure::new("NotAllowed", message)))
            }
        }
    }

    /// The name by which a call has to be allowed, where it has to be.
    fn to_be_allowed(&self, action: &Action) -> Option<String> {
        match action {
            Action::Tool { server, name, .. } => {
                let (tools, _) = self.agent.tools();
                let mut tools = tools.iter();
                let tool = tools.find(|tool| *tool.server == **server && tool.tool.name == *name);
                let is_destructive = tool.is_some_and(|tool| tool.tool.is_destructive());
                is_destructive.then(|| format!("{server}/{name}"))
            }
            Action::Delegate { agent, .. } => Some(agent.clone()),
            Action::UnknownTool { .. }
            | Action::UnknownAgent { .. }
            | Action::BadArguments { .. } => None,
        }
    }
}

/// Whether what stands for the outcome of a call is its recorded result.
pub(super) fn is_recorded(instead: Option<&Result<String, Failure>>) -> bool {
    matches!(instead, Some(Ok(_)))
}

fn recorded(calls: &Calls, asked: Option<&ToolCall>) -> Result<String, Failure> {
    let result = asked.and_then(|asked| {
        let arguments = serde_json::from_str(&asked.function.arguments).ok()?;
        calls.recorded(&asked.function.name, &arguments)
    });
    result.map(ToOwned::to_owned).ok_or_else(|| {
        let message = "not called: nothing is called in this replay, and no result of this call \
                       was recorded";
        Failure::new("NotRecorded", message)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_model_does_not_see_that_it_is_asked_again() {
        let mut body = json!({
            "seed": 7, "kaos": {"max_steps": 2, "replay": {"trace_id": "a", "span_id": "b"}}
        });
        let rest = body.as_object_mut().unwrap();
        let replay = take(rest).unwrap().unwrap();
        assert_eq!(replay.calls, Calls::default());
        assert_eq!(body, json!({"seed": 7, "kaos": {"max_steps": 2}}));
    }

    #[test]
    fn a_replay_that_cannot_be_understood_is_refused() {
        let mut body = json!({"kaos": {"replay": {"trace": "a"}}});
        let refused = take(body.as_object_mut().unwrap());
        assert!(matches!(
            refused,
            Err(ChatError::Refuse { param: "kaos", .. })
        ));
        assert_eq!(take(&mut Map::new()).unwrap(), None);
    }
}
