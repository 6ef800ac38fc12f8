//! What a request to an agent says that goes on from the middle of an earlier run.
//!
//! Its messages are the whole conversation as the model is to see it: nothing of the agent's own is
//! added to them. Calls the model makes from then on are made, or answered with what was recorded.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The field of [`OWN_FIELD`] that holds a [`Replay`].
pub const FIELD: &str = "replay";
/// Our own object in the body of a chat request.
pub const OWN_FIELD: &str = "kaos";

/// A run that begins at a call of a model of an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Trace of the earlier run, as 32 hexadecimal digits.
    pub trace_id: String,
    /// The call of its model that is made again, as 16 hexadecimal digits.
    pub span_id: String,
    /// The model to ask instead of the agent's own, at the same model API and without fallbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What becomes of the calls that the model makes.
    #[serde(default)]
    pub calls: Calls,
}

/// What becomes of the calls that a model makes in a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// They are made. Tools that say they destroy something, and other agents, are called only when
    /// they are named here: a tool as `server/tool`, an agent by its name.
    Made {
        /// What may be called besides.
        allowed: Vec<String>,
    },
    /// None is made: each is answered with the recorded result of the same call.
    Recorded {
        /// All results there are.
        results: Vec<RecordedCall>,
    },
}

impl Default for Calls {
    /// Nothing is made, and nothing was recorded.
    fn default() -> Self {
        Self::Recorded {
            results: Vec::new(),
        }
    }
}

/// A call of a function, and what the model was told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCall {
    /// The function, under the name it was offered to the model.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
    /// What the model was told.
    pub result: String,
}

impl Calls {
    /// The recorded result of a call with exactly these arguments.
    pub fn recorded(&self, name: &str, arguments: &Value) -> Option<&str> {
        let Self::Recorded { results } = self else {
            return None;
        };
        let same = results
            .iter()
            .find(|call| call.name == name && call.arguments == *arguments);
        same.map(|call| call.result.as_str())
    }
}

/// Whether the annotations of a tool say that it destroys something.
pub fn is_destructive(annotations: &Value) -> bool {
    annotations["destructiveHint"] == true && annotations["readOnlyHint"] != true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_answered_only_with_the_result_of_the_same_call() {
        let calls = Calls::Recorded {
            results: vec![RecordedCall {
                name: "add".to_owned(),
                arguments: json!({"a": 1, "b": 2}),
                result: "3".to_owned(),
            }],
        };
        assert_eq!(calls.recorded("add", &json!({"b": 2, "a": 1})), Some("3"));
        assert_eq!(calls.recorded("add", &json!({"a": 1, "b": 3})), None);
        assert_eq!(calls.recorded("sub", &json!({"a": 1, "b": 2})), None);
    }

    #[test]
    fn a_tool_that_only_reads_destroys_nothing_whatever_else_it_says() {
        assert!(is_destructive(&json!({"destructiveHint": true})));
        assert!(!is_destructive(
            &json!({"destructiveHint": true, "readOnlyHint": true})
        ));
        assert!(!is_destructive(&Value::Null));
    }
}
