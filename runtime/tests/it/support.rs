//! A process of agents, and what a client sees of them.

mod model;
mod recorder;

use std::{sync::Arc, time::Duration};

use api::{
    clock::{Clock, SystemClock},
    plan::{AgentPlan, Limits, MemoryPlan, Peer, ResourceId, TelemetryPlan},
    resources::{UsageLimits, agent::ToolCallMode},
};
use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use runtime::{
    agent::{AgentContext, Agents},
    mcp::{McpServers, McpSettings},
    memory::Memory,
    telemetry::{Pipeline, PipelineSettings, Receiver},
    transport::{self, Transport},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

pub(crate) use self::{
    model::{Model, Reply, piece as model_piece},
    recorder::Recorder,
};

/// Nobody listens there; requests stay in the process.
const BASE_URL: &str = "http://kaos.test";
/// How long anything in a test may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// Agents and everything they need.
pub(crate) struct House {
    pub(crate) agents: Agents,
    pub(crate) recorder: Recorder,
    pipeline: Pipeline,
    shutdown: CancellationToken,
    /// Where memory and telemetry work. The test's own would wait at its end for the thread that
    /// writes the memory, which waits for a task of that same runtime.
    background: Option<Runtime>,
    _data: TempDir,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl House {
    pub(crate) fn new() -> Self {
        // Another test may have been first.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let background = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let within = background.enter();
        let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let data = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let recorder = Recorder::default();
        let receivers: Vec<Arc<dyn Receiver>> = vec![Arc::new(recorder.clone())];
        let pipeline = Pipeline::start(
            receivers,
            PipelineSettings::default(),
            &tracker,
            shutdown.clone(),
        );
        let mcp = McpSettings::new(transport::client().unwrap());
        let memory = data.path().join("memory.db");
        let transport = Transport::new(transport::client().unwrap());
        let agents = Agents::new(AgentContext {
            base_url: BASE_URL.to_owned(),
            transport: transport.clone(),
            mcp: McpServers::new(mcp, tracker.clone(), shutdown.clone()),
            memory: Memory::open(&memory, Arc::clone(&clock), &tracker, shutdown.clone()).unwrap(),
            pipeline: pipeline.clone(),
            clock,
            tracker,
            shutdown: shutdown.clone(),
        });
        let routes = Router::new().nest("/agents", agents.router());
        transport.serve_locally(BASE_URL, routes).unwrap();
        drop(within);
        Self {
            agents,
            recorder,
            pipeline,
            shutdown,
            background: Some(background),
            _data: data,
        }
    }

    /// A house with one agent.
    pub(crate) fn with(plan: AgentPlan) -> Self {
        let house = Self::new();
        house.agents.apply(plan);
        house
    }

    /// Asks the agent `agent` for a chat completion.
    pub(crate) async fn ask(&self, body: Value) -> Got {
        self.ask_with(&[], body.to_string()).await
    }

    /// As [`Self::ask`], with headers and any bytes.
    pub(crate) async fn ask_with(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Got {
        let mut request = Request::post("/team/agent/v1/chat/completions")
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let asking = async {
            let response = self.agents.router().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            Got {
                status: parts.status,
                text: String::from_utf8(bytes.to_vec()).unwrap(),
            }
        };
        tokio::time::timeout(DEADLINE, asking).await.unwrap()
    }

    /// Waits until so many runs have ended, as their SERVER spans tell.
    pub(crate) async fn ended(&self, runs: usize) {
        let ending = async {
            while self.recorder.spans("POST /v1/chat/completions").len() < runs {
                self.flush().await;
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, ending).await.unwrap();
    }

    /// Everything told so far has reached the recorder.
    pub(crate) async fn flush(&self) {
        self.pipeline.flush().await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(background) = self.background.take() {
            background.shutdown_background();
        }
    }
}

impl Got {
    /// The body of an answer that comes whole.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The words of an answer that comes whole.
    pub(crate) fn words(&self) -> String {
        let json = self.json();
        let words = &json["choices"][0]["message"]["content"];
        words
            .as_str()
            .unwrap_or_else(|| panic!("{json:#}"))
            .to_owned()
    }

    pub(crate) fn finish_reason(&self) -> String {
        let json = self.json();
        let reason = &json["choices"][0]["finish_reason"];
        reason
            .as_str()
            .unwrap_or_else(|| panic!("{json:#}"))
            .to_owned()
    }

    /// `error.code` and the status of a failure that a client of OpenAI's understands.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        let code = json["error"]["code"].as_str().unwrap_or_default();
        assert!(json["error"]["message"].is_string(), "{json:#}");
        (self.status.as_u16(), code.to_owned())
    }

    /// The pieces of a stream, without `[DONE]`, which has to be there.
    pub(crate) fn pieces(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        let lines = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        let mut lines: Vec<&str> = lines.collect();
        assert_eq!(lines.pop(), Some("[DONE]"), "{}", self.text);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The words of a stream.
    pub(crate) fn streamed_words(&self) -> String {
        let pieces = self.pieces();
        let words = pieces
            .iter()
            .filter_map(|piece| piece["choices"][0]["delta"]["content"].as_str());
        words.collect()
    }
}

/// The agent `team/agent` that asks `model`.
pub(crate) fn plan(model: &Model) -> AgentPlan {
    AgentPlan {
        id: ResourceId::new("team", "agent"),
        uid: "first".to_owned(),
        description: "answers".to_owned(),
        instructions: "You help.".to_owned(),
        model: "scripted".to_owned(),
        fallback_models: Vec::new(),
        model_api_url: model.url.clone(),
        provider: "test".to_owned(),
        mcp_servers: Vec::new(),
        peers: Vec::new(),
        max_steps: 5,
        limits: Limits::default(),
        usage_limits: UsageLimits::default(),
        memory: MemoryPlan::default(),
        tool_call_mode: ToolCallMode::Auto,
        telemetry: TelemetryPlan::default(),
    }
}

/// An agent that may be asked in the same house.
pub(crate) fn peer(name: &str) -> Peer {
    Peer {
        name: name.to_owned(),
        description: "helps".to_owned(),
        url: Some(format!("{BASE_URL}/agents/team/{name}")),
    }
}

/// A question in the words of a client.
pub(crate) fn question(words: &str) -> Value {
    json!({"messages": [{"role": "user", "content": words}]})
}

/// A tool of the caller's.
pub(crate) fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "description": "a tool of the caller's",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}})
}

/// `body` with these fields on top.
pub(crate) fn with(mut body: Value, fields: Value) -> Value {
    let (Value::Object(body_fields), Value::Object(fields)) = (&mut body, fields) else {
        panic!("both are objects")
    };
    body_fields.extend(fields);
    body
}
