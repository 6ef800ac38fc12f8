//! Reads traces from any Jaeger, over HTTP.
//!
//! What a Jaeger can do is found by asking: `/api/v3/trace-summaries` (2.19 and newer), then
//! `/api/v3/traces`, then `/api/traces` (up to 2.20). Its answers are checked again here, because its
//! storage backends read a query each in their own way.

mod ask;
mod known;
mod legacy;
mod matches;
mod params;
mod search;
mod v3;

use std::sync::Arc;
use std::time::Duration;

use api::clock::Clock;
use api::traces::{
    FoundTraces, Operation, ReadError, Span, Trace, TraceId, TraceQuery, TraceReader, TraceSummary,
};
use async_trait::async_trait;
use axum::http::HeaderMap;

use ask::{Answer, Ask};
use known::Known;
use params::RAW;

/// Where a Jaeger is, and how to ask it.
#[derive(Clone, Debug)]
pub struct JaegerSettings {
    /// Its address with its base path, such as `http://jaeger:16686/jaeger`.
    pub url: String,
    /// Go with every request; mark those that are secret as sensitive.
    pub headers: HeaderMap,
    /// How long one answer may take, from the first byte sent to the last one read.
    pub timeout: Duration,
}

/// A Jaeger of version 2, or one that answers like it.
pub struct JaegerClient {
    ask: Ask,
    known: Known,
    clock: Arc<dyn Clock>,
}

impl JaegerClient {
    /// Asks nothing yet. The clock says where a search without an end begins.
    pub fn new(client: reqwest::Client, settings: JaegerSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            ask: Ask::new(client, settings),
            known: Known::default(),
            clock,
        }
    }
}

#[async_trait]
impl TraceReader for JaegerClient {
    async fn services(&self) -> Result<Vec<String>, ReadError> {
        let mut services = match self.ask.get("services", "/api/v3/services", &[]).await? {
            Answer::Found(body) => v3::services(&body)?,
            Answer::Nothing => Vec::new(),
            Answer::Absent => match self.ask.get("services", "/api/services", &[]).await? {
                Answer::Found(body) => legacy::services(&body)?,
                Answer::Nothing => Vec::new(),
                Answer::Absent => return Err(self.ask.no_jaeger("services")),
            },
        };
        services.sort();
        services.dedup();
        Ok(services)
    }

    async fn operations(&self, service: &str) -> Result<Vec<Operation>, ReadError> {
        let of = [("service", service.to_owned())];
        let v3 = self
            .ask
            .get("operations", "/api/v3/operations", &of)
            .await?;
        let mut operations = match v3 {
            Answer::Found(body) => v3::operations(&body)?,
            Answer::Nothing => Vec::new(),
            Answer::Absent => match self.ask.get("operations", "/api/operations", &of).await? {
                Answer::Found(body) => legacy::operations(&body)?,
                Answer::Nothing => Vec::new(),
                Answer::Absent => return Err(self.ask.no_jaeger("operations")),
            },
        };
        operations.sort();
        operations.dedup();
        Ok(operations)
    }

    async fn trace(&self, id: TraceId) -> Result<Option<Trace>, ReadError> {
        let raw = RAW.map(|name| (name, "true".to_owned()));
        let path = format!("/api/v3/traces/{id}");
        let mut traces = match self.ask.get("the trace", &path, &raw).await? {
            Answer::Found(body) => v3::traces(&body)?,
            Answer::Nothing => Vec::new(),
            Answer::Absent => {
                let raw = [("raw", "true".to_owned())];
                let path = format!("/api/traces/{id}");
                match self.ask.get("the trace", &path, &raw).await? {
                    Answer::Found(body) => legacy::traces(&body)?,
                    Answer::Nothing => Vec::new(),
                    Answer::Absent => return Err(self.ask.no_jaeger("the trace")),
                }
            }
        };
        traces.retain(|trace| trace.id == id);
        Ok(traces.pop())
    }

    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, ReadError> {
        Ok(search::find(self, query).await?.traces)
    }

    async fn find(&self, query: &TraceQuery) -> Result<FoundTraces, ReadError> {
        search::find(self, query).await
    }

    fn most(&self) -> u32 {
        search::most(self)
    }
}

/// Puts each span into its trace; of spans with one id, the one that came last counts.
fn into_traces(spans: impl Iterator<Item = Span>) -> Vec<Trace> {
    use std::collections::BTreeMap;

    let mut traces = BTreeMap::<TraceId, BTreeMap<_, Span>>::new();
    for span in spans {
        let trace = traces.entry(span.trace_id).or_default();
        trace.insert(span.span_id, span);
    }
    let whole = |(id, spans): (TraceId, BTreeMap<_, Span>)| {
        let mut spans: Vec<_> = spans.into_values().collect();
        spans.sort_by_key(|span| (span.start_ns, span.span_id));
        Trace { id, spans }
    };
    traces.into_iter().map(whole).collect()
}

/// What was answered cannot be read.
fn unreadable(what: &'static str, error: impl std::fmt::Display) -> ReadError {
    ReadError::Read {
        what,
        reason: format!("Jaeger's answer cannot be read: {error}"),
    }
}
