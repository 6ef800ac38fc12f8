//! The standard `OTEL_*` variables: where telemetry goes, how much of it, and how often.
//!
//! Their names, values and defaults are OpenTelemetry's. Two things are ours: without a protocol, port
//! 4317 means gRPC, because that is what everybody puts there; and without a sampler everything is
//! kept, because every answer has to show what happened.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, bail, ensure};
use http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use runtime::telemetry::{
    OtlpCompression, OtlpProtocol, OtlpSettings, OtlpTarget, RootSampling, Sampling,
};

use super::headers;

/// Looks a variable up; one that is empty counts as unset.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the variables say.
#[derive(Clone, Debug)]
pub(crate) struct OtelConfig {
    /// Nothing is emitted at all.
    pub(crate) disabled: bool,
    /// The `service.name` of the program's own logs.
    pub(crate) service_name: Option<String>,
    /// Attributes of every service's resource, beside its own.
    pub(crate) resource_attributes: Vec<(String, String)>,
    /// The endpoints to export to; `None` when none is named.
    pub(crate) export: Option<OtlpSettings>,
    /// Which traces are kept.
    pub(crate) sampling: Sampling,
    /// How long spans and logs are collected.
    pub(crate) flush_interval: Option<Duration>,
    /// How often metrics are read.
    pub(crate) metric_interval: Option<Duration>,
    /// Spans that may wait.
    pub(crate) max_spans: Option<usize>,
    /// Log records that may wait.
    pub(crate) max_logs: Option<usize>,
    /// Spans or log records in one request.
    pub(crate) max_batch: Option<usize>,
}

/// One of the three kinds of telemetry, as variables and URLs name it.
#[derive(Clone, Copy)]
struct Signal {
    variable: &'static str,
    path: &'static str,
}

const TRACES: Signal = Signal {
    variable: "TRACES",
    path: "/v1/traces",
};
const METRICS: Signal = Signal {
    variable: "METRICS",
    path: "/v1/metrics",
};
const LOGS: Signal = Signal {
    variable: "LOGS",
    path: "/v1/logs",
};

/// How long a request may take when nobody says.
const TIMEOUT: Duration = Duration::from_secs(10);

impl OtelConfig {
    /// Reads everything, and fails with the name of the variable that makes no sense.
    pub(crate) fn read(variables: Variables<'_>) -> anyhow::Result<Self> {
        let resource = variables("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let mut resource_attributes = pairs(&resource)
            .context("OTEL_RESOURCE_ATTRIBUTES is not of the form key=value,key2=value2")?;
        // A thousand agents are a thousand services, each with a name of its own.
        let service_name = resource_attributes.remove("service.name");
        Ok(Self {
            disabled: is_true(variables, "OTEL_SDK_DISABLED"),
            service_name: variables("OTEL_SERVICE_NAME").or(service_name),
            resource_attributes: resource_attributes.into_iter().collect(),
            export: export(variables)?,
            sampling: sampling(variables)?,
            flush_interval: milliseconds(variables, "OTEL_BSP_SCHEDULE_DELAY")?,
            metric_interval: milliseconds(variables, "OTEL_METRIC_EXPORT_INTERVAL")?,
            max_spans: count(variables, "OTEL_BSP_MAX_QUEUE_SIZE")?,
            max_logs: count(variables, "OTEL_BLRP_MAX_QUEUE_SIZE")?,
            max_batch: count(variables, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")?,
        })
    }
}

fn export(variables: Variables<'_>) -> anyhow::Result<Option<OtlpSettings>> {
    let settings = OtlpSettings {
        traces: target(variables, TRACES)?,
        metrics: target(variables, METRICS)?,
        logs: target(variables, LOGS)?,
    };
    let any = settings.traces.is_some() || settings.metrics.is_some() || settings.logs.is_some();
    Ok(any.then_some(settings))
}

/// Where one signal goes; `None` when it is not exported.
fn target(variables: Variables<'_>, signal: Signal) -> anyhow::Result<Option<OtlpTarget>> {
    let exporter = format!("OTEL_{}_EXPORTER", signal.variable);
    match variables(&exporter).as_deref() {
        Some("none") => return Ok(None),
        None | Some("otlp") => {}
        Some(other) => bail!("{exporter} is \"{other}\"; kaos knows \"otlp\" and \"none\""),
    }
    let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.variable);
    let (name, endpoint, is_own) = match (variables(&own), variables("OTEL_EXPORTER_OTLP_ENDPOINT"))
    {
        (Some(endpoint), _) => (own.as_str(), endpoint, true),
        (None, Some(endpoint)) => ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, false),
        (None, None) => return Ok(None),
    };
    let uri = endpoint_uri(name, &endpoint)?;
    let setting = |what: &str| {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.variable);
        let common = format!("OTEL_EXPORTER_OTLP_{what}");
        [own, common]
            .into_iter()
            .find_map(|name| Some((variables(&name)?, name)))
    };
    let protocol = protocol(setting("PROTOCOL"), &uri)?;
    // An endpoint of the signal's own is used as it is; so is gRPC's.
    let url = if is_own || protocol == OtlpProtocol::Grpc {
        endpoint
    } else {
        format!("{}{}", endpoint.trim_end_matches('/'), signal.path)
    };
    Ok(Some(OtlpTarget {
        url,
        protocol,
        headers: match setting("HEADERS") {
            Some((list, name)) => {
                headers::parse(&list).with_context(|| format!("failed to read {name}"))?
            }
            None => HeaderMap::new(),
        },
        compression: compression(setting("COMPRESSION"))?,
        timeout: match setting("TIMEOUT") {
            Some((value, name)) => Duration::from_millis(number(&name, &value)?),
            None => TIMEOUT,
        },
    }))
}

fn endpoint_uri(name: &str, endpoint: &str) -> anyhow::Result<Uri> {
    let wanted = "give it as http://host:4317 or https://host:4318";
    let uri: Uri = endpoint
        .parse()
        .with_context(|| format!("{name} cannot be read; {wanted}"))?;
    ensure!(
        uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")),
        "{name} is \"{endpoint}\", which is no URL; {wanted}"
    );
    // The URL is shown in logs and in the status.
    let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
    ensure!(
        !has_user,
        "{name} must not hold a name or password; put \"authorization=…\" into \
         OTEL_EXPORTER_OTLP_HEADERS"
    );
    Ok(uri)
}

fn protocol(said: Option<(String, String)>, uri: &Uri) -> anyhow::Result<OtlpProtocol> {
    match said {
        None => Ok(OtlpProtocol::usual(uri)),
        Some((value, name)) => match value.as_str() {
            "grpc" => Ok(OtlpProtocol::Grpc),
            "http/protobuf" => Ok(OtlpProtocol::HttpProtobuf),
            other => bail!("{name} is \"{other}\"; kaos knows \"grpc\" and \"http/protobuf\""),
        },
    }
}

fn compression(said: Option<(String, String)>) -> anyhow::Result<OtlpCompression> {
    match said {
        None => Ok(OtlpCompression::None),
        Some((value, name)) => match value.as_str() {
            "gzip" => Ok(OtlpCompression::Gzip),
            "none" => Ok(OtlpCompression::None),
            other => bail!("{name} is \"{other}\"; kaos knows \"gzip\" and \"none\""),
        },
    }
}

fn sampling(variables: Variables<'_>) -> anyhow::Result<Sampling> {
    let Some(name) = variables("OTEL_TRACES_SAMPLER") else {
        return Ok(Sampling::default());
    };
    let (follows_parent, root) = match name.strip_prefix("parentbased_") {
        Some(root) => (true, root),
        None => (false, name.as_str()),
    };
    let root = match root {
        "always_on" => RootSampling::All,
        "always_off" => RootSampling::Nothing,
        "traceidratio" => RootSampling::Ratio(ratio(variables)?),
        _ => bail!(
            "OTEL_TRACES_SAMPLER is \"{name}\"; kaos knows always_on, always_off and traceidratio, \
             each also with parentbased_ before it"
        ),
    };
    Ok(if follows_parent {
        Sampling::AsParent { root }
    } else {
        Sampling::Own(root)
    })
}

fn ratio(variables: Variables<'_>) -> anyhow::Result<f64> {
    let name = "OTEL_TRACES_SAMPLER_ARG";
    let Some(value) = variables(name) else {
        return Ok(1.0);
    };
    let ratio: f64 = value
        .trim()
        .parse()
        .with_context(|| format!("{name} is \"{value}\", which is no number"))?;
    ensure!(
        (0.0..=1.0).contains(&ratio),
        "{name} is {ratio}; it has to be between 0 and 1"
    );
    Ok(ratio)
}

/// `key=value,key2=value2`, values percent-encoded.
fn pairs(list: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let members = list.split(',').map(str::trim);
    let pair = |member: &str| {
        let (key, value) = member
            .split_once('=')
            .with_context(|| format!("\"{member}\" has no ="))?;
        let value = percent_decode_str(value.trim()).decode_utf8();
        let value = value.with_context(|| format!("the value of \"{key}\" is not text"))?;
        Ok((key.trim().to_owned(), value.into_owned()))
    };
    members
        .filter(|member| !member.is_empty())
        .map(pair)
        .collect()
}

fn is_true(variables: Variables<'_>, name: &str) -> bool {
    let value = variables(name).unwrap_or_default();
    ["true", "1", "yes"].contains(&value.to_ascii_lowercase().as_str())
}

fn milliseconds(variables: Variables<'_>, name: &str) -> anyhow::Result<Option<Duration>> {
    let value = variables(name);
    let value = value.map(|value| Ok(Duration::from_millis(number(name, &value)?)));
    value.transpose()
}

fn count(variables: Variables<'_>, name: &str) -> anyhow::Result<Option<usize>> {
    let value = variables(name);
    let value = value.map(|value| Ok(usize::try_from(number(name, &value)?)?));
    value.transpose()
}

fn number(name: &str, value: &str) -> anyhow::Result<u64> {
    let number = value.trim().parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("{name} is \"{value}\"; it has to be a whole number above 0"))
}

#[cfg(test)]
mod tests;
