//! Step 4: says what became of the MCP server. Pure.

use api::resources::McpServerStatus;

use crate::report::{Before, Common, Outcome, describe};

/// The MCP server's status.
pub(super) fn build(outcome: &Outcome, before: &Before<'_>) -> McpServerStatus {
    let Common {
        phase,
        ready,
        endpoint,
        message,
        conditions,
        observed_generation,
    } = describe(outcome, before);
    let available_tools = match outcome {
        Outcome::Blocked(_) => Vec::new(),
        Outcome::Applied { running, .. } => running.tools.clone(),
    };
    McpServerStatus {
        phase,
        ready,
        endpoint,
        message,
        available_tools,
        conditions,
        observed_generation,
    }
}
