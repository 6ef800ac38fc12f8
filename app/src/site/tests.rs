//! Pages and forms over a small Kubernetes API kept in memory.

mod cluster;
mod forms;
mod import;
mod notebook;
mod pages;
mod tabs;

use std::sync::Arc;

use api::traces::{LogQuery, LogReader, LogRecord, Operation, ReadError, Trace, TraceId};
use api::{
    clock::SystemClock,
    functions::{Function, FunctionReader, NoLanguage, Parameter, Reading},
    telemetry::NothingKept,
    traces::{TraceQuery, TraceReader, TraceSummary},
};
use async_trait::async_trait;
use axum::{Router, body::Body, response::Response};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{Assets, Ports, router};
use cluster::Cluster;

/// A store that holds the same traces whatever it is asked.
struct Store(Vec<TraceSummary>);

#[async_trait]
impl TraceReader for Store {
    async fn services(&self) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }

    async fn operations(&self, _: &str) -> Result<Vec<Operation>, ReadError> {
        Ok(Vec::new())
    }

    async fn trace(&self, _: TraceId) -> Result<Option<Trace>, ReadError> {
        Ok(None)
    }

    async fn search(&self, _: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError> {
        Ok(self.0.clone())
    }
}

#[async_trait]
impl LogReader for Store {
    async fn logs(&self, _: &LogQuery) -> Result<Vec<LogRecord>, ReadError> {
        Ok(Vec::new())
    }
}

/// The dashboard over `cluster`, with nothing in the trace store.
fn dashboard(cluster: &Cluster) -> Router {
    router(ports(cluster))
}

fn ports(cluster: &Cluster) -> Ports {
    Ports {
        kube: cluster.client(),
        traces: Arc::new(Store(Vec::new())),
        logs: Arc::new(Store(Vec::new())),
        telemetry: NothingKept::because("a test keeps nothing"),
        alerts: NothingKept::alerts("a test keeps nothing"),
        notebook: NothingKept::notebook("a test keeps nothing"),
        agents: Router::new(),
        files: None,
        functions: Arc::new(NoLanguage),
        clock: Arc::new(SystemClock),
        providers: vec!["mock"],
        prices: Arc::default(),
        assets: Assets {
            css: "/pkg/kaos.css".to_owned(),
            js: "/pkg/kaos.js".to_owned(),
            wasm: "/pkg/kaos_bg.wasm".to_owned(),
        },
        notice: Some("Mock model: no provider key was found".to_owned()),
    }
}

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    text: String,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The page must have `part` in its HTML.
    #[track_caller]
    fn shows(&self, part: &str) {
        assert!(self.text.contains(part), "no {part:?} in {}", self.text);
    }
}

async fn get(dashboard: &Router, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    Answer::of(dashboard.clone().oneshot(request).await.unwrap()).await
}

/// Posts a form as the browser that got the page would, with its token.
async fn post(dashboard: &Router, path: &str, fields: &str) -> Answer {
    post_with_token(dashboard, path, &format!("{fields}&csrf=token")).await
}

async fn post_with_token(dashboard: &Router, path: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, "kaos_csrf=token")
        .body(Body::from(body.to_owned()))
        .unwrap();
    Answer::of(dashboard.clone().oneshot(request).await.unwrap()).await
}
