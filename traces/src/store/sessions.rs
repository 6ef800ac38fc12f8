//! Conversations, from the traces that belong to them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use api::telemetry::{SessionQuery, SessionReader, SessionSummary, Window};
use api::traces::{ReadError, TraceId};
use async_trait::async_trait;

use super::Store;
use super::extract::Extract;
use super::index::{Part, Stream};
use super::scan;
use super::snapshot::Snapshot;
use super::summary::summarize;
use super::terms::Term;
use super::traces::{self, Located, among};
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

/// The traces of a session in the window, each with when the first span of it started that says so.
type Traces = HashMap<TraceId, u64>;

/// What to look at. The greatest comes first: what leads to the session with the latest trace, as
/// [`super::search`] does for traces.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    /// When the latest trace of the session that it leads to starts at most.
    at_most_ns: u64,
    work: Work,
}

/// What leads to a session is greater than the session, and of two sessions the greater has the smaller id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Found(Reverse<String>),
    Session(String),
    /// The places of a segment and of a part in it.
    Part(usize, usize),
}

fn sessions(view: &View, query: &SessionQuery) -> Result<Vec<SessionSummary>, QueryError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let window = query.window;
    let latest_ns = window.to_ns.saturating_sub(1);
    let mut parts = Vec::new();
    let mut steps = BinaryHeap::new();
    for (segment, snapshot) in view.snapshots.iter().enumerate() {
        let of_segment = scan::parts(snapshot, window)?;
        steps.extend(of_segment.iter().enumerate().map(|(place, part)| Step {
            at_most_ns: part.time_ns.1.min(latest_ns),
            work: Work::Part(segment, place),
        }));
        parts.push(of_segment);
    }
    let mut traces: HashMap<String, Traces> = HashMap::new();
    let mut found = Vec::new();
    while found.len() < limit as usize
        && let Some(Step { work, .. }) = steps.pop()
    {
        match work {
            Work::Part(segment, place) => {
                let latest = latest(&view.snapshots[segment], &parts[segment][place], window)?;
                let new = latest
                    .into_iter()
                    .filter(|(id, _)| !traces.contains_key(id));
                steps.extend(new.map(|(id, at_most_ns)| Step {
                    at_most_ns,
                    work: Work::Session(id),
                }));
            }
            Work::Session(id) => {
                if traces.contains_key(&id) {
                    continue;
                }
                let of_session = of_session(view, &id, &parts, window)?;
                let started_ns = of_session.values().copied().max();
                steps.extend(started_ns.map(|at_most_ns| Step {
                    at_most_ns,
                    work: Work::Found(Reverse(id.clone())),
                }));
                traces.insert(id, of_session);
            }
            Work::Found(Reverse(id)) => {
                let of_session = traces.get_mut(&id).map(std::mem::take).unwrap_or_default();
                found.extend(summary(view, query, id, of_session)?);
            }
        }
    }
    Ok(found)
}

/// The sessions that a part has spans of in the window, each with the latest start of them.
fn latest(
    snapshot: &Snapshot,
    part: &Part,
    window: Window,
) -> Result<HashMap<String, u64>, QueryError> {
    let mut sessions: HashMap<String, u64> = HashMap::new();
    snapshot.each_extract(Extract::SessionSpans, part, window, |columns| {
        for span in scan::within(columns, window) {
            let Some(id) = span.facts.unpack(&columns.texts).session else {
                continue;
            };
            let started_ns = span.started_ns();
            match sessions.get_mut(id) {
                Some(latest_ns) => *latest_ns = started_ns.max(*latest_ns),
                None => {
                    sessions.insert(id.to_owned(), started_ns);
                }
            }
        }
        Ok(())
    })?;
    Ok(sessions)
}

/// The traces of a session in the window; `parts` are those of each segment.
fn of_session(
    view: &View,
    id: &str,
    parts: &[Vec<Part>],
    window: Window,
) -> Result<Traces, QueryError> {
    let mut traces = Traces::new();
    for (snapshot, parts) in view.snapshots.iter().zip(parts) {
        for part in parts {
            let runs = snapshot.look_up(part, Term::session(id))?;
            for (block, runs) in snapshot.blocks(Stream::Spans, &runs)? {
                let columns = snapshot.span_columns(block.first)?;
                for (_, span) in among(&columns.spans, block.first, &runs) {
                    let is_its = span.facts.unpack(&columns.texts).session == Some(id);
                    if is_its && window.contains(span.started_ns()) {
                        let started_ns = traces.entry(span.trace_id).or_insert(u64::MAX);
                        *started_ns = span.started_ns().min(*started_ns);
                    }
                }
            }
        }
    }
    Ok(traces)
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
        work: api::traces::Work::default(),
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
