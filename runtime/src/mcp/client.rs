//! One connection to an MCP server, wherever it runs. rmcp speaks; this says what we need of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rmcp::{
    RoleClient, ServiceError,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock,
        Implementation, RequestParamsMeta, ResourceContents,
    },
    service::{ClientInitializeError, RunningService, serve_client},
    transport::{
        StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// How long a server may take until it answers the first time; some download themselves first.
const CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

/// What a server offers to call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments.
    pub input_schema: Value,
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

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutcome {
    /// The words of the answer.
    pub text: String,
    /// Whether the tool says that it failed; the words then say why, for the model.
    pub is_error: bool,
}

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
    /// The caller gave the call up.
    #[error("the call of \"{tool}\" was cancelled")]
    Cancel {
        /// Which tool.
        tool: String,
    },
}

/// One connection to an MCP server. Clones are the same connection; the last one closes it.
#[derive(Clone)]
pub struct McpClient {
    server: Arc<str>,
    running: Arc<RunningService<RoleClient, ClientConfig>>,
}

impl McpClient {
    /// Connects to a server elsewhere by its streamable-HTTP endpoint, such as `https://host/mcp`.
    pub async fn connect_url(http: reqwest::Client, url: &str) -> Result<Self, McpError> {
        let config = StreamableHttpClientTransportConfig::with_uri(url);
        let transport = StreamableHttpClientTransport::with_client(http, config);
        Self::start(url, serve_client(identity(), transport)).await
    }

    /// Connects to a process by its standard output and input.
    pub(super) async fn connect_streams(
        server: &str,
        streams: (
            impl AsyncRead + Send + Unpin + 'static,
            impl AsyncWrite + Send + Unpin + 'static,
        ),
    ) -> Result<Self, McpError> {
        Self::start(server, serve_client(identity(), streams)).await
    }

    async fn start(
        server: &str,
        connecting: impl Future<
            Output = Result<RunningService<RoleClient, ClientConfig>, ClientInitializeError>,
        >,
    ) -> Result<Self, McpError> {
        let failed = |reason: String| McpError::Connect {
            server: server.to_owned(),
            reason,
        };
        let running = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(running)) => running,
            Ok(Err(ClientInitializeError::JsonRpcError(error))) => {
                return Err(McpError::Refuse {
                    message: error.message.into_owned(),
                });
            }
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => {
                let seconds = CONNECT_TIMEOUT.as_secs();
                return Err(failed(format!("no answer within {seconds} seconds")));
            }
        };
        Ok(Self {
            server: Arc::from(server),
            running: Arc::new(running),
        })
    }

    /// What the server offers.
    pub async fn tools(&self) -> Result<Tools, McpError> {
        let tools = self.running.list_all_tools().await;
        let tools = tools.map_err(|error| McpError::Connect {
            server: self.server.to_string(),
            reason: format!("its tools cannot be listed: {}", said(error)),
        })?;
        let tool = |tool: rmcp::model::Tool| {
            Arc::new(Tool {
                input_schema: tool.schema_as_json_value(),
                description: tool.description.unwrap_or_default().into_owned(),
                name: tool.name.into_owned(),
            })
        };
        Ok(tools.into_iter().map(tool).collect())
    }

    /// Calls a tool. `cancel` gives the call up, which the server is told.
    pub async fn call(
        &self,
        request: ToolRequest,
        cancel: CancellationToken,
    ) -> Result<ToolOutcome, McpError> {
        let ToolRequest {
            tool,
            arguments,
            trace_context,
        } = request;
        let mut params = CallToolRequestParams::new(tool.clone()).with_arguments(arguments);
        for (key, value) in &trace_context {
            match key.as_str() {
                "traceparent" => params.set_traceparent(value),
                "tracestate" => params.set_tracestate(value),
                "baggage" => params.set_baggage(value),
                _ => {}
            }
        }
        // Boxed, because rmcp's futures are large and calls are made deep inside others.
        let calling = Box::pin(self.running.peer().call_tool(params));
        // rmcp tells the server of a call that is dropped unanswered.
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(McpError::Cancel { tool }),
            result = calling => result,
        };
        result.map(outcome).map_err(|error| McpError::Call {
            server: self.server.to_string(),
            tool,
            reason: said(error),
        })
    }

    /// Ends the connection now, whoever else holds it.
    pub fn close(&self) {
        self.running.cancellation_token().cancel();
    }
}

fn identity() -> ClientConfig {
    ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new("kaos", env!("CARGO_PKG_VERSION")),
    )
}

fn outcome(result: CallToolResult) -> ToolOutcome {
    let mut texts: Vec<String> = result.content.iter().map(words).collect();
    // A result that is only structured is no less a result.
    if let (true, Some(value)) = (texts.is_empty(), &result.structured_content) {
        texts.push(value.to_string());
    }
    ToolOutcome {
        text: texts.join("\n"),
        is_error: result.is_error == Some(true),
    }
}

/// The words of a block; what a model cannot read is named.
fn words(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[image: {}]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[audio: {}]", audio.mime_type),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            other => serde_json::to_value(other)
                .ok()
                .and_then(|other| Some(format!("[resource: {}]", other.get("uri")?.as_str()?)))
                .unwrap_or_default(),
        },
        ContentBlock::ResourceLink(link) => format!("[resource: {}]", link.uri),
        _ => String::new(),
    }
}

/// The server's own words where it has any.
fn said(error: ServiceError) -> String {
    match error {
        ServiceError::McpError(error) => error.message.into_owned(),
        ServiceError::TransportClosed => "the connection is closed".to_owned(),
        other => other.to_string(),
    }
}
