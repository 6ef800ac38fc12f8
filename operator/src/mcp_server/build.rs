//! Step 3: builds the plan. Pure, and cannot fail, because everything was decided before.

use api::plan::{McpServerPlan, ResourceId, TelemetryPlan};
use api::resources::{Container, McpServerSpec};

use super::validate::ValidMcpServer;

/// The plan of the MCP server `id`.
pub(super) fn build(id: &ResourceId, spec: &McpServerSpec, valid: ValidMcpServer) -> McpServerPlan {
    let ValidMcpServer { runtime, env } = valid;
    McpServerPlan {
        id: id.clone(),
        runtime,
        env,
        call_timeout: spec.call_timeout(),
        memory: spec.container.as_ref().and_then(Container::memory_limit),
        telemetry: TelemetryPlan::of(spec.telemetry.as_ref()),
    }
}
