//! Everything the program is told: flags, each also by environment. The only place that reads the
//! environment.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use api::plan::Secret;
use clap::{Parser, Subcommand, ValueEnum};
use runtime::gateway::PROVIDERS;

/// Runs AI agents as Kubernetes resources and shows what happened for every answer.
#[derive(Debug, Parser)]
#[command(name = "kaos", version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves everything on one port: dashboard, Kubernetes API, agents, telemetry.
    Serve(Box<ServeConfig>),
}

/// Flags of `kaos serve`.
#[derive(Debug, Parser)]
pub(crate) struct ServeConfig {
    /// Address of the one port; 0 takes a free one.
    #[arg(long, env = "KAOS_ADDR", default_value = "127.0.0.1:3000")]
    pub(crate) addr: SocketAddr,

    /// A second port for OTLP over gRPC, such as the standard 127.0.0.1:4317.
    #[arg(long, env = "KAOS_OTLP_ADDR")]
    pub(crate) otlp_addr: Option<SocketAddr>,

    /// Where resources, memory and telemetry are kept; one program at a time.
    #[arg(long, env = "KAOS_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// YAML to apply at the start: a file, or a directory of them. May be repeated.
    #[arg(
        long,
        env = "KAOS_APPLY",
        value_name = "FILE|DIR",
        value_delimiter = ':'
    )]
    pub(crate) apply: Vec<PathBuf>,

    /// Applies the example: a coordinator, a researcher and an analyst.
    #[arg(long, env = "KAOS_DEMO")]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) logging: LogConfig,
}

/// How the program logs on standard output.
#[derive(Clone, Debug, Parser)]
pub(crate) struct LogConfig {
    /// Level, or levels per target, such as `info,runtime=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "info,rmcp=warn")]
    pub(crate) log_level: String,

    /// One line of text, or one JSON object, per event.
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where data is kept when nobody says: beside the user's other data.
pub(crate) fn default_data_dir() -> anyhow::Result<PathBuf> {
    if let Some(data) = variable("XDG_DATA_HOME") {
        return Ok(PathBuf::from(data).join("kaos"));
    }
    let home =
        variable("HOME").context("HOME is not set; say where to keep data with --data-dir")?;
    Ok(PathBuf::from(home).join(".local/share/kaos"))
}

/// What every child process gets of our environment; provider keys are not among it.
pub(crate) fn child_environment() -> Vec<(String, String)> {
    ["PATH", "HOME", "LANG", "TMPDIR"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), variable(name)?)))
        .collect()
}

/// The first provider whose key is in the environment.
pub(crate) fn provider_key() -> Option<(&'static str, Secret)> {
    PROVIDERS.iter().find_map(|provider| {
        let key = variable(provider.key_variable?)?;
        Some((provider.name, Secret::new(key)))
    })
}

/// Whether message content goes into telemetry; unset leaves it to the mode.
pub(crate) fn captures_content() -> Option<bool> {
    let value = variable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")?;
    Some(["1", "true", "yes", "on"].contains(&value.to_ascii_lowercase().as_str()))
}

/// A variable that is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}
