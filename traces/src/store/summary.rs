//! The line of a trace in the list, from its spans.
//!
//! Made anew from all spans each time some arrive, so that it is right whatever their order was.

use std::collections::{BTreeMap, HashSet};

use api::traces::{ServiceCount, SpanId, TraceId, TraceSummary};

use super::rows::{Source, SpanRow};

/// What the summary needs of a span.
#[derive(Clone, Debug)]
pub(super) struct SpanFacts {
    pub(super) span_id: SpanId,
    pub(super) parent_id: Option<SpanId>,
    pub(super) service: String,
    pub(super) name: String,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) is_error: bool,
}

impl SpanFacts {
    pub(super) fn of(row: &SpanRow, from: &Source) -> Self {
        let unsigned = |ns: i64| u64::try_from(ns).unwrap_or_default();
        Self {
            span_id: row.span_id,
            parent_id: row.parent_id,
            service: from.service.clone(),
            name: row.name.clone(),
            start_ns: unsigned(row.start_ns),
            end_ns: unsigned(row.end_ns),
            is_error: row.is_error,
        }
    }
}

/// `None` without spans.
pub(super) fn summarize(id: TraceId, spans: &[SpanFacts]) -> Option<TraceSummary> {
    let first = spans.iter().min_by_key(|span| {
        // A span without a parent is the root; of several, and of none, the earliest.
        (span.parent_id.is_some(), span.start_ns, span.span_id)
    })?;
    let arrived: HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let is_orphan = |span: &&SpanFacts| span.parent_id.is_some_and(|id| !arrived.contains(&id));
    Some(TraceSummary {
        id,
        root_service: first.service.clone(),
        root_name: first.name.clone(),
        start_ns: spans.iter().map(|span| span.start_ns).min()?,
        end_ns: spans.iter().map(|span| span.end_ns).max()?,
        n_spans: count(spans.iter()),
        n_errors: count(spans.iter().filter(|span| span.is_error)),
        n_orphans: count(spans.iter().filter(is_orphan)),
        services: services(spans),
    })
}

fn services(spans: &[SpanFacts]) -> Vec<ServiceCount> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for span in spans {
        let (n_spans, n_errors) = counts.entry(&span.service).or_default();
        *n_spans += 1;
        *n_errors += u64::from(span.is_error);
    }
    let named = counts.into_iter();
    named
        .map(|(name, (n_spans, n_errors))| ServiceCount {
            name: name.to_owned(),
            n_spans,
            n_errors,
        })
        .collect()
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |n, _| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: u8, parent: Option<u8>, start_ns: u64) -> SpanFacts {
        SpanFacts {
            span_id: SpanId([id; 8]),
            parent_id: parent.map(|parent| SpanId([parent; 8])),
            service: format!("service-{id}"),
            name: format!("span-{id}"),
            start_ns,
            end_ns: start_ns + 10,
            is_error: id == 3,
        }
    }

    const TRACE: TraceId = TraceId([7; 16]);

    #[test]
    fn the_span_without_a_parent_is_the_root_even_when_another_started_earlier() {
        let spans = [span(2, Some(1), 5), span(1, None, 8), span(3, Some(2), 9)];
        let summary = summarize(TRACE, &spans).unwrap();
        assert_eq!(summary.root_name, "span-1");
        assert_eq!((summary.start_ns, summary.end_ns), (5, 19));
        assert_eq!(
            (summary.n_spans, summary.n_errors, summary.n_orphans),
            (3, 1, 0)
        );
    }

    #[test]
    fn while_no_root_has_arrived_the_earliest_span_stands_for_it() {
        let spans = [span(3, Some(2), 9), span(2, Some(1), 5)];
        let summary = summarize(TRACE, &spans).unwrap();
        assert_eq!(summary.root_service, "service-2");
        assert_eq!(summary.n_orphans, 1);
    }

    #[test]
    fn a_trace_without_spans_has_no_summary() {
        assert_eq!(summarize(TRACE, &[]), None);
    }
}
