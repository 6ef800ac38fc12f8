//! A gateway with one model API, and providers that remember what they were asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use api::{
    clock::{Clock, SystemClock},
    plan::{ModelApiPlan, ModelBackend, ProviderPlan, ResourceId, Secret, TelemetryPlan},
    resources::UsageLimits,
};
use async_trait::async_trait;
use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, Response, Uri};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{
    gateway::{Accounts, Gateway, GatewayContext, LocalSettings, ModelApiState},
    telemetry::{Pipeline, PipelineSettings, ReceiveError, Received, Receiver},
    transport::tests::http_client,
};

/// A gateway at work.
pub(super) struct House {
    pub(super) gateway: Gateway,
    pipeline: Pipeline,
    metrics: Metrics,
    _folder: TempDir,
}

/// How long anything may take before a test gives up on it.
pub(super) const DEADLINE: Duration = Duration::from_mins(1);

/// Nothing on this machine answers.
pub(super) fn local() -> LocalSettings {
    LocalSettings {
        litellm: "litellm".into(),
        base_env: Vec::new(),
        folder: std::env::temp_dir().join(format!("kaos-{}", uuid::Uuid::new_v4())),
        ollama: "http://127.0.0.1:1".parse().unwrap(),
    }
}

impl House {
    /// A gateway that serves `plan`.
    pub(super) fn new(plan: ModelApiPlan) -> Self {
        Self::with(plan, local())
    }

    /// The same, with what there is on this machine.
    pub(super) fn with(plan: ModelApiPlan, local: LocalSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let metrics = Metrics::default();
        let pipeline = Pipeline::start(
            vec![Arc::new(metrics.clone())],
            PipelineSettings::default(),
            &tracker,
            shutdown.clone(),
        );
        let spent = folder.path().join("spend.json");
        let accounts = Accounts::open(&spent, Arc::clone(&clock), &tracker, shutdown.clone());
        let gateway = Gateway::new(GatewayContext {
            client: http_client(),
            clock,
            service: pipeline.service("kaos", "kaos-system"),
            pipeline: pipeline.clone(),
            accounts: accounts.unwrap(),
            local,
            tracker,
            shutdown,
        });
        gateway.apply(plan);
        Self {
            gateway,
            pipeline,
            metrics,
            _folder: folder,
        }
    }

    /// Waits until the model API is as wanted.
    pub(super) async fn until(&self, wanted: impl Fn(&ModelApiState) -> bool) -> ModelApiState {
        let id = ResourceId::new("default", "llm");
        let mut changes = self.gateway.changes();
        let waiting = async {
            loop {
                let state = self.gateway.state(&id).unwrap();
                if wanted(&state) {
                    return state;
                }
                changes.recv().await.ok();
            }
        };
        let state = tokio::time::timeout(DEADLINE, waiting).await;
        state.unwrap_or_else(|_| panic!("it stays {:?}", self.gateway.state(&id)))
    }

    /// Waits until it has failed; why.
    pub(super) async fn until_failed(&self) -> String {
        let state = self
            .until(|state| matches!(state, ModelApiState::Failed(_)))
            .await;
        let ModelApiState::Failed(why) = state else {
            unreachable!("it was waited for")
        };
        why
    }

    pub(super) async fn send(&self, request: http::Request<Body>) -> Response<Body> {
        self.gateway.router().oneshot(request).await.unwrap()
    }

    /// Asks for a chat completion.
    pub(super) async fn ask(&self, body: Value) -> Response<Body> {
        self.ask_as(None, body).await
    }

    /// The same, as an agent does.
    pub(super) async fn ask_as(&self, agent: Option<&str>, body: Value) -> Response<Body> {
        let mut request = chat(&body);
        if let Some(agent) = agent {
            request = request.header("x-kaos-agent", agent);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// All metrics so far, as text.
    pub(super) async fn metrics(&self) -> String {
        self.pipeline.flush().await;
        self.metrics.0.lock().unwrap().clone()
    }
}

pub(super) fn chat(body: &Value) -> http::request::Builder {
    assert!(body.is_object());
    http::Request::post("/default/llm/v1/chat/completions")
        .header("content-type", "application/json")
}

pub(super) async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(super) async fn read<T: serde::de::DeserializeOwned>(response: Response<Body>) -> T {
    serde_json::from_str(&text(response).await).unwrap()
}

/// The model API `default/llm`.
pub(super) fn plan(provider: &str, api_base: Option<String>, models: &[&str]) -> ModelApiPlan {
    ModelApiPlan {
        id: ResourceId::new("default", "llm"),
        backend: ModelBackend::Provider(ProviderPlan {
            provider: provider.to_owned(),
            api_base,
            api_version: None,
            api_key: Some(Secret::new("sk-secret")),
        }),
        models: models.iter().map(|&model| model.to_owned()).collect(),
        limits: UsageLimits::default(),
        telemetry: TelemetryPlan::default(),
    }
}

/// What an upstream was asked last.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<(Uri, HeaderMap, Value)>>>);

impl Seen {
    fn last(&self) -> (Uri, HeaderMap, Value) {
        self.0.lock().unwrap().clone().unwrap()
    }

    pub(super) fn uri(&self) -> String {
        self.last().0.to_string()
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.last().1
    }

    pub(super) fn body(&self) -> Value {
        self.last().2
    }
}

async fn answer(
    State(seen): State<Seen>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let body = serde_json::from_slice(&body).unwrap();
    *seen.0.lock().unwrap() = Some((uri, headers, body));
    Json(json!({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}))
}

async fn list(State(seen): State<Seen>, uri: Uri, headers: HeaderMap) -> Json<Value> {
    *seen.0.lock().unwrap() = Some((uri, headers, Value::Null));
    Json(json!({"data": [{"id": "gpt-4o"}, {"id": "whisper-1"}]}))
}

/// Serves `router` on a free port for as long as the test runs; returns its URL.
pub(super) async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    TaskTracker::new().spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

/// The same; returns the base URL of a provider.
pub(super) async fn upstream(router: Router) -> String {
    serve(router).await.join("v1").unwrap().into()
}

/// A provider that answers every chat with these bytes of this type.
pub(super) async fn answering(content_type: &'static str, body: impl Into<Bytes>) -> String {
    let body = body.into();
    let answer = async move || ([("content-type", content_type)], body).into_response();
    upstream(Router::new().route("/v1/chat/completions", post(answer))).await
}

pub(super) async fn recording_upstream() -> (Seen, String) {
    let seen = Seen::default();
    let router = Router::new()
        .route("/v1/models", get(list))
        .fallback(post(answer))
        .with_state(seen.clone());
    (seen, upstream(router).await)
}

/// Remembers metrics, as text.
#[derive(Clone, Default)]
struct Metrics(Arc<Mutex<String>>);

#[async_trait]
impl Receiver for Metrics {
    async fn traces(&self, _: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
        Ok(Received::default())
    }

    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError> {
        let told = format!("{request:?}");
        self.0.lock().unwrap().push_str(&told);
        Ok(Received::default())
    }

    async fn logs(&self, _: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
        Ok(Received::default())
    }
}
