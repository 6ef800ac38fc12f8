//! Conversations, from the traces that belong to them.

use std::cmp::Reverse;
use std::collections::HashMap;

use api::telemetry::{SessionQuery, SessionReader, SessionSummary, Window};
use api::traces::{ReadError, TraceId, Work};
use async_trait::async_trait;

use super::Store;
use super::scan;
use super::summary::summarize;
use super::traces::{self, Located};
use super::view::{QueryError, View};

/// Sessions when the query does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Sessions at most, whatever the query says.
const MAX_LIMIT: u32 = 1_000;

#[async_trait]
impl SessionReader for Store {
    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, ReadError> {
        let query = query.clone();
        let list = move |view: &View| sessions(view, &query);
        self.readers.read("sessions", list).await
    }
}

/// The traces of a session that were seen, each with when a span of it started.
type Traces = HashMap<TraceId, u64>;

fn sessions(view: &View, query: &SessionQuery) -> Result<Vec<SessionSummary>, QueryError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let mut candidates: Vec<_> = candidates(view, query.window)?
        .into_iter()
        .map(|(id, traces)| {
            let latest_ns = traces.values().copied().max().unwrap_or(0);
            (Reverse(latest_ns), id, traces)
        })
        .collect();
    candidates.sort_unstable_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
    let mut found = Vec::new();
    for (_, id, traces) in candidates {
        found.extend(summary(view, query, id, traces)?);
        if found.len() >= limit as usize {
            break;
        }
    }
    Ok(found)
}

fn candidates(view: &View, window: Window) -> Result<HashMap<String, Traces>, QueryError> {
    let mut sessions: HashMap<String, Traces> = HashMap::new();
    scan::each_span(view, window, |_, columns, span| {
        let Some(id) = span.facts.unpack(&columns.texts).session else {
            return Ok(());
        };
        let traces = match sessions.get_mut(id) {
            Some(traces) => traces,
            None => sessions.entry(id.to_owned()).or_default(),
        };
        let started_ns = traces.entry(span.trace_id).or_insert(u64::MAX);
        *started_ns = span.started_ns().min(*started_ns);
        Ok(())
    })?;
    Ok(sessions)
}

/// The line of a session, if it is wanted.
fn summary(
    view: &View,
    query: &SessionQuery,
    id: String,
    traces: Traces,
) -> Result<Option<SessionSummary>, QueryError> {
    let mut session = SessionSummary {
        id,
        first_ns: u64::MAX,
        last_ns: 0,
        n_traces: 0,
        n_failed_traces: 0,
        duration_ns: 0,
        work: Work::default(),
    };
    let mut is_of_namespace = query.namespace.is_none();
    for (id, started_ns) in traces {
        let spans = traces::spans_near(view, id, started_ns)?;
        let Some(trace) = summarize(id, &spans) else {
            continue;
        };
        is_of_namespace = is_of_namespace || has_namespace(&spans, query.namespace.as_deref())?;
        session.n_traces += 1;
        session.n_failed_traces += u64::from(trace.n_errors > 0);
        session.duration_ns = session.duration_ns.saturating_add(trace.duration_ns());
        session.first_ns = session.first_ns.min(trace.start_ns);
        session.last_ns = session.last_ns.max(trace.end_ns);
        for span in &spans {
            session.work.add(&span.operation.service, &span.facts());
        }
    }
    let has_agent = |agent: &String| session.work.agents.contains(agent);
    let is_wanted =
        session.n_traces > 0 && is_of_namespace && query.agent.as_ref().is_none_or(has_agent);
    Ok(is_wanted.then_some(session))
}

fn has_namespace(spans: &[Located<'_>], namespace: Option<&str>) -> Result<bool, QueryError> {
    for span in spans {
        if namespace == Some(span.source()?.namespace.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}
