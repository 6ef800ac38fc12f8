//! A server on a database of its own, and short ways to talk to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::clock::SystemClock;
use apiserver::ApiServer;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// A running server. Its database goes when this does.
pub(crate) struct Running {
    pub(crate) server: ApiServer,
    pub(crate) shutdown: CancellationToken,
    directory: TempDir,
    tracker: TaskTracker,
}

/// What a raw request was answered with.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

/// Where agents of the tests live.
pub(crate) const AGENTS: &str = "/apis/kaos.tools/v1alpha1/namespaces/default/agents";

/// Opens a server on an empty database.
pub(crate) fn start() -> Running {
    let directory = tempfile::tempdir().unwrap();
    open(directory)
}

fn open(directory: TempDir) -> Running {
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let database: PathBuf = directory.path().join("resources.db");
    let clock = Arc::new(SystemClock);
    let server = ApiServer::open(&database, clock, &tracker, shutdown.clone()).unwrap();
    Running {
        server,
        shutdown,
        directory,
        tracker,
    }
}

impl Running {
    /// Stops, and opens the same database again.
    pub(crate) async fn restart(self) -> Self {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop(self.server);
        open(self.directory)
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client("default")
    }

    pub(crate) fn agents(&self) -> Api<api::resources::Agent> {
        Api::default_namespaced(self.client())
    }

    /// Sends JSON.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let media_type = "application/json";
        self.send_as(method, path, media_type, body.to_string())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send_as(Method::GET, path, "application/json", String::new())
            .await
    }

    pub(crate) async fn send_as(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: String,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media_type)
            .body(Body::from(body))
            .unwrap();
        let response = self.server.router().oneshot(request).await.unwrap();
        let (code, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body =
            serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
        Answer {
            code,
            headers,
            body,
        }
    }

    /// Creates an agent with a model.
    pub(crate) async fn create_agent(&self, name: &str, model: &str) -> api::resources::Agent {
        let agent = agent(name, model);
        let agent = serde_json::from_value(agent).unwrap();
        self.agents()
            .create(&PostParams::default(), &agent)
            .await
            .unwrap()
    }
}

/// A valid agent.
pub(crate) fn agent(name: &str, model: &str) -> Value {
    json!({
        "apiVersion": "kaos.tools/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": name},
        "spec": {"modelAPI": "llm", "model": model},
    })
}

/// Fails instead of hanging.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("this should have happened within ten seconds")
}

/// The `Status` a client error carries.
pub(crate) fn status(error: kube::Error) -> Box<kube::core::Status> {
    match error {
        kube::Error::Api(status) => status,
        other => panic!("not an answer of the API: {other:?}"),
    }
}
