//! A trace while its run goes on: what has been exported, and what the run tells of the rest.
//!
//! OpenTelemetry exports a span when it ends. So the spans that are still open, and those that wait to
//! be exported, are drawn from the run's events, which name them when they begin. The exported span
//! replaces the drawn one, because both have the same id.

mod sketch;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    iter,
};

use api::{
    run::{RunEvent, RunState, RunSummary},
    traces::{Span, SpanId, Trace, TraceId},
};
use axum::{Router, body::Body};
use futures::StreamExt;
use http::Request;
use jiff::Timestamp;
use serde::Deserialize;
use tower::ServiceExt;

use super::layout::is_open;
use crate::site::{Failure, Ports};

/// How long after a run's end its last spans may take to arrive.
const EXPORTED_WITHIN_S: i64 = 20;
/// More than a list of one run ever has.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// A trace as far as it is known now.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) trace: Trace,
    /// The run it is about, while it goes on.
    pub(crate) run_id: Option<String>,
    /// Whether more of it will come.
    pub(crate) is_running: bool,
}

/// Reads a trace, with what its run tells until all of it has been exported.
pub(crate) async fn known(ports: &Ports, id: TraceId) -> Result<Option<Known>, Failure> {
    let stored = ports.traces.trace(id).await?;
    let is_whole = stored
        .as_ref()
        .is_some_and(|trace| trace.spans.iter().any(|span| span.parent_id.is_none()));
    let run = if is_whole {
        None
    } else {
        run_of(&ports.agents, id).await
    };
    let Some(run) = run else {
        return Ok(stored.map(|trace| Known {
            trace,
            run_id: None,
            is_running: false,
        }));
    };
    let events = events_so_far(&ports.agents, &run).await;
    let now = ports.clock.now();
    let is_running = is_to_come(&run, now);
    let stored = stored.unwrap_or(Trace {
        id,
        spans: Vec::new(),
    });
    let trace = merge(stored, &events, &run, now);
    Ok(Some(Known {
        trace,
        is_running,
        run_id: is_running.then_some(run.id),
    }))
}

fn is_to_come(run: &RunSummary, now: Timestamp) -> bool {
    run.ended_at
        .is_none_or(|ended| now.as_second() - ended.as_second() < EXPORTED_WITHIN_S)
}

/// The exported spans, with drawn ones for those that are missing.
fn merge(stored: Trace, events: &[RunEvent], run: &RunSummary, now: Timestamp) -> Trace {
    let end = if run.state == RunState::Running {
        sketch::End::Open(now)
    } else {
        sketch::End::Ended(run.ended_at.unwrap_or(now))
    };
    let mut spans = stored.spans;
    let exported: HashMap<SpanId, usize> = spans
        .iter()
        .enumerate()
        .map(|(place, span)| (span.span_id, place))
        .collect();
    let mut late = HashMap::new();
    let mut drawn_ids = HashSet::new();
    for drawn in sketch::of(stored.id, events, run, end) {
        drawn_ids.insert(drawn.span_id);
        match exported.get(&drawn.span_id) {
            None => spans.push(drawn),
            // Its parent may be exported later than itself; until then it stands where it was drawn.
            Some(place) => {
                late.insert(*place, drawn.parent_id);
            }
        }
    }
    let ids: HashMap<SpanId, usize> = spans
        .iter()
        .enumerate()
        .map(|(place, span)| (span.span_id, place))
        .collect();
    for place in 0..spans.len() {
        let parent = spans[place].parent_id;
        if parent.is_none_or(|parent| ids.contains_key(&parent)) {
            continue;
        }
        if let Some(drawn) = late.get(&place) {
            spans[place].parent_id = *drawn;
        } else if let Some(below) = drawn_below(&spans, &ids, &late, place) {
            spans[place].parent_id = late.get(&below).copied().flatten();
        } else if is_to_come(run, now)
            && let Some(above) = around(&spans, &drawn_ids, place)
        {
            // Transport whose own parent is still open somewhere.
            spans[place].parent_id = Some(above);
        }
    }
    spans.sort_by_key(|span| (span.start_ns, span.span_id));
    Trace {
        id: stored.id,
        spans,
    }
}

/// The nearest span below the one at `place` that was drawn: both of them belong where that was.
fn drawn_below(
    spans: &[Span],
    ids: &HashMap<SpanId, usize>,
    late: &HashMap<usize, Option<SpanId>>,
    place: usize,
) -> Option<usize> {
    /// Spans of transport between two agents.
    const FARTHEST: usize = 8;
    let distance = |below: usize| {
        let above = |at: &usize| ids.get(&spans[*at].parent_id?).copied();
        let mut upwards = iter::successors(Some(below), above).take(FARTHEST);
        upwards.position(|at| at == place)
    };
    let below = late.keys().copied();
    let below = below.filter_map(|below| Some((distance(below)?, below)));
    below.min().map(|(_, below)| below)
}

/// The drawn span that began last of those that last as long as the one at `place`.
fn around(spans: &[Span], drawn: &HashSet<SpanId>, place: usize) -> Option<SpanId> {
    let own = &spans[place];
    let around = spans.iter().filter(|span| {
        let reaches = is_open(span) || span.end_ns >= own.end_ns;
        drawn.contains(&span.span_id) && span.start_ns <= own.start_ns && reaches
    });
    around
        .max_by_key(|span| span.start_ns)
        .map(|span| span.span_id)
}

#[derive(Deserialize)]
struct Runs {
    runs: Vec<RunSummary>,
}

/// The run of a trace, while it is kept. Without it the trace is shown as far as it was exported.
async fn run_of(agents: &Router, id: TraceId) -> Option<RunSummary> {
    let request = Request::get(format!("/api/runs?trace={id}")).body(Body::empty());
    let Ok(response) = agents.clone().oneshot(request.ok()?).await;
    if !response.status().is_success() {
        return None;
    }
    let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER).await;
    let runs: Runs = serde_json::from_slice(&body.ok()?).ok()?;
    let id = id.to_string();
    runs.runs.into_iter().find(|run| run.trace_id == id)
}

/// What a run has told up to now. The stream goes on, so it is left after its newest event.
async fn events_so_far(agents: &Router, run: &RunSummary) -> Vec<RunEvent> {
    let mut events = Vec::new();
    if run.last_seq == 0 {
        return events;
    }
    let request = Request::get(format!("/api/runs/{}/events?after=0", run.id)).body(Body::empty());
    let Ok(request) = request else {
        return events;
    };
    let Ok(response) = agents.clone().oneshot(request).await;
    let mut body = response.into_body().into_data_stream();
    let mut unread = Vec::new();
    while let Some(Ok(bytes)) = body.next().await {
        unread.extend_from_slice(&bytes);
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = unread.drain(..=end).collect();
            let data = line.strip_prefix(b"data: ").or(line.strip_prefix(b"data:"));
            let event = data.and_then(|data| serde_json::from_slice::<RunEvent>(data).ok());
            let Some(event) = event else {
                continue;
            };
            let is_last = event.seq >= run.last_seq;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }
    events
}
