//! Everything the program is told: flags, each also by environment. The only place that reads the
//! environment.

mod headers;
mod otlp;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use api::plan::Secret;
use clap::{Parser, Subcommand, ValueEnum};
use http::{HeaderValue, Uri, header::AUTHORIZATION};
use runtime::gateway::{LocalSettings, PROVIDERS, ollama_url};
use traces::JaegerSettings;

pub(crate) use self::otlp::OtelConfig;

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
    /// Keeps a local process within bounds; for the use of `serve` alone.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    Contain {
        /// Whatever `serve` says.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
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

    /// Whether the built-in store keeps what agents emit. Without it, telemetry goes only where the
    /// standard variables say, such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[arg(long, env = "KAOS_TELEMETRY_STORE", default_value = "on")]
    pub(crate) telemetry_store: Switch,

    #[command(flatten)]
    pub(crate) models: LocalModelConfig,

    #[command(flatten)]
    pub(crate) jaeger: JaegerConfig,

    #[command(flatten)]
    pub(crate) logging: LogConfig,
}

/// Whether something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What answers for model APIs on this machine.
#[derive(Clone, Debug, Parser)]
pub(crate) struct LocalModelConfig {
    /// The program `litellm`, by name or path: for model APIs with a configYaml.
    #[arg(
        long,
        env = "KAOS_LITELLM",
        value_name = "PROGRAM",
        default_value = "litellm"
    )]
    litellm: PathBuf,

    /// Where Ollama answers: for model APIs of mode Hosted.
    #[arg(
        long,
        env = "OLLAMA_HOST",
        value_name = "HOST",
        default_value = "127.0.0.1:11434"
    )]
    ollama_host: String,
}

impl LocalModelConfig {
    /// The same as the gateway wants it; a child's configuration lies in `folder`.
    pub(crate) fn settings(self, folder: PathBuf) -> anyhow::Result<LocalSettings> {
        let Self {
            litellm,
            ollama_host,
        } = self;
        let ollama = ollama_url(&ollama_host).with_context(|| {
            format!(
                "\"{ollama_host}\" is not Ollama's address; give it as host:port in OLLAMA_HOST"
            )
        })?;
        Ok(LocalSettings {
            litellm,
            base_env: child_environment(),
            folder,
            ollama,
        })
    }
}

/// A Jaeger that the dashboard reads traces from. What it wants to be sent, such as a token, may be
/// secret and therefore has no flags: `KAOS_JAEGER_TOKEN` and `KAOS_JAEGER_HEADERS`.
#[derive(Clone, Debug, Parser)]
pub(crate) struct JaegerConfig {
    /// Reads the dashboard's traces from this Jaeger instead of the built-in store: its URL, with its
    /// base path, such as `http://jaeger:16686`.
    #[arg(long, env = "KAOS_JAEGER_URL", value_name = "URL")]
    jaeger_url: Option<String>,

    /// Seconds that Jaeger may take for an answer.
    #[arg(
        long,
        env = "KAOS_JAEGER_TIMEOUT",
        value_name = "SECONDS",
        default_value = "15",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    jaeger_timeout: u64,
}

impl JaegerConfig {
    /// Where to read traces; `None` for the built-in store.
    pub(crate) fn settings(self) -> anyhow::Result<Option<JaegerSettings>> {
        let Self {
            jaeger_url,
            jaeger_timeout,
        } = self;
        let Some(url) = jaeger_url else {
            return Ok(None);
        };
        let wanted = "give it as http://host:16686, with --jaeger-url or KAOS_JAEGER_URL";
        let uri: Uri = url
            .parse()
            .with_context(|| format!("Jaeger's URL cannot be read; {wanted}"))?;
        ensure!(
            uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")),
            "\"{url}\" is not Jaeger's URL; {wanted}"
        );
        // The URL is shown where something is wrong with it.
        let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        ensure!(
            !has_user,
            "Jaeger's URL must not hold a name or password; put \"authorization=…\" into \
             KAOS_JAEGER_HEADERS"
        );
        let named = variable("KAOS_JAEGER_HEADERS").unwrap_or_default();
        let mut headers =
            headers::parse(&named).context("failed to read the headers in KAOS_JAEGER_HEADERS")?;
        if let Some(token) = variable("KAOS_JAEGER_TOKEN") {
            let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.trim()))
                .context("KAOS_JAEGER_TOKEN has characters that no header can have")?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        Ok(Some(JaegerSettings {
            url,
            headers,
            timeout: Duration::from_secs(jaeger_timeout),
        }))
    }
}

/// What of its own work the program says, on standard output and in telemetry.
#[derive(Clone, Debug, Parser)]
pub(crate) struct LogConfig {
    /// Level, or levels per target, such as `info,runtime=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
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

/// Where to tell of alerts: addresses that take JSON as Slack's do, with commas between them. They are secret
/// and therefore have no flag.
pub(crate) fn alert_webhooks() -> Vec<Secret> {
    let addresses = variable("KAOS_ALERT_WEBHOOKS").unwrap_or_default();
    let addresses = addresses.split(',').map(str::trim);
    addresses
        .filter(|address| !address.is_empty())
        .map(Secret::new)
        .collect()
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

/// What the standard `OTEL_*` variables say.
pub(crate) fn otel() -> anyhow::Result<OtelConfig> {
    OtelConfig::read(&variable)
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
