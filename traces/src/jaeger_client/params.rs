//! A query in the parameters of either generation.

use api::attributes::key;
use api::traces::TraceQuery;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// Asks for spans as they were sent, without corrected clocks; in both spellings.
pub(super) const RAW: [&str; 2] = ["rawTraces", "raw_traces"];

/// The key of a condition, or of a tag, that says whether a span failed.
pub(super) const ERROR: &str = "error";

/// Names and values of a query string.
pub(super) type Params = Vec<(&'static str, String)>;

/// From a span's start to a span's start, in nanoseconds since the epoch; the end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) min_ns: u64,
    pub(super) max_ns: u64,
}

/// Parameters of `/api/v3`, in the spelling since 2.19 and in the one before: a Jaeger reads the
/// first one that it knows.
pub(super) fn v3(query: &TraceQuery, window: Window, limit: u32) -> Params {
    let mut params = Params::new();
    let mut both = |new, old, value: Option<String>| {
        if let Some(value) = value {
            params.extend([(new, value.clone()), (old, value)]);
        }
    };
    both(
        "query.serviceName",
        "query.service_name",
        query.service.clone(),
    );
    both(
        "query.operationName",
        "query.operation_name",
        query.operation.clone(),
    );
    both(
        "query.startTimeMin",
        "query.start_time_min",
        Some(rfc3339(window.min_ns)),
    );
    // Jaeger's end is part of the window.
    both(
        "query.startTimeMax",
        "query.start_time_max",
        Some(rfc3339(window.max_ns.saturating_sub(1))),
    );
    both(
        "query.durationMin",
        "query.duration_min",
        query.duration_min_ns.map(nanoseconds),
    );
    both(
        "query.durationMax",
        "query.duration_max",
        query.duration_max_ns.map(nanoseconds),
    );
    both(
        "query.searchDepth",
        "query.num_traces",
        Some(limit.to_string()),
    );
    both(
        "query.rawTraces",
        "query.raw_traces",
        Some("true".to_owned()),
    );
    if let Some(attributes) = attributes(query) {
        params.push(("query.attributes", attributes));
    }
    params
}

/// Parameters of `/api/traces`, whose times are microseconds.
pub(super) fn legacy(query: &TraceQuery, service: &str, window: Window, limit: u32) -> Params {
    let mut params = vec![
        ("service", service.to_owned()),
        ("start", (window.min_ns / 1_000).to_string()),
        ("end", window.max_ns.div_ceil(1_000).to_string()),
        ("limit", limit.to_string()),
        ("raw", "true".to_owned()),
    ];
    let optional = [
        ("operation", query.operation.clone()),
        ("minDuration", query.duration_min_ns.map(nanoseconds)),
        ("maxDuration", query.duration_max_ns.map(nanoseconds)),
        ("tags", attributes(query)),
    ];
    params.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    params
}

/// Every condition on an attribute, as one JSON object of texts.
fn attributes(query: &TraceQuery) -> Option<String> {
    let namespace = query.namespace.as_ref();
    let namespace = namespace.map(|name| (key::SERVICE_NAMESPACE.to_owned(), name.clone()));
    let conditions = query.attributes.iter().cloned().chain(namespace);
    let object: Map<_, _> = conditions
        .map(|(key, value)| (key, Value::from(value)))
        .collect();
    (!object.is_empty()).then(|| Value::from(object).to_string())
}

fn nanoseconds(ns: u64) -> String {
    format!("{ns}ns")
}

fn rfc3339(ns: u64) -> String {
    // Later than jiff can say is later than any span.
    Timestamp::from_nanosecond(ns.into())
        .unwrap_or(Timestamp::MAX)
        .to_string()
}
