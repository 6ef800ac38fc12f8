//! The line of a trace in the list, from its spans.
//!
//! Made anew from all spans each time some arrive, so that it is right whatever their order was.

use std::collections::{BTreeMap, HashSet};

use api::traces::{ServiceCount, SpanId, TraceId, TraceSummary, Work};

use super::request::OperationName;
use super::traces::Located;

/// The line of a trace; `None` without spans.
pub(super) fn summarize(id: TraceId, spans: &[Located<'_>]) -> Option<TraceSummary> {
    let facts: Vec<_> = spans
        .iter()
        .map(|span| {
            let start_ns = span.columns.started_ns();
            SpanFacts {
                span_id: span.columns.span_id,
                parent_id: span.columns.parent_id,
                operation: &span.operation,
                start_ns,
                end_ns: span.columns.end_ns.max(start_ns),
                is_error: span.columns.is_error,
            }
        })
        .collect();
    let mut work = Work::default();
    for span in spans {
        work.add(&span.operation.service, &span.facts());
    }
    let summary = from_facts(id, &facts)?;
    Some(TraceSummary {
        work: Some(work),
        ..summary
    })
}

/// What the summary needs of a span.
#[derive(Clone, Debug)]
struct SpanFacts<'a> {
    span_id: SpanId,
    parent_id: Option<SpanId>,
    operation: &'a OperationName,
    start_ns: u64,
    end_ns: u64,
    is_error: bool,
}

fn from_facts(id: TraceId, spans: &[SpanFacts<'_>]) -> Option<TraceSummary> {
    let first = spans.iter().min_by_key(|span| {
        // A span without a parent is the root; of several, and of none, the earliest.
        (span.parent_id.is_some(), span.start_ns, span.span_id)
    })?;
    let arrived: HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let is_orphan = |span: &&SpanFacts<'_>| span.parent_id.is_some_and(|id| !arrived.contains(&id));
    Some(TraceSummary {
        id,
        root_service: first.operation.service.clone(),
        root_name: first.operation.name.clone(),
        start_ns: spans.iter().map(|span| span.start_ns).min()?,
        end_ns: spans.iter().map(|span| span.end_ns).max()?,
        n_spans: count(spans.iter()),
        n_errors: count(spans.iter().filter(|span| span.is_error)),
        n_orphans: count(spans.iter().filter(is_orphan)),
        services: services(spans),
        work: None,
    })
}

fn services(spans: &[SpanFacts<'_>]) -> Vec<ServiceCount> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for span in spans {
        let (n_spans, n_errors) = counts.entry(&span.operation.service).or_default();
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

    fn operations() -> Vec<OperationName> {
        let named = (0..4).map(|n| OperationName {
            service: format!("service-{n}"),
            name: format!("span-{n}"),
            kind: 1,
        });
        named.collect()
    }

    fn check(spans: &[(u8, Option<u8>, u64)], expect: impl FnOnce(TraceSummary)) {
        let operations = operations();
        let facts: Vec<_> = spans
            .iter()
            .map(|(id, parent, start_ns)| SpanFacts {
                span_id: SpanId([*id; 8]),
                parent_id: parent.map(|parent| SpanId([parent; 8])),
                operation: &operations[usize::from(*id)],
                start_ns: *start_ns,
                end_ns: start_ns + 10,
                is_error: *id == 3,
            })
            .collect();
        expect(from_facts(TRACE, &facts).unwrap());
    }

    const TRACE: TraceId = TraceId([7; 16]);

    #[test]
    fn the_span_without_a_parent_is_the_root_even_when_another_started_earlier() {
        check(
            &[(2, Some(1), 5), (1, None, 8), (3, Some(2), 9)],
            |summary| {
                assert_eq!(summary.root_name, "span-1");
                assert_eq!((summary.start_ns, summary.end_ns), (5, 19));
                let counts = (summary.n_spans, summary.n_errors, summary.n_orphans);
                assert_eq!(counts, (3, 1, 0));
            },
        );
    }

    #[test]
    fn while_no_root_has_arrived_the_earliest_span_stands_for_it() {
        check(&[(3, Some(2), 9), (2, Some(1), 5)], |summary| {
            assert_eq!(summary.root_service, "service-2");
            assert_eq!(summary.n_orphans, 1);
        });
    }

    #[test]
    fn a_trace_without_spans_has_no_summary() {
        assert_eq!(from_facts(TRACE, &[]), None);
    }
}
