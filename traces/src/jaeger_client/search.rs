//! Which traces match, asked in the best way that this Jaeger knows.
//!
//! Summaries where it has them; otherwise whole traces, which are checked and summed up here. Where
//! its storage cannot search all services at once, each is asked for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use api::traces::{
    FoundTraces, ReadError, Trace, TraceFilter, TraceId, TraceQuery, TraceReader, TraceSummary,
};
use futures::{StreamExt, TryStreamExt};

use super::ask::Answer;
use super::matches::matches;
use super::params::{self, ERROR, Window};
use super::{JaegerClient, legacy, v3};

/// Traces when the query does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Summaries at most, whatever the query says.
const MOST: u32 = 1_000;

/// Whole traces at most: one can have thousands of spans.
const MOST_WHOLE: u32 = 200;

/// Services asked for at a time.
const AT_A_TIME: usize = 4;

const HOUR_NS: u64 = 3_600 * 1_000_000_000;
const DAY_NS: u64 = 24 * HOUR_NS;

/// How far back a search without a beginning looks, further each time too little was found: Jaeger
/// wants a beginning, and the storage behind it has to work for every day.
const LOOKBACKS_NS: [u64; 3] = [HOUR_NS, 7 * DAY_NS, 366 * DAY_NS];

/// The newest traces that match, newest first, and how far was looked for them.
pub(super) async fn find(
    client: &JaegerClient,
    query: &TraceQuery,
) -> Result<FoundTraces, ReadError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(most(client)),
    };
    let now_ns = u64::try_from(client.clock.now().as_nanosecond()).unwrap_or_default();
    let mut found = FoundTraces::default();
    for window in windows(query, now_ns) {
        found = in_window(client, query, window, limit).await?;
        if found.traces.len() >= limit as usize {
            break;
        }
    }
    Ok(found)
}

/// Traces that one search gives at most.
pub(super) fn most(client: &JaegerClient) -> u32 {
    if client.known.no_summaries.holds() {
        MOST_WHOLE
    } else {
        MOST
    }
}

/// Where to search, and where to search again when that was too little.
fn windows(query: &TraceQuery, now_ns: u64) -> Vec<Window> {
    // Clocks of other machines may be ahead.
    let max_ns = query.start_max_ns.unwrap_or(now_ns + DAY_NS);
    let latest_ns = max_ns.min(now_ns);
    let beginnings = match query.start_min_ns {
        Some(min_ns) => vec![min_ns],
        None => LOOKBACKS_NS
            .map(|lookback| latest_ns.saturating_sub(lookback))
            .to_vec(),
    };
    let windows = beginnings
        .into_iter()
        .map(|min_ns| Window { min_ns, max_ns });
    windows
        .filter(|window| window.min_ns < window.max_ns)
        .collect()
}

async fn in_window(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<FoundTraces, ReadError> {
    let known = &client.known;
    if query.service.is_some() {
        let found = of_service(client, query, window, limit).await?;
        return Ok(newest(vec![found], limit));
    }
    let mut refusal = None;
    if !known.needs_service.holds() {
        match of_service(client, query, window, limit).await {
            // Some storages find nothing instead of saying that they need a service.
            Ok(found) if found.n_looked_at > 0 || known.searches_all.holds() => {
                known.searches_all.note();
                return Ok(newest(vec![found], limit));
            }
            Ok(_) => {}
            Err(error) => refusal = Some(error),
        }
    }
    match of_each_service(client, query, window, limit).await {
        Ok(found) => {
            if found.iter().any(|found| found.n_looked_at > 0) {
                known.needs_service.note();
            }
            Ok(newest(found, limit))
        }
        Err(error) => Err(refusal.unwrap_or(error)),
    }
}

/// One answer of several, each trace in it once.
fn newest(parts: Vec<FoundTraces>, limit: u32) -> FoundTraces {
    let n_looked_at = parts.iter().map(|part| part.n_looked_at).sum();
    // Beyond where the first of them stopped, something may be missing.
    let mut back_to_ns = parts.iter().filter_map(|part| part.back_to_ns).max();
    let all = parts.into_iter().flat_map(|part| part.traces);
    let by_id: BTreeMap<TraceId, _> = all.map(|trace| (trace.id, trace)).collect();
    let mut traces: Vec<_> = by_id.into_values().collect();
    traces.sort_by_key(|trace| (Reverse(trace.start_ns), trace.id));
    if traces.len() > limit as usize {
        traces.truncate(limit as usize);
        back_to_ns = traces.last().map(|last| last.start_ns);
    }
    FoundTraces {
        traces,
        n_looked_at,
        back_to_ns,
    }
}

async fn of_each_service(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<Vec<FoundTraces>, ReadError> {
    let services = futures::stream::iter(client.services().await?);
    let asked = services.map(async |service| {
        let query = TraceQuery {
            service: Some(service),
            ..query.clone()
        };
        of_service(client, &query, window, limit).await
    });
    asked.buffer_unordered(AT_A_TIME).try_collect().await
}

/// Asks once, for the query's service or, without one, for all.
async fn of_service(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<FoundTraces, ReadError> {
    let wants_well = query.attributes.contains(&error("false"));
    // Summaries do not say what agents did.
    let wants_whole = query.whole != TraceFilter::default();
    if !wants_well && !wants_whole && !client.known.no_summaries.holds() {
        let params = params::v3(query, window, limit);
        let path = "/api/v3/trace-summaries";
        match client.ask.get("traces", path, &params).await? {
            Answer::Found(body) => {
                let summaries = v3::summaries(&body)?;
                let starts: Vec<_> = summaries.iter().map(|summary| summary.start_ns).collect();
                return Ok(looked_at(&starts, limit, summaries));
            }
            Answer::Nothing => return Ok(FoundTraces::default()),
            Answer::Absent => client.known.no_summaries.note(),
        }
    }
    let limit = limit.min(MOST_WHOLE);
    let kept = |traces: Vec<Trace>| {
        let summaries = traces
            .iter()
            .filter_map(|trace| Some((trace, trace.summary()?)));
        let (starts, kept): (Vec<_>, Vec<_>) = summaries
            .map(|(trace, summary)| {
                let start_ns = summary.start_ns;
                (start_ns, matches(query, window, trace).then_some(summary))
            })
            .unzip();
        looked_at(&starts, limit, kept.into_iter().flatten().collect())
    };
    let mut found = FoundTraces::default();
    // What did not fail is not marked in most storages: they would find nothing.
    if !wants_well {
        found = kept(whole(client, query, window, limit).await?);
    }
    // Nor does the memory of Jaeger before 2.14 find what failed.
    if found.traces.is_empty()
        && let Some(open) = without_error(query)
    {
        found = kept(whole(client, &open, window, limit).await?);
    }
    Ok(found)
}

/// What is kept of an answer whose traces start at these moments.
fn looked_at(starts: &[u64], limit: u32, traces: Vec<TraceSummary>) -> FoundTraces {
    let is_cut = starts.len() >= limit as usize;
    FoundTraces {
        traces,
        n_looked_at: u64::try_from(starts.len()).unwrap_or(u64::MAX),
        back_to_ns: starts.iter().min().copied().filter(|_| is_cut),
    }
}

/// Traces with all their spans.
async fn whole(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<Vec<Trace>, ReadError> {
    let known = &client.known;
    // Those that are too old for summaries leave attributes out of account here.
    let v3_reads_it = query.attributes.is_empty() && query.namespace.is_none();
    if !known.no_v3.holds() && (v3_reads_it || !known.no_summaries.holds()) {
        let params = params::v3(query, window, limit);
        match client.ask.get("traces", "/api/v3/traces", &params).await? {
            Answer::Found(body) => return v3::traces(&body),
            Answer::Nothing => return Ok(Vec::new()),
            Answer::Absent => known.no_v3.note(),
        }
    }
    let Some(service) = &query.service else {
        let reason = "this Jaeger searches one service at a time".to_owned();
        return Err(ReadError::Unsupported(reason));
    };
    let params = params::legacy(query, service, window, limit);
    match client.ask.get("traces", "/api/traces", &params).await? {
        Answer::Found(body) => legacy::traces(&body),
        Answer::Nothing => Ok(Vec::new()),
        Answer::Absent => {
            known.forget();
            Err(client.ask.no_jaeger("traces"))
        }
    }
}

/// The condition on how a span ended.
fn error(value: &str) -> (String, String) {
    (ERROR.to_owned(), value.to_owned())
}

/// The query without its condition on how a span ended; `None` when it has none.
fn without_error(query: &TraceQuery) -> Option<TraceQuery> {
    let mut open = query.clone();
    open.attributes.retain(|(name, _)| name != ERROR);
    (open.attributes.len() < query.attributes.len()).then_some(open)
}
