//! How long the newest times of an operation took, found by the index of its name.

use std::cmp::Reverse;

use api::telemetry::{DurationQuery, Durations};

use super::index::Stream;
use super::postings;
use super::scan::{self, Once};
use super::terms::Term;
use super::traces::among;
use super::view::{QueryError, View};

/// Times that are looked at when the query does not say.
const DEFAULT_LIMIT: u32 = 500;

/// Times at most, whatever the query says.
const MAX_LIMIT: u32 = 10_000;

pub(super) fn durations(view: &View, query: &DurationQuery) -> Result<Durations, QueryError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let mut parts = Vec::new();
    for snapshot in &view.snapshots {
        let of_snapshot = scan::parts(snapshot, query.window)?.into_iter();
        parts.extend(of_snapshot.map(|part| (snapshot, part)));
    }
    // Parts may overlap in time: then what is found is the newest but for a few.
    parts.sort_by_key(|(_, part)| Reverse(part.time_ns.1));
    let mut once = Once::default();
    let mut found = Vec::new();
    for (snapshot, part) in parts {
        let of_service = snapshot.look_up(&part, Term::service(&query.service))?;
        let of_name = snapshot.look_up(&part, Term::operation(&query.operation))?;
        let runs = postings::intersect(&of_service, &of_name);
        let blocks = snapshot.blocks(Stream::Spans, &runs)?;
        for (block, runs) in blocks.into_iter().rev() {
            let columns = snapshot.span_columns(block.first)?;
            for (_, span) in among(&columns.spans, block.first, &runs) {
                // The index may be mistaken.
                let operation = snapshot.operation(span.operation)?;
                let is_wanted = query.window.contains(span.started_ns())
                    && operation.name == query.operation
                    && operation.service == query.service;
                if is_wanted && once.is_first(span) {
                    found.push(span.duration_ns());
                }
            }
            if found.len() >= limit as usize {
                return Ok(sum_up(found));
            }
        }
    }
    Ok(sum_up(found))
}

fn sum_up(mut durations: Vec<u64>) -> Durations {
    durations.sort_unstable();
    let percentile = |percent: usize| {
        let rank = (durations.len() * percent).div_ceil(100);
        let found = rank.checked_sub(1).and_then(|rank| durations.get(rank));
        found.copied().unwrap_or(0)
    };
    Durations {
        n: durations.len() as u64,
        p50_ns: percentile(50),
        p95_ns: percentile(95),
        p99_ns: percentile(99),
    }
}
