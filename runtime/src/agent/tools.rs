//! The tools an agent has now.

use std::sync::Arc;

use api::plan::ResourceId;

use super::Agent;
use crate::{catalog::CatalogTool, mcp::McpState};

impl Agent {
    /// The tools of its MCP servers, as far as it is given them, and the servers whose tools are left
    /// out because they do not answer.
    pub(super) fn tools(&self) -> (Vec<CatalogTool>, Vec<&str>) {
        let (mut tools, mut left_out) = (Vec::new(), Vec::new());
        for link in &self.plan.mcp_servers {
            let id = ResourceId::new(&self.plan.id.namespace, &link.name);
            match self.context.mcp.state(&id) {
                Some(McpState::Running { tools: offered }) => {
                    let server: Arc<str> = link.name.as_str().into();
                    let given = offered.iter().filter(|tool| link.gives(&tool.name));
                    tools.extend(given.map(|tool| CatalogTool {
                        server: Arc::clone(&server),
                        tool: Arc::clone(tool),
                    }));
                }
                Some(
                    McpState::Starting
                    | McpState::Failed { .. }
                    | McpState::NeedsCredentials { .. },
                )
                | None => {
                    left_out.push(link.name.as_str());
                }
            }
        }
        (tools, left_out)
    }
}
