//! Jaeger 2.

use std::path::Path;

use tempfile::TempDir;

use crate::process::{Process, Program, folder};

const OTLP_GRPC: &str = "Starting GRPC server";
const OTLP_HTTP: &str = "Starting HTTP server";
const QUERY: &str = "Query server started";

/// Where Jaeger keeps traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory.
    Memory,
    /// On disk, in Badger.
    Badger,
}

/// A running Jaeger; killed when dropped.
pub struct Jaeger {
    /// Its query API, with its base path: `http://127.0.0.1:PORT/jaeger`.
    pub query: String,
    /// Takes OTLP over gRPC.
    pub otlp_grpc: String,
    /// Takes OTLP over HTTP.
    pub otlp_http: String,
    process: Process,
    _folder: TempDir,
}

impl Jaeger {
    /// Starts one; `None` where there is no program.
    pub async fn start(storage: Storage) -> Option<Self> {
        let program = Program::find("KAOS_JAEGER")?;
        let folder = folder();
        let listening = [
            (OTLP_GRPC, "endpoint"),
            (OTLP_HTTP, "endpoint"),
            (QUERY, "http_addr"),
        ];
        let config = config(storage, folder.path());
        let process = program.start(folder.path(), &config, &listening).await;
        Some(Self {
            query: format!("{}/jaeger", process.url(QUERY)),
            otlp_grpc: process.url(OTLP_GRPC),
            otlp_http: process.url(OTLP_HTTP),
            process,
            _folder: folder,
        })
    }

    /// Ends it at once.
    pub async fn kill(mut self) {
        self.process.kill().await;
    }
}

fn config(storage: Storage, folder: &Path) -> String {
    let backend = match storage {
        Storage::Memory => "memory: {max_traces: 100000}".to_owned(),
        Storage::Badger => {
            let folder = folder.display();
            format!(
                "badger: {{directories: {{keys: {folder}/keys, values: {folder}/values}}, \
                 ephemeral: false, ttl: {{spans: 48h}}}}"
            )
        }
    };
    format!(
        "
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry:
    metrics: {{level: none}}
    logs: {{level: info, encoding: json}}
extensions:
  jaeger_storage:
    backends:
      traces:
        {backend}
  jaeger_query:
    base_path: /jaeger
    storage: {{traces: traces}}
    http: {{endpoint: '127.0.0.1:0'}}
    grpc: {{endpoint: '127.0.0.1:0'}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: '127.0.0.1:0'}}
      http: {{endpoint: '127.0.0.1:0'}}
exporters:
  jaeger_storage_exporter: {{trace_storage: traces}}
"
    )
}
