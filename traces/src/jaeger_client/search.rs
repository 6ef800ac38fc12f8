//! Which traces match, asked in the best way that this Jaeger knows.
//!
//! Summaries where it has them; otherwise whole traces, which are checked and summed up here. Where
//! its storage cannot search all services at once, each is asked for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use api::traces::{ReadError, Trace, TraceFilter, TraceId, TraceQuery, TraceReader, TraceSummary};
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

/// The newest traces that match, newest first.
pub(super) async fn search(
    client: &JaegerClient,
    query: &TraceQuery,
) -> Result<Vec<TraceSummary>, ReadError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(most(client)),
    };
    let now_ns = u64::try_from(client.clock.now().as_nanosecond()).unwrap_or_default();
    let mut found = Vec::new();
    for window in windows(query, now_ns) {
        found = in_window(client, query, window, limit).await?;
        if found.len() >= limit as usize {
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
) -> Result<Vec<TraceSummary>, ReadError> {
    let known = &client.known;
    if query.service.is_some() {
        let found = of_service(client, query, window, limit).await?;
        return Ok(newest(found, limit));
    }
    let mut refusal = None;
    if !known.needs_service.holds() {
        match of_service(client, query, window, limit).await {
            Ok(found) if !found.is_empty() => {
                known.searches_all.note();
                return Ok(newest(found, limit));
            }
            // Some storages find nothing instead of saying that they need a service.
            Ok(_) if known.searches_all.holds() => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => refusal = Some(error),
        }
    }
    match of_each_service(client, query, window, limit).await {
        Ok(found) => {
            if !found.is_empty() {
                known.needs_service.note();
            }
            Ok(newest(found, limit))
        }
        Err(error) => Err(refusal.unwrap_or(error)),
    }
}

fn newest(mut found: Vec<TraceSummary>, limit: u32) -> Vec<TraceSummary> {
    found.sort_by_key(|summary| (Reverse(summary.start_ns), summary.id));
    found.truncate(limit as usize);
    found
}

async fn of_each_service(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<Vec<TraceSummary>, ReadError> {
    let services = futures::stream::iter(client.services().await?);
    let asked = services.map(async |service| {
        let query = TraceQuery {
            service: Some(service),
            ..query.clone()
        };
        of_service(client, &query, window, limit).await
    });
    let found: Vec<Vec<_>> = asked.buffer_unordered(AT_A_TIME).try_collect().await?;
    let by_id = found.into_iter().flatten().map(|found| (found.id, found));
    Ok(by_id
        .collect::<BTreeMap<TraceId, _>>()
        .into_values()
        .collect())
}

/// Asks once, for the query's service or, without one, for all.
async fn of_service(
    client: &JaegerClient,
    query: &TraceQuery,
    window: Window,
    limit: u32,
) -> Result<Vec<TraceSummary>, ReadError> {
    let wants_well = query.attributes.contains(&error("false"));
    // Summaries do not say what agents did.
    let wants_whole = query.whole != TraceFilter::default();
    if !wants_well && !wants_whole && !client.known.no_summaries.holds() {
        let params = params::v3(query, window, limit);
        let path = "/api/v3/trace-summaries";
        match client.ask.get("traces", path, &params).await? {
            Answer::Found(body) => return v3::summaries(&body),
            Answer::Nothing => return Ok(Vec::new()),
            Answer::Absent => client.known.no_summaries.note(),
        }
    }
    let limit = limit.min(MOST_WHOLE);
    let kept = |mut traces: Vec<Trace>| {
        traces.retain(|trace| matches(query, window, trace));
        traces
    };
    let mut traces = Vec::new();
    // What did not fail is not marked in most storages: they would find nothing.
    if !wants_well {
        traces = kept(whole(client, query, window, limit).await?);
    }
    // Nor does the memory of Jaeger before 2.14 find what failed.
    if traces.is_empty()
        && let Some(open) = without_error(query)
    {
        traces = kept(whole(client, &open, window, limit).await?);
    }
    Ok(traces.iter().filter_map(Trace::summary).collect())
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
