//! Tools, and calls of them.

use std::{collections::HashMap, sync::Arc};

use api::replay;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a server offers to call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    #[serde(default)]
    pub description: String,
    /// JSON schema of its arguments.
    pub input_schema: Value,
    /// What else the server says of it, for those who speak MCP.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Where `python_string/serve.py` says what is wrong with a function that works all the same.
const WARNING: &str = "kaos.tools/warning";

impl Tool {
    /// What whoever wrote the tool should know of it.
    pub fn warning(&self) -> Option<&str> {
        self.rest.get("_meta")?.get(WARNING)?.as_str()
    }

    /// Whether it says of itself that it destroys something.
    pub fn is_destructive(&self) -> bool {
        let annotations = self.rest.get("annotations");
        annotations.is_some_and(replay::is_destructive)
    }
}

/// The tools of a server, as one of its states has them.
pub type Tools = Arc<[Arc<Tool>]>;

/// One call of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolRequest {
    /// Which tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// `traceparent`, `tracestate` and `baggage` of the caller; they go along as `_meta`.
    pub trace_context: HashMap<String, String>,
}
