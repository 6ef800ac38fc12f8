//! An OpenTelemetry Collector that writes what it receives to a file, or drops it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, Program, folder};

const GRPC: &str = "Starting GRPC server";
const HTTP: &str = "Starting HTTP server";
/// The exporter that writes.
const FILE: &str = "file";
/// The exporter that only counts, in its log.
const DEBUG: &str = "debug";

/// A running Collector; killed when dropped.
pub struct Collector {
    /// Takes OTLP over gRPC.
    pub grpc: String,
    /// Takes OTLP over HTTP.
    pub http: String,
    process: Process,
    folder: TempDir,
}

impl Collector {
    /// Starts one; `None` where there is no program.
    pub async fn start() -> Option<Self> {
        Self::start_at("127.0.0.1:0", "127.0.0.1:0").await
    }

    /// Starts one on given addresses, such as those of one that was killed.
    pub async fn start_at(grpc: &str, http: &str) -> Option<Self> {
        Self::start_with(grpc, http, FILE).await
    }

    /// Starts one that drops what it receives, for measurements: writing would cost more than receiving.
    pub async fn start_dropping(grpc: &str, http: &str) -> Option<Self> {
        Self::start_with(grpc, http, DEBUG).await
    }

    async fn start_with(grpc: &str, http: &str, exporter: &str) -> Option<Self> {
        let program = Program::find("KAOS_COLLECTOR")?;
        let folder = folder();
        let file = folder.path().join("received.jsonl");
        let config = config(grpc, http, &file, exporter);
        let listening = [(GRPC, "endpoint"), (HTTP, "endpoint")];
        let process = program.start(folder.path(), &config, &listening).await;
        Some(Self {
            grpc: process.url(GRPC),
            http: process.url(HTTP),
            process,
            folder,
        })
    }

    /// Every request received so far, of all signals, as OTLP in JSON.
    pub fn received(&self) -> Vec<Value> {
        let written = fs::read_to_string(self.file()).unwrap_or_default();
        // The last line may be half written.
        let lines = written.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Ends it at once.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("received.jsonl")
    }
}

fn config(grpc: &str, http: &str, file: &Path, exporter: &str) -> String {
    let file = file.display();
    format!(
        "
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [{exporter}]}}
    metrics: {{receivers: [otlp], exporters: [{exporter}]}}
    logs: {{receivers: [otlp], exporters: [{exporter}]}}
  telemetry:
    metrics: {{level: none}}
    logs: {{level: info, encoding: json}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '{grpc}', include_metadata: true}}
      http: {{endpoint: '{http}', include_metadata: true}}
exporters:
  debug: {{verbosity: basic}}
  file: {{path: {file}, flush_interval: 50ms}}
"
    )
}
