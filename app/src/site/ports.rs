//! What the dashboard is given by the program around it.

use std::sync::Arc;

use api::{
    clock::Clock,
    functions::FunctionReader,
    prices::PriceTable,
    telemetry::{Alerting, Notebook, TelemetryReader},
    traces::{LogReader, TraceReader},
};
use axum::Router;

/// Everything the dashboard reads from and writes to.
#[derive(Clone)]
pub struct Ports {
    /// Resources.
    pub kube: kube::Client,
    /// Traces.
    pub traces: Arc<dyn TraceReader>,
    /// Logs.
    pub logs: Arc<dyn LogReader>,
    /// Exceptions, metrics, calls between services, sessions, tokens and cost.
    pub telemetry: Arc<dyn TelemetryReader>,
    /// What is bad for long enough to tell somebody.
    pub alerts: Arc<dyn Alerting>,
    /// What people write down: exceptions they are done with, searches they want to find again.
    pub notebook: Arc<dyn Notebook>,
    /// Serves `/agents/{namespace}/{name}/…` and `/api/runs`, for what agents remember and do.
    pub agents: Router,
    /// Serves `/api/export/traces` and `/api/import/traces`; none where traces are read from elsewhere than
    /// those take them from and put them.
    pub files: Option<Router>,
    /// Reads the functions of MCP servers before they are one.
    pub functions: Arc<dyn FunctionReader>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names of the providers a model API can have.
    pub providers: Vec<&'static str>,
    /// What models cost by the table that comes with the program.
    pub prices: Arc<PriceTable>,
    /// Where the browser finds scripts and styles.
    pub assets: Assets,
    /// One sentence that every page shows, such as that no provider key was found.
    pub notice: Option<String>,
}

/// Where the browser finds scripts and styles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    /// The style sheet.
    pub css: String,
    /// The JavaScript module that loads the wasm.
    pub js: String,
    /// The wasm.
    pub wasm: String,
}
