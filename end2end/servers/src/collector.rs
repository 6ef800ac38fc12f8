//! An OpenTelemetry Collector that writes what it receives to a file.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, Program, folder};

const GRPC: &str = "Starting GRPC server";
const HTTP: &str = "Starting HTTP server";

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
        let program = Program::find("KAOS_COLLECTOR")?;
        let folder = folder();
        let config = config(grpc, http, &folder.path().join("received.jsonl"));
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

fn config(grpc: &str, http: &str, file: &std::path::Path) -> String {
    let file = file.display();
    format!(
        "
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
    metrics: {{receivers: [otlp], exporters: [file]}}
    logs: {{receivers: [otlp], exporters: [file]}}
  telemetry:
    metrics: {{level: none}}
    logs: {{level: info, encoding: json}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '{grpc}', include_metadata: true}}
      http: {{endpoint: '{http}', include_metadata: true}}
exporters:
  file: {{path: {file}, flush_interval: 50ms}}
"
    )
}
