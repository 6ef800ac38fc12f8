//! Agents, models and tools as they run in the program, behind a real port.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use api::{
    attributes::key,
    clock::{Clock, SystemClock},
    plan::{
        AgentPlan, Limits, McpLink, McpRuntime, McpServerPlan, MemoryPlan, ModelApiPlan,
        ModelBackend, Peer, ProviderPlan, ResourceId, TelemetryPlan,
    },
    resources::{UsageLimits, agent::ToolCallMode},
};
use async_trait::async_trait;
use axum::Router;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::any_value::Value as AnyValue,
    trace::v1::Span,
};
use runtime::{
    agent::{AgentContext, Agents},
    gateway::{Accounts, Gateway, GatewayContext, LocalSettings, MOCK},
    mcp::{McpServers, McpSettings, McpState},
    memory::Memory,
    telemetry::{Pipeline, PipelineSettings, ReceiveError, Received, Receiver},
    transport::{self, Transport},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long anything may take before a test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// Everything a run needs.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) agents: Agents,
    /// What agents spawn on, and nothing else.
    pub(crate) tracker: TaskTracker,
    spans: Spans,
    pipeline: Pipeline,
    mcp: McpServers,
    shutdown: CancellationToken,
    others: TaskTracker,
    _directory: tempfile::TempDir,
}

impl Served {
    /// A house with the models `llm`, and no agents yet.
    pub(crate) async fn new() -> Self {
        Self::with(Recording::Spans).await
    }

    /// As [`Self::new`], with this much of its telemetry.
    pub(crate) async fn with(recording: Recording) -> Self {
        let (tracker, others) = (TaskTracker::new(), TaskTracker::new());
        let shutdown = CancellationToken::new();
        let directory = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Spans::default();
        let receivers: Vec<Arc<dyn Receiver>> = match recording {
            Recording::Spans => vec![Arc::new(spans.clone())],
            Recording::None => Vec::new(),
        };
        let settings = PipelineSettings::default();
        let pipeline = Pipeline::start(receivers, settings, &others, shutdown.clone());
        let settings = McpSettings {
            base_env: vec![("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())],
            pipeline: Some(pipeline.clone()),
            ..McpSettings::new(http_client())
        };
        let mcp = McpServers::new(settings, others.clone(), shutdown.clone());
        let memory = directory.path().join("memory.db");
        let memory = Memory::open(&memory, Arc::clone(&clock), &others, shutdown.clone());
        let transport = Transport::new(http_client());
        let agents = Agents::new(AgentContext {
            base_url: url.clone(),
            transport: transport.clone(),
            mcp: mcp.clone(),
            memory: memory.unwrap(),
            pipeline: pipeline.clone(),
            clock: Arc::clone(&clock),
            tracker: tracker.clone(),
            shutdown: shutdown.clone(),
        });
        let spent = directory.path().join("spend.json");
        let accounts = Accounts::open(&spent, Arc::clone(&clock), &others, shutdown.clone());
        let gateway = Gateway::new(GatewayContext {
            client: http_client(),
            clock,
            service: pipeline.service("kaos", "kaos-system"),
            pipeline: pipeline.clone(),
            accounts: accounts.unwrap(),
            local: LocalSettings {
                litellm: "litellm".into(),
                base_env: Vec::new(),
                folder: directory.path().join("models"),
                ollama: "http://127.0.0.1:1".parse().unwrap(),
            },
            tracker: others.clone(),
            shutdown: shutdown.clone(),
        });
        gateway.apply(scripted());
        let routes = Router::new()
            .nest("/agents", agents.router())
            .nest("/modelapis", gateway.router())
            .nest("/api/runs", agents.runs().router());
        transport.serve_locally(&url, routes.clone()).unwrap();
        let ended = shutdown.clone().cancelled_owned();
        others.spawn(async move {
            let serving = axum::serve(listener, routes).with_graceful_shutdown(ended);
            serving.await.unwrap();
        });
        Self {
            url,
            http: http_client(),
            agents,
            tracker,
            spans,
            pipeline,
            mcp,
            shutdown,
            others,
            _directory: directory,
        }
    }

    /// Applies an agent that may use these MCP servers and ask these agents.
    pub(crate) fn agent(&self, name: &str, model: &str, servers: &[&str], peers: &[&str]) {
        let peers: Vec<_> = peers.iter().map(|peer| (*peer, self)).collect();
        self.agent_with(name, model, servers, &peers);
    }

    /// As [`Self::agent`], with agents that may live in other houses.
    pub(crate) fn agent_with(
        &self,
        name: &str,
        model: &str,
        servers: &[&str],
        peers: &[(&str, &Self)],
    ) {
        let link = |name: &&str| McpLink {
            name: (*name).to_owned(),
            url: format!("{}/mcpservers/team/{name}", self.url),
            tools: None,
        };
        let peer = |(name, house): &(&str, &Self)| Peer {
            name: (*name).to_owned(),
            description: "helps".to_owned(),
            url: Some(format!("{}/agents/team/{name}", house.url)),
        };
        self.agents.apply(AgentPlan {
            id: ResourceId::new("team", name),
            uid: String::new(),
            description: String::new(),
            instructions: "Be brief.".to_owned(),
            model: model.to_owned(),
            fallback_models: Vec::new(),
            model_api_url: format!("{}/modelapis/team/llm", self.url),
            provider: MOCK.to_owned(),
            mcp_servers: servers.iter().map(link).collect(),
            peers: peers.iter().map(peer).collect(),
            max_steps: 5,
            limits: Limits::default(),
            usage_limits: UsageLimits::default(),
            memory: MemoryPlan::default(),
            tool_call_mode: ToolCallMode::Native,
            telemetry: TelemetryPlan::default(),
        });
    }

    /// Runs Python functions as the MCP server `name`.
    pub(crate) async fn python(&self, name: &str, code: &str) {
        let id = ResourceId::new("team", name);
        let mut changes = self.mcp.changes();
        self.mcp.apply(McpServerPlan {
            id: id.clone(),
            runtime: McpRuntime::PythonString(code.to_owned()),
            env: Vec::new(),
            call_timeout: DEADLINE,
            memory: None,
            telemetry: TelemetryPlan::default(),
        });
        let running = async {
            loop {
                match self.mcp.state(&id) {
                    Some(McpState::Running { .. }) => return,
                    Some(McpState::Failed { message } | McpState::NeedsCredentials { message }) => {
                        panic!("{message}")
                    }
                    Some(McpState::Starting) | None => changes.recv().await.unwrap(),
                };
            }
        };
        tokio::time::timeout(DEADLINE, running).await.unwrap();
    }

    pub(crate) fn chat_url(&self, agent: &str) -> String {
        format!("{}/agents/team/{agent}/v1/chat/completions", self.url)
    }

    /// A question that is answered as it comes.
    pub(crate) fn ask(&self, agent: &str) -> reqwest::RequestBuilder {
        let body = json!({"stream": true, "messages": [{"role": "user", "content": "Hello?"}]});
        self.http.post(self.chat_url(agent)).json(&body)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(format!("{}{path}", self.url)).send().await;
        let response = response.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    /// The one run that goes on.
    pub(crate) async fn only_run(&self) -> String {
        until(|| self.agents.runs().running() == 1).await;
        let (_, listed) = self.get("/api/runs?state=running").await;
        listed["runs"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The spans that have ended.
    pub(crate) async fn spans(&self) -> Vec<Span> {
        self.pipeline.flush().await;
        self.spans.0.lock().unwrap().clone()
    }

    /// The spans that have ended, by name, with how they ended.
    pub(crate) async fn ended_spans(&self) -> Vec<(String, String)> {
        let ending = |span: &Span| {
            let reason = span
                .attributes
                .iter()
                .find(|it| it.key == key::FINISH_REASON);
            match reason.and_then(|reason| reason.value.as_ref()?.value.as_ref()) {
                Some(AnyValue::StringValue(reason)) => reason.clone(),
                Some(_) | None => String::new(),
            }
        };
        let spans = self.spans().await;
        let spans = spans.iter();
        let mut spans: Vec<_> = spans
            .map(|span| (span.name.clone(), ending(span)))
            .collect();
        spans.sort();
        spans
    }

    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.others.close();
        let ended = async {
            self.tracker.wait().await;
            self.others.wait().await;
        };
        tokio::time::timeout(DEADLINE, ended).await.unwrap();
    }
}

/// What a house keeps of its telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recording {
    Spans,
    None,
}

/// Waits until it is so; how long that took.
pub(crate) async fn until(is_so: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "it never came to be");
        tokio::task::yield_now().await;
    }
    started.elapsed()
}

/// The client that the program uses.
pub(crate) fn http_client() -> reqwest::Client {
    // Another test may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    transport::client().unwrap()
}

/// Remembers spans.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Span>>>);

#[async_trait]
impl Receiver for Spans {
    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        let resources = request.resource_spans.iter();
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        let mut spans = self.0.lock().unwrap();
        spans.extend(scopes.flat_map(|scope| &scope.spans).cloned());
        Ok(Received::default())
    }

    async fn metrics(
        &self,
        _request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        Ok(Received::default())
    }

    async fn logs(&self, _request: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        Ok(Received::default())
    }
}

/// The model API `team/llm`, with the scripted model.
fn scripted() -> ModelApiPlan {
    ModelApiPlan {
        id: ResourceId::new("team", "llm"),
        backend: ModelBackend::Provider(ProviderPlan {
            provider: MOCK.to_owned(),
            ..ProviderPlan::default()
        }),
        models: ["scripted", "instant", "slow"].map(str::to_owned).to_vec(),
        limits: UsageLimits::default(),
        telemetry: TelemetryPlan::default(),
    }
}
