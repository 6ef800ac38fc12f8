//! One MCP server: its state, and the calls it is asked for.

use std::time::Duration;

use api::{
    attributes::key,
    plan::{McpRuntime, McpServerPlan, ResourceId, Secret},
    resources::mcp_server::McpTransport,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{Context, KeyValue, trace::TraceContextExt};
use tokio::{
    sync::{broadcast, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    McpError, McpState, ToolOutcome, ToolRequest, Tools, callers::Callers, client::McpClient,
    served_call, words::Words,
};
use crate::telemetry::Service;

/// How long a call that broke off waits to hear why.
const HEAR_WHY: Duration = Duration::from_secs(2);

/// One MCP server, from its plan to its end.
pub(super) struct Server {
    pub(super) plan: McpServerPlan,
    /// Sent with every request to a server elsewhere.
    pub(super) headers: HeaderMap,
    /// Tells of its work, if it runs here.
    pub(super) service: Option<Service>,
    /// Ends the server; the program's own end does so too.
    pub(super) stop: CancellationToken,
    /// Fires when nothing of it is left.
    pub(super) over: CancellationToken,
    pub(super) now: watch::Sender<Now>,
    pub(super) callers: Callers,
    pub(super) changes: broadcast::Sender<ResourceId>,
}

/// A server's state, and the way to it while it runs.
#[derive(Clone)]
pub(super) struct Now {
    pub(super) state: McpState,
    pub(super) open: Option<Open>,
}

/// The way to a server that runs.
#[derive(Clone)]
pub(super) struct Open {
    pub(super) client: McpClient,
    /// What its process says besides, if it has one.
    pub(super) words: Option<Words>,
}

impl Server {
    pub(super) fn name(&self) -> String {
        self.plan.id.to_string()
    }

    pub(super) fn now(&self) -> Now {
        self.now.borrow().clone()
    }

    /// Takes on a new state, and says so if it differs.
    pub(super) fn enter(&self, state: McpState, open: Option<Open>) {
        let mut changed = false;
        self.now.send_modify(|now| {
            changed = now.state != state;
            *now = Now { state, open };
        });
        if changed {
            self.changes.send(self.plan.id.clone()).ok();
        }
    }

    /// Goes on running, with these tools.
    pub(super) fn change_tools(&self, tools: Tools) {
        let open = self.now.borrow().open.clone();
        self.enter(McpState::Running { tools }, open);
    }

    /// Calls a tool.
    pub(super) async fn call(
        &self,
        mut request: ToolRequest,
        cancel: &CancellationToken,
    ) -> Result<ToolOutcome, McpError> {
        let open = self.open_for(&request.tool)?;
        self.describe_connection(&open.client);
        let Some(service) = &self.service else {
            return self.call_at(open, request, cancel).await;
        };
        let span = served_call::begin(service, &mut request);
        let outcome = self.call_at(open, request, cancel).await;
        served_call::end(span, &outcome);
        outcome
    }

    async fn call_at(
        &self,
        open: Open,
        request: ToolRequest,
        cancel: &CancellationToken,
    ) -> Result<ToolOutcome, McpError> {
        let Open { client, words } = open;
        let _under_way = self.callers.begin(&request.trace_context);
        let outcome = client.call(request, cancel, self.plan.call_timeout).await;
        let Some(words) = words else {
            return outcome;
        };
        words.settle().await;
        match outcome {
            Err(McpError::Break { server, tool }) => Err(McpError::Call {
                reason: self.why_it_broke_off().await,
                server,
                tool,
            }),
            outcome => outcome,
        }
    }

    /// Says on the caller's span how the server is reached.
    fn describe_connection(&self, client: &McpClient) {
        let transport = match &self.plan.runtime {
            McpRuntime::PythonString(_)
            | McpRuntime::Command {
                transport: McpTransport::Stdio,
                ..
            } => "pipe",
            McpRuntime::Command { .. } | McpRuntime::Url { .. } => "tcp",
        };
        let version = client.protocol_version().unwrap_or_default();
        Context::map_current(|context| {
            let span = context.span();
            span.set_attribute(KeyValue::new(key::NETWORK_TRANSPORT, transport));
            span.set_attribute(KeyValue::new(key::MCP_PROTOCOL_VERSION, version));
        });
    }

    /// What became of the process under a call that broke off.
    async fn why_it_broke_off(&self) -> String {
        let mut now = self.now.subscribe();
        let failed = now.wait_for(|now| matches!(now.state, McpState::Failed { .. }));
        if let Ok(Ok(now)) = timeout(HEAR_WHY, failed).await
            && let McpState::Failed { message } = &now.state
        {
            return message.clone();
        }
        "the connection is closed".to_owned()
    }

    /// The way to the server, if it runs and offers `tool`.
    fn open_for(&self, tool: &str) -> Result<Open, McpError> {
        let now = self.now();
        let not_running = |reason: String| McpError::AwaitServer {
            server: self.name(),
            reason,
        };
        match (now.state, now.open) {
            (McpState::Running { tools }, Some(open)) => {
                if tools.iter().any(|offered| offered.name == tool) {
                    return Ok(open);
                }
                Err(McpError::FindTool {
                    server: self.name(),
                    tool: tool.to_owned(),
                    offered: tools.iter().map(|tool| tool.name.clone()).collect(),
                })
            }
            (McpState::Failed { message } | McpState::NeedsCredentials { message }, _) => {
                Err(not_running(message))
            }
            (McpState::Starting | McpState::Running { .. }, _) => {
                Err(not_running("it is still starting".to_owned()))
            }
        }
    }

    /// `text` without what the server was given in confidence.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let env = self.plan.env.iter();
        let headers = match &self.plan.runtime {
            McpRuntime::Url { headers, .. } => headers.as_slice(),
            McpRuntime::PythonString(_) | McpRuntime::Command { .. } => &[],
        };
        env.chain(headers)
            .fold(text.to_owned(), |text, (_, secret)| secret.hide_in(&text))
    }
}

/// The headers of a plan. One that cannot be sent is not; whoever made the plan has seen to it.
pub(super) fn headers(plan: &McpServerPlan) -> HeaderMap {
    let McpRuntime::Url { headers, .. } = &plan.runtime else {
        return HeaderMap::new();
    };
    let header = |(name, value): &(String, Secret)| {
        let mut value = HeaderValue::from_str(value.expose()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    };
    headers.iter().filter_map(header).collect()
}
