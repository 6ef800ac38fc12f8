//! Tools behind the Model Context Protocol: servers of our own as child processes, and those
//! elsewhere by URL.
//!
//! [`McpServers`] keeps them running and connected, and offers each over HTTP, whatever it speaks
//! itself. What rmcp is called is known to `client` and `endpoint` alone.

mod callers;
mod client;
mod contain;
mod endpoint;
mod error;
mod functions;
mod process;
mod served_call;
mod server;
mod supervise;
mod tool;
mod words;

pub use client::ToolOutcome;
pub use contain::Containment;
#[cfg(target_os = "linux")]
pub use contain::contain;
pub use error::McpError;
pub use tool::{Tool, ToolRequest, Tools};

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use api::plan::{McpRuntime, McpServerPlan, ResourceId};
use axum::Router;
use tokio::sync::{broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use callers::Callers;
use endpoint::Endpoint;
use server::{Now, Open, Server, headers};

use crate::telemetry::{Pipeline, Service, ServiceTelemetry};

/// How many changes a slow listener may be behind.
const CHANGES: usize = 256;

/// What every child process, connection and endpoint shares.
#[derive(Clone)]
pub struct McpSettings {
    /// Python's executable, by name or path.
    pub python: PathBuf,
    /// The whole environment of a child, before its plan's own; `PATH`, `HOME`, `LANG` and `TMPDIR`
    /// are what one wants here.
    pub base_env: Vec<(String, String)>,
    /// Hosts, besides loopback ones, under whose name the endpoints may be asked. It keeps web
    /// pages from reaching them by a name of their own.
    pub allowed_hosts: Vec<String>,
    /// The way to servers elsewhere.
    pub http: reqwest::Client,
    /// What local processes are kept within; `None` where that is not possible.
    pub containment: Option<Containment>,
    /// How long a server may take until it says which tools it has; some download themselves first.
    pub connect_timeout: Duration,
    /// Takes what servers tell of their work; without it they say nothing.
    pub pipeline: Option<Pipeline>,
}

impl McpSettings {
    /// The usual, with an empty environment and no bounds.
    pub fn new(http: reqwest::Client) -> Self {
        Self {
            python: "python3".into(),
            base_env: Vec::new(),
            allowed_hosts: Vec::new(),
            http,
            containment: None,
            connect_timeout: Duration::from_mins(1),
            pipeline: None,
        }
    }
}

/// All MCP servers of this process. Clones are the same servers.
#[derive(Clone)]
pub struct McpServers(Arc<Inner>);

struct Inner {
    shared: Shared,
    shutdown: CancellationToken,
    servers: RwLock<HashMap<ResourceId, Endpoint>>,
    changes: broadcast::Sender<ResourceId>,
}

/// What the servers have in common.
#[derive(Clone)]
struct Shared {
    settings: Arc<McpSettings>,
    tracker: TaskTracker,
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
    /// It answers those alone who show credentials, and ours are missing or wrong.
    NeedsCredentials {
        /// For people: what it said and what to do.
        message: String,
    },
}

impl McpServers {
    /// No servers yet. Processes are watched by tasks on `tracker` and end with `shutdown`.
    pub fn new(settings: McpSettings, tracker: TaskTracker, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            shared: Shared {
                settings: Arc::new(settings),
                tracker,
            },
            shutdown,
            servers: RwLock::default(),
            changes: broadcast::channel(CHANGES).0,
        }))
    }

    /// Runs `plan`, instead of an earlier one of the same name. The same plan again changes
    /// nothing.
    pub fn apply(&self, plan: McpServerPlan) {
        let Inner {
            shared,
            shutdown,
            servers,
            changes,
        } = &*self.0;
        let id = plan.id.clone();
        let mut servers = servers.write().unwrap_or_else(PoisonError::into_inner);
        if servers.get(&id).is_some_and(|old| old.server.plan == plan) {
            return;
        }
        let server = Arc::new(Server {
            headers: headers(&plan),
            service: shared.service(&plan),
            plan,
            stop: shutdown.child_token(),
            over: CancellationToken::new(),
            now: watch::Sender::new(Now {
                state: McpState::Starting,
                open: None,
            }),
            callers: Callers::default(),
            changes: changes.clone(),
        });
        let endpoint = Endpoint::new(Arc::clone(&server), shared);
        let old = servers.insert(id.clone(), endpoint).map(|old| old.server);
        drop(servers);
        let shared_by_all = shared.clone();
        shared.tracker.spawn(async move {
            if let Some(old) = old {
                old.stop.cancel();
                old.over.cancelled().await;
            }
            supervise::run(&server, &shared_by_all).await;
            server.over.cancel();
        });
        // Nobody may be listening.
        changes.send(id).ok();
    }

    /// Ends the server, and forgets what its processes have left behind.
    pub fn remove(&self, id: &ResourceId) {
        let Inner {
            shared, servers, ..
        } = &*self.0;
        let mut servers = servers.write().unwrap_or_else(PoisonError::into_inner);
        let removed = servers.remove(id);
        drop(servers);
        let Some(Endpoint { server, .. }) = removed else {
            return;
        };
        server.stop.cancel();
        self.0.changes.send(id.clone()).ok();
        let (servers, settings) = (self.clone(), Arc::clone(&shared.settings));
        shared.tracker.spawn(async move {
            server.over.cancelled().await;
            let id = &server.plan.id;
            // One of the same name may have come since.
            if let (Some(containment), None) = (&settings.containment, servers.server(id))
                && let Err(error) = containment.forget(id)
            {
                tracing::warn!(mcp.server = server.name(), %error, "its files are left behind");
            }
        });
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
        server.call(request, &cancel).await
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

impl Shared {
    /// A server elsewhere tells of its work itself, if it does.
    fn service(&self, plan: &McpServerPlan) -> Option<Service> {
        if matches!(plan.runtime, McpRuntime::Url { .. }) {
            return None;
        }
        let pipeline = self.settings.pipeline.as_ref()?;
        let telemetry = ServiceTelemetry::of(&plan.telemetry);
        Some(pipeline.used_service(&plan.id.name, &plan.id.namespace, &telemetry))
    }
}

#[cfg(test)]
mod tests;
