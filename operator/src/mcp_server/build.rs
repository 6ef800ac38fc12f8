//! Step 3: builds the plan. Pure, and cannot fail, because everything was decided before.

use std::time::Duration;

use api::plan::{McpServerPlan, ResourceId};

use super::validate::ValidMcpServer;

/// The plan of the MCP server `id`.
pub(super) fn build(
    id: &ResourceId,
    valid: ValidMcpServer,
    call_timeout: Duration,
) -> McpServerPlan {
    let ValidMcpServer { runtime, env } = valid;
    McpServerPlan {
        id: id.clone(),
        runtime,
        env,
        call_timeout,
    }
}
