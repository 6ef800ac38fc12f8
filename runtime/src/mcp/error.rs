//! Why a tool could not be called.

use std::time::Duration;

/// Why a tool could not be called at all.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// There is no server of that name.
    #[error("there is no MCP server \"{0}\"; create it, or correct the agent's mcpServers field")]
    FindServer(String),
    /// The server does not run.
    #[error("MCP server \"{server}\" does not run: {reason}")]
    AwaitServer {
        /// Which server.
        server: String,
        /// Why not.
        reason: String,
    },
    /// The server does not answer the first call.
    #[error("failed to connect to MCP server \"{server}\": {reason}")]
    Connect {
        /// Which server.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// The server wants to know who calls.
    #[error("MCP server \"{server}\" needs credentials: {reason}")]
    NeedsCredentials {
        /// Which server.
        server: String,
        /// What it said.
        reason: String,
    },
    /// The server refused the connection and said why.
    #[error("{message}")]
    Refuse {
        /// The server's own words.
        message: String,
    },
    /// The server offers no such tool.
    #[error("MCP server \"{server}\" has no tool \"{tool}\"; it has: {}", offered.join(", "))]
    FindTool {
        /// Which server.
        server: String,
        /// The tool asked for.
        tool: String,
        /// The tools there are.
        offered: Vec<String>,
    },
    /// The call was not answered with a result.
    #[error("failed to call \"{tool}\" of MCP server \"{server}\": {reason}")]
    Call {
        /// Which server.
        server: String,
        /// Which tool.
        tool: String,
        /// What went wrong.
        reason: String,
    },
    /// The connection was closed under the call.
    #[error("failed to call \"{tool}\" of MCP server \"{server}\": the connection is closed")]
    Break {
        /// Which server.
        server: String,
        /// Which tool.
        tool: String,
    },
    /// The call was not answered in time.
    #[error(
        "\"{tool}\" of MCP server \"{server}\" did not answer within {} s",
        after.as_secs_f32()
    )]
    TimeOut {
        /// Which server.
        server: String,
        /// Which tool.
        tool: String,
        /// The time it had.
        after: Duration,
    },
    /// The caller gave the call up.
    #[error("the call of \"{tool}\" was cancelled")]
    Cancel {
        /// Which tool.
        tool: String,
    },
}
