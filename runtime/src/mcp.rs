//! Tools behind the Model Context Protocol: servers of our own as child processes, and those
//! elsewhere by URL.
//!
//! [`McpServers`] keeps the processes running and offers each over HTTP; [`McpClient`] is one
//! connection. What rmcp is called is known to `client` and `endpoint` alone.

mod client;
mod endpoint;
mod process;
mod supervise;

pub use client::{McpClient, McpError, Tool, ToolOutcome, ToolRequest, Tools};

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use api::plan::{McpServerPlan, ResourceId};
use axum::Router;
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use endpoint::Endpoint;

/// How many changes a slow listener may be behind.
const CHANGES: usize = 256;

/// What every child process and endpoint shares.
#[derive(Clone, Debug)]
pub struct McpSettings {
    /// Python's executable, by name or path.
    pub python: PathBuf,
    /// The whole environment of a child, before its plan's own; `PATH`, `HOME`, `LANG` and `TMPDIR`
    /// are what one wants here.
    pub base_env: Vec<(String, String)>,
    /// Hosts, besides loopback ones, under whose name the endpoints may be asked. It keeps web
    /// pages from reaching them by a name of their own.
    pub allowed_hosts: Vec<String>,
}

/// All MCP servers of this process. Clones are the same servers.
#[derive(Clone)]
pub struct McpServers(Arc<Inner>);

struct Inner {
    settings: Arc<McpSettings>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    servers: RwLock<HashMap<ResourceId, Endpoint>>,
    changes: broadcast::Sender<ResourceId>,
}

/// How an MCP server is.
#[derive(Clone, Debug, PartialEq)]
pub enum McpState {
    /// Its process is on the way up.
    Starting,
    /// It answers.
    Running {
        /// What it offers; who asks often shares it.
        tools: Tools,
    },
    /// It does not answer, and why; it may be tried again.
    Failed {
        /// For people: what is wrong and what to do.
        message: String,
    },
}

/// One MCP server, from its plan to its end.
struct Server {
    plan: McpServerPlan,
    /// Ends the server; the program's own end does so too.
    stop: CancellationToken,
    now: Mutex<Now>,
    changes: broadcast::Sender<ResourceId>,
}

/// A server's state, and the connection while it runs.
#[derive(Clone)]
struct Now {
    state: McpState,
    client: Option<McpClient>,
}

impl McpServers {
    /// No servers yet. Processes are watched by tasks on `tracker` and end with `shutdown`.
    pub fn new(settings: McpSettings, tracker: TaskTracker, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            settings: Arc::new(settings),
            tracker,
            shutdown,
            servers: RwLock::default(),
            changes: broadcast::channel(CHANGES).0,
        }))
    }

    /// Runs `plan`, instead of an earlier one of the same name. The same plan again changes
    /// nothing.
    pub fn apply(&self, plan: McpServerPlan) {
        let id = plan.id.clone();
        let mut servers = self
            .0
            .servers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if servers.get(&id).is_some_and(|old| old.server.plan == plan) {
            return;
        }
        let server = Arc::new(Server {
            plan,
            stop: self.0.shutdown.child_token(),
            now: Mutex::new(Now {
                state: McpState::Starting,
                client: None,
            }),
            changes: self.0.changes.clone(),
        });
        let endpoint = Endpoint::new(Arc::clone(&server), &self.0.settings);
        if let Some(old) = servers.insert(id.clone(), endpoint) {
            old.server.stop.cancel();
        }
        drop(servers);
        let settings = Arc::clone(&self.0.settings);
        let tracker = self.0.tracker.clone();
        let running = supervise::run(server, settings, tracker.clone());
        tracker.spawn(running);
        // Nobody may be listening.
        self.0.changes.send(id).ok();
    }

    /// Ends the server.
    pub fn remove(&self, id: &ResourceId) {
        let mut servers = self
            .0
            .servers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let removed = servers.remove(id);
        drop(servers);
        if let Some(removed) = removed {
            removed.server.stop.cancel();
            self.0.changes.send(id.clone()).ok();
        }
    }

    /// All servers, in the order of their names.
    pub fn ids(&self) -> Vec<ResourceId> {
        let servers = self
            .0
            .servers
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<ResourceId> = servers.keys().cloned().collect();
        drop(servers);
        ids.sort();
        ids
    }

    /// How the server is; `None` when there is none of that name.
    pub fn state(&self, id: &ResourceId) -> Option<McpState> {
        self.server(id).map(|server| server.now().state)
    }

    /// The servers whose state changes, as it happens. Who falls behind looks at all of them.
    pub fn changes(&self) -> broadcast::Receiver<ResourceId> {
        self.0.changes.subscribe()
    }

    /// Calls a tool. `cancel` gives the call up, which the server is told.
    pub async fn call(
        &self,
        id: &ResourceId,
        request: ToolRequest,
        cancel: CancellationToken,
    ) -> Result<ToolOutcome, McpError> {
        let server = self
            .server(id)
            .ok_or_else(|| McpError::FindServer(id.to_string()))?;
        server
            .client_for(&request.tool)?
            .call(request, cancel)
            .await
    }

    /// Each server as a streamable-HTTP endpoint: `/{namespace}/{name}/mcp`.
    pub fn router(&self) -> Router {
        endpoint::router(self.clone())
    }

    fn server(&self, id: &ResourceId) -> Option<Arc<Server>> {
        self.endpoint(id).map(|endpoint| endpoint.server)
    }

    fn endpoint(&self, id: &ResourceId) -> Option<Endpoint> {
        let servers = self
            .0
            .servers
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        servers.get(id).cloned()
    }
}

impl Server {
    fn name(&self) -> String {
        self.plan.id.to_string()
    }

    fn now(&self) -> Now {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// Takes on a new state, and says so if it differs.
    fn enter(&self, state: McpState, client: Option<McpClient>) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = now.state != state;
        *now = Now { state, client };
        drop(now);
        if changed {
            self.changes.send(self.plan.id.clone()).ok();
        }
    }

    /// The connection, if the server runs and offers `tool`.
    fn client_for(&self, tool: &str) -> Result<McpClient, McpError> {
        let now = self.now();
        let not_running = |reason: String| McpError::AwaitServer {
            server: self.name(),
            reason,
        };
        match (now.state, now.client) {
            (McpState::Running { tools }, Some(client)) => {
                if tools.iter().any(|offered| offered.name == tool) {
                    return Ok(client);
                }
                Err(McpError::FindTool {
                    server: self.name(),
                    tool: tool.to_owned(),
                    offered: tools.iter().map(|tool| tool.name.clone()).collect(),
                })
            }
            (McpState::Failed { message }, _) => Err(not_running(message)),
            (McpState::Starting | McpState::Running { .. }, _) => {
                Err(not_running("it is still starting".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
