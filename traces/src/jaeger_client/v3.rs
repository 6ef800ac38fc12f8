//! Answers of `/api/v3`: OTLP in JSON, all traces of an answer in one document.

use api::attributes::key;
use api::traces::{Operation, ReadError, ServiceCount, Trace, TraceId, TraceSummary};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use serde::{Deserialize, Deserializer};

use super::{into_traces, unreadable};
use crate::convert;

pub(super) fn services(body: &[u8]) -> Result<Vec<String>, ReadError> {
    #[derive(Deserialize)]
    struct Services {
        #[serde(default)]
        services: Vec<String>,
    }
    let Services { services } =
        serde_json::from_slice(body).map_err(|e| unreadable("services", e))?;
    Ok(services)
}

pub(super) fn operations(body: &[u8]) -> Result<Vec<Operation>, ReadError> {
    #[derive(Deserialize)]
    struct Operations {
        #[serde(default)]
        operations: Vec<super::legacy::Operation>,
    }
    let Operations { operations } =
        serde_json::from_slice(body).map_err(|e| unreadable("operations", e))?;
    Ok(operations.into_iter().map(Operation::from).collect())
}

pub(super) fn traces(body: &[u8]) -> Result<Vec<Trace>, ReadError> {
    #[derive(Deserialize)]
    struct Document {
        result: Traces,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Traces {
        #[serde(default)]
        resource_spans: Vec<ResourceSpans>,
    }
    let Document { result } = serde_json::from_slice(body).map_err(|e| unreadable("traces", e))?;
    let spans = result.resource_spans.into_iter().flat_map(|of| {
        let resource = of.resource.unwrap_or_default();
        let service = convert::attribute_text(&resource.attributes, key::SERVICE_NAME);
        // As the built-in store calls it.
        let service = service.unwrap_or_else(|| "unknown_service".to_owned());
        let spans = of.scope_spans.into_iter().flat_map(|of| of.spans);
        let spans = spans.filter_map(move |span| convert::span(&span, &service, &resource));
        spans.collect::<Vec<_>>()
    });
    Ok(into_traces(spans))
}

pub(super) fn summaries(body: &[u8]) -> Result<Vec<TraceSummary>, ReadError> {
    #[derive(Deserialize)]
    struct Summaries {
        #[serde(default)]
        summaries: Vec<Summary>,
    }
    let Summaries { summaries } =
        serde_json::from_slice(body).map_err(|e| unreadable("traces", e))?;
    Ok(summaries.into_iter().map(TraceSummary::from).collect())
}

/// What is zero or empty is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    trace_id: TraceId,
    #[serde(default)]
    root_service_name: String,
    #[serde(default)]
    root_operation_name: String,
    #[serde(default, deserialize_with = "number")]
    min_start_time_unix_nano: u64,
    #[serde(default, deserialize_with = "number")]
    max_end_time_unix_nano: u64,
    #[serde(default, deserialize_with = "number")]
    span_count: u64,
    #[serde(default, deserialize_with = "number")]
    error_span_count: u64,
    #[serde(default, deserialize_with = "number")]
    orphan_span_count: u64,
    #[serde(default)]
    services: Vec<SummaryService>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryService {
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "number")]
    span_count: u64,
    #[serde(default, deserialize_with = "number")]
    error_span_count: u64,
}

/// 64-bit integers are text, as in all JSON made from protobuf, and smaller ones are not.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Plain(u64),
        Text(String),
    }
    match Number::deserialize(deserializer)? {
        Number::Plain(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

impl From<Summary> for TraceSummary {
    fn from(summary: Summary) -> Self {
        let services = summary.services.into_iter().map(|service| ServiceCount {
            name: service.name,
            n_spans: service.span_count,
            n_errors: service.error_span_count,
        });
        let mut services: Vec<_> = services.collect();
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            id: summary.trace_id,
            root_service: summary.root_service_name,
            root_name: summary.root_operation_name,
            start_ns: summary.min_start_time_unix_nano,
            end_ns: summary.max_end_time_unix_nano,
            n_spans: summary.span_count,
            n_errors: summary.error_span_count,
            n_orphans: summary.orphan_span_count,
            services,
            work: None,
        }
    }
}
