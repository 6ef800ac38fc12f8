//! Traces that may match, where the index of spans does not lead to them: those whose logs have some words,
//! and those that cost so much.

use std::collections::HashMap;

use api::money::Usd;
use api::telemetry::Window;
use api::traces::{LogOrder, LogQuery, TraceFilter, TraceId, TraceQuery};

use super::extract::Extract;
use super::logs;
use super::scan;
use super::view::{QueryError, View};

/// Log records that are looked at for traces, the newest.
const MAX_RECORDS: u32 = 50_000;

/// The traces, each with when it starts at most; `None` when the index of spans leads to all that match.
pub(super) fn of(
    view: &View,
    query: &TraceQuery,
) -> Result<Option<Vec<(TraceId, u64)>>, QueryError> {
    let whole = &query.whole;
    if let Some(text) = &whole.log_text {
        return with_logs(view, text).map(Some);
    }
    let is_led_to = whole.session.is_some() || whole.tool.is_some() || whole.model.is_some();
    if !is_led_to && (whole.cost_min.is_some() || whole.tokens_min.is_some()) {
        return with_usage(view, query).map(Some);
    }
    Ok(None)
}

fn with_logs(view: &View, text: &str) -> Result<Vec<(TraceId, u64)>, QueryError> {
    let query = LogQuery {
        text: Some(text.to_owned()),
        order: LogOrder::Newest,
        limit: MAX_RECORDS,
        ..LogQuery::default()
    };
    let mut traces = Vec::new();
    for record in logs::select(view, &query)? {
        if let Some(id) = record.trace_id {
            // A clock may say that it was written before its trace began.
            traces.push((id, u64::MAX));
        }
    }
    traces.sort_unstable();
    traces.dedup();
    Ok(traces)
}

/// Adds up what the calls of models in each trace used. A span that was sent twice may count twice: the
/// sum is looked at again when the trace is.
fn with_usage(view: &View, query: &TraceQuery) -> Result<Vec<(TraceId, u64)>, QueryError> {
    let window = Window {
        from_ns: query.start_min_ns.unwrap_or(0),
        to_ns: query.start_max_ns.unwrap_or(u64::MAX),
    };
    let mut used: HashMap<TraceId, Used> = HashMap::new();
    let window = scan::widened(window);
    scan::each_extract(Extract::ModelCalls, view, window, |_, columns| {
        for span in scan::within(columns, window) {
            let usage = span.facts.usage();
            let used = used.entry(span.trace_id).or_default();
            used.cost = used.cost + usage.cost.unwrap_or_default();
            let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
            used.tokens = used.tokens.saturating_add(tokens);
            used.started_ns = used.started_ns.min(span.started_ns());
        }
        Ok(())
    })?;
    used.retain(|_, used| used.is_enough(&query.whole));
    Ok(used
        .into_iter()
        .map(|(id, used)| (id, used.started_ns))
        .collect())
}

/// What the calls of models in a trace used, and when the first of them started.
struct Used {
    cost: Usd,
    tokens: u64,
    started_ns: u64,
}

impl Default for Used {
    fn default() -> Self {
        Self {
            cost: Usd::ZERO,
            tokens: 0,
            started_ns: u64::MAX,
        }
    }
}

impl Used {
    fn is_enough(&self, whole: &TraceFilter) -> bool {
        whole.cost_min.is_none_or(|min| self.cost >= min)
            && whole.tokens_min.is_none_or(|min| self.tokens >= min)
    }
}
