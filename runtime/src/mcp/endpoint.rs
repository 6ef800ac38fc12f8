//! A server's tools for everybody: the streamable-HTTP endpoint in front of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::plan::ResourceId;
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{Method, StatusCode, request::Parts};
use rmcp::{
    ErrorData, Peer, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult,
        PaginatedRequestParams, ResultType, ServerCapabilities, ServerConfig,
    },
    service::{NotificationContext, RequestContext},
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use super::{McpError, McpServers, McpState, Server, Shared, Tool, ToolRequest, Tools};

/// How often to look whether a client that was told nothing is still there.
const LOOK: Duration = Duration::from_mins(1);

/// The headers, and fields of `_meta`, that carry a trace from one process to the next.
const TRACE_CONTEXT: [&str; 3] = ["traceparent", "tracestate", "baggage"];

/// A server and its HTTP endpoint.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) server: Arc<Server>,
    http: StreamableHttpService<Forward, LocalSessionManager>,
}

/// Passes what a client asks on to the server.
struct Forward {
    server: Arc<Server>,
    tracker: TaskTracker,
}

impl Endpoint {
    pub(super) fn new(server: Arc<Server>, shared: &Shared) -> Self {
        let mut config = StreamableHttpServerConfig::default()
            .with_cancellation_token(server.stop.child_token());
        let allowed = shared.settings.allowed_hosts.iter().cloned();
        config.allowed_hosts.extend(allowed);
        let (forwarded, tracker) = (Arc::clone(&server), shared.tracker.clone());
        let http = StreamableHttpService::new(
            move || {
                Ok(Forward {
                    server: Arc::clone(&forwarded),
                    tracker: tracker.clone(),
                })
            },
            Arc::default(),
            config,
        );
        Self { server, http }
    }
}

pub(super) fn router(servers: McpServers) -> Router {
    Router::new()
        .route("/{namespace}/{name}/mcp", any(serve))
        .route("/{namespace}/{name}/health", any(health))
        .with_state(servers)
}

async fn serve(
    State(servers): State<McpServers>,
    Path((namespace, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let id = ResourceId::new(namespace, name);
    let Some(endpoint) = servers.endpoint(&id) else {
        return not_found(&id);
    };
    let ends_session = request.method() == Method::DELETE;
    let mut response = endpoint.http.handle(request).await.map(Body::new);
    // rmcp says "accepted"; Python's client takes that for a failure.
    if ends_session && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

async fn health(
    State(servers): State<McpServers>,
    Path((namespace, name)): Path<(String, String)>,
) -> Response {
    let id = ResourceId::new(namespace, name);
    match servers.state(&id) {
        Some(McpState::Running { tools }) => {
            Json(json!({"status": "healthy", "tools": tools.len()})).into_response()
        }
        Some(McpState::Starting) => unavailable("it is still starting"),
        Some(McpState::Failed { message } | McpState::NeedsCredentials { message }) => {
            unavailable(&message)
        }
        None => not_found(&id),
    }
}

fn unavailable(message: &str) -> Response {
    let body = Json(json!({"status": "unavailable", "message": message}));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

fn not_found(id: &ResourceId) -> Response {
    let message = McpError::FindServer(id.to_string()).to_string();
    (StatusCode::NOT_FOUND, Json(json!({"error": message}))).into_response()
}

impl ServerHandler for Forward {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        let mut info = ServerConfig::new(capabilities);
        let name = self.server.plan.id.name.clone();
        info.server_info = Implementation::new(name, env!("CARGO_PKG_VERSION"));
        info
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let telling = tell_changes(Arc::clone(&self.server), context.peer);
        self.tracker.spawn(telling);
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        match self.server.now().state {
            McpState::Running { tools } => Ok(ListToolsResult::with_all_items(
                tools.iter().filter_map(|tool| described(tool)).collect(),
            )),
            McpState::Starting => Err(unable("it is still starting".to_owned())),
            McpState::Failed { message } | McpState::NeedsCredentials { message } => {
                Err(unable(message))
            }
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let request = ToolRequest {
            trace_context: trace_context(&context),
            tool: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
        };
        match self.server.call(request, &context.ct).await {
            Ok(outcome) => {
                let mut result = outcome.0;
                // Clients of the newest version want to be told, which servers of older ones do not
                // do; for older clients rmcp leaves it out again.
                result.result_type.get_or_insert(ResultType::COMPLETE);
                Ok(result.into())
            }
            Err(error @ McpError::FindTool { .. }) => {
                Err(ErrorData::invalid_params(error.to_string(), None))
            }
            Err(error) => Err(unable(error.to_string())),
        }
    }
}

/// Tells a client when the tools have changed, until either side has gone.
async fn tell_changes(server: Arc<Server>, client: Peer<RoleServer>) {
    let mut now = server.now.subscribe();
    let mut known = tools(&now.borrow_and_update().state);
    while !client.is_transport_closed() {
        tokio::select! {
            () = server.stop.cancelled() => return,
            changed = now.changed() => if changed.is_err() {
                return;
            },
            // A client does not say that it has gone.
            () = sleep(LOOK) => {}
        }
        let latest = tools(&now.borrow_and_update().state);
        if latest.is_some() && latest != known {
            known = latest;
            if client.notify_tool_list_changed().await.is_err() {
                return;
            }
        }
    }
}

fn tools(state: &McpState) -> Option<Tools> {
    match state {
        McpState::Running { tools } => Some(Arc::clone(tools)),
        McpState::Starting | McpState::Failed { .. } | McpState::NeedsCredentials { .. } => None,
    }
}

/// A tool in rmcp's words, which are those it was told in.
fn described(tool: &Tool) -> Option<rmcp::model::Tool> {
    serde_json::from_value(serde_json::to_value(tool).ok()?).ok()
}

/// The caller's trace: what its `_meta` says, else its HTTP headers.
fn trace_context(context: &RequestContext<RoleServer>) -> HashMap<String, String> {
    let headers = context
        .extensions
        .get::<Parts>()
        .map(|parts| &parts.headers);
    let value = |key: &str| {
        let in_meta = context.meta.0.0.get(key).and_then(Value::as_str);
        let in_header = || headers?.get(key)?.to_str().ok();
        in_meta.or_else(in_header).map(str::to_owned)
    };
    TRACE_CONTEXT
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), value(key)?)))
        .collect()
}

fn unable(message: String) -> ErrorData {
    ErrorData::internal_error(message, None)
}
