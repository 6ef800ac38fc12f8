//! One connection to an MCP server, wherever it runs. rmcp speaks; this says what we need of it.
//!
//! Nothing here waits for ever or grows without bound: connecting, listing and calling have a time,
//! and messages a size.

mod outcome;
mod sse;
mod stdio;
mod why;

pub use outcome::ToolOutcome;

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode};
use rmcp::{
    ClientHandler, Peer, RoleClient,
    model::{
        CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation,
        PaginatedRequestParams, ProtocolVersion, RequestParamsMeta,
    },
    service::{
        ClientInitializeError, ClientLifecycleMode, NotificationContext, RxJsonRpcMessage,
        TxJsonRpcMessage, serve_client_with_lifecycle_and_ct,
    },
    transport::{
        IntoTransport, StreamableHttpClientTransport,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use tokio::{
    process::{ChildStdin, ChildStdout},
    sync::Notify,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    McpError,
    tool::{Tool, ToolRequest, Tools},
};

/// Bytes of one message from a server.
const MAX_MESSAGE: usize = 8 * 1024 * 1024;
/// Tools of one server; what it offers beyond is left out.
const MAX_TOOLS: usize = 1000;

/// A connection, as its owner has it: dropped, it is closed.
pub(super) struct Connection {
    pub(super) client: McpClient,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// What happens to a connection.
pub(super) enum Event {
    /// The server, or we, closed it.
    Closed,
    /// A call has not been answered in its time.
    Overdue,
    /// The tools may have changed, or the connection may be broken.
    Look,
}

/// A connection, as its users have it. Clones are the same connection.
#[derive(Clone)]
pub(super) struct McpClient {
    server: Arc<str>,
    peer: Peer<RoleClient>,
    /// Told when the tools may have changed, or the connection may be broken.
    look_again: Arc<Notify>,
    /// Told when a call has not been answered in its time.
    overdue: Arc<Notify>,
}

/// A server elsewhere.
pub(super) struct Remote<'a> {
    /// What errors call it.
    pub(super) server: &'a str,
    pub(super) http: &'a reqwest::Client,
    pub(super) url: &'a str,
    /// Sent with every request.
    pub(super) headers: &'a HeaderMap,
}

impl Connection {
    /// Connects to a process by its standard output and input. `heard` gets what it prints besides.
    pub(super) async fn to_process(
        server: &str,
        (stdout, stdin): (ChildStdout, ChildStdin),
        heard: impl Fn(&[u8]) + Send + 'static,
    ) -> Result<Self, McpError> {
        let streams = (stdio::messages(stdout, heard), stdin);
        let started = start(server, streams, ClientLifecycleMode::Initialize).await;
        started.map_err(|error| why::not_connected(server, &error))
    }

    /// Connects by streamable HTTP, in whichever version the server speaks; to a server that knows only
    /// the older transport, by that.
    pub(super) async fn to_url(remote: &Remote<'_>) -> Result<Self, McpError> {
        let server = remote.server;
        let error = match start(server, http(remote), ClientLifecycleMode::Initialize).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if why::speaks_another_version(&error) {
            let newest = ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::LATEST],
            };
            let started = start(server, http(remote), newest).await;
            return started.map_err(|error| why::not_connected(server, &error));
        }
        // What the standard says of how to tell an old server.
        let is_old = matches!(
            why::status(&error),
            Some(StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        );
        if is_old && let Ok(connection) = Self::to_event_stream(remote).await {
            return Ok(connection);
        }
        Err(why::not_connected(server, &error))
    }

    /// Connects to a server of the older transport.
    pub(super) async fn to_event_stream(remote: &Remote<'_>) -> Result<Self, McpError> {
        let Remote {
            server,
            http,
            url,
            headers,
        } = *remote;
        let streams = sse::connect::<TxJsonRpcMessage<RoleClient>, RxJsonRpcMessage<RoleClient>>(
            http, url, headers,
        );
        let streams = streams
            .await
            .map_err(|error| why::no_event_stream(server, error))?;
        let started = start(server, streams, ClientLifecycleMode::Initialize).await;
        started.map_err(|error| why::not_connected(server, &error))
    }

    /// Waits for what its owner has to see to. Not to be called again after [`Event::Closed`].
    pub(super) async fn event(&mut self) -> Event {
        tokio::select! {
            () = &mut self.closed => Event::Closed,
            () = self.client.overdue.notified() => Event::Overdue,
            () = self.client.look_again.notified() => Event::Look,
        }
    }
}

fn http(remote: &Remote<'_>) -> StreamableHttpClientTransport<reqwest::Client> {
    let headers = remote
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    let config = StreamableHttpClientTransportConfig::with_uri(remote.url)
        .custom_headers(headers.collect::<HashMap<_, _>>())
        .max_json_response_size(MAX_MESSAGE)
        .max_sse_event_size(MAX_MESSAGE);
    StreamableHttpClientTransport::with_client(remote.http.clone(), config)
}

async fn start<T, E, A>(
    server: &str,
    transport: T,
    lifecycle: ClientLifecycleMode,
) -> Result<Connection, ClientInitializeError>
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let look_again = Arc::new(Notify::new());
    let us = Us {
        look_again: Arc::clone(&look_again),
    };
    let stop = CancellationToken::new();
    // Boxed, because rmcp's futures are large.
    let starting = Box::pin(serve_client_with_lifecycle_and_ct(
        us, transport, lifecycle, stop,
    ));
    let running = starting.await?;
    let client = McpClient {
        server: Arc::from(server),
        peer: running.peer().clone(),
        look_again,
        overdue: Arc::default(),
    };
    let closed = async {
        // However it ended, it has.
        running.waiting().await.ok();
    };
    Ok(Connection {
        client,
        closed: Box::pin(closed),
    })
}

/// What servers may ask of us.
struct Us {
    look_again: Arc<Notify>,
}

impl ClientHandler for Us {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(
            ClientCapabilities::default(),
            Implementation::new("kaos", env!("CARGO_PKG_VERSION")),
        )
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.look_again.notify_one();
    }
}

impl McpClient {
    /// What the server offers.
    pub(super) async fn tools(&self) -> Result<Tools, McpError> {
        let mut tools: Vec<Arc<Tool>> = Vec::new();
        let mut cursor = None;
        loop {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = self.peer.list_tools(Some(page)).await;
            let page = page.map_err(|error| why::not_listed(&self.server, error))?;
            for tool in &page.tools {
                let is_new = tools.iter().all(|known| known.name != tool.name);
                if let (true, Some(tool)) = (is_new, described(tool)) {
                    tools.push(Arc::new(tool));
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() || page.tools.is_empty() || tools.len() >= MAX_TOOLS {
                tools.truncate(MAX_TOOLS);
                return Ok(tools.into());
            }
        }
    }

    /// Calls a tool, which has to answer within `limit`. `cancel` gives the call up; the server is told
    /// of both.
    pub(super) async fn call(
        &self,
        request: ToolRequest,
        cancel: &CancellationToken,
        limit: Duration,
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
        let calling = timeout(limit, Box::pin(self.peer.call_tool(params)));
        // rmcp tells the server of a call that is dropped unanswered.
        match cancel.run_until_cancelled(calling).await {
            None => Err(McpError::Cancel { tool }),
            Some(Ok(Ok(result))) => Ok(ToolOutcome(result)),
            Some(Ok(Err(error))) => {
                if why::may_be_broken(&error) {
                    self.look_again.notify_one();
                }
                Err(why::not_called(&self.server, tool, error))
            }
            Some(Err(_)) => {
                self.overdue.notify_one();
                Err(McpError::TimeOut {
                    server: self.server.to_string(),
                    tool,
                    after: limit,
                })
            }
        }
    }

    /// The version of the protocol that both sides agreed on.
    pub(super) fn protocol_version(&self) -> Option<String> {
        let info = self.peer.peer_info()?;
        Some(info.protocol_version.to_string())
    }
}

/// A tool in our words; `None` for one that is no object, which cannot be.
fn described(tool: &rmcp::model::Tool) -> Option<Tool> {
    serde_json::from_value(serde_json::to_value(tool).ok()?).ok()
}
