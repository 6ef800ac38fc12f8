//! The line of a trace in the list, from all its spans.

use std::collections::{BTreeMap, HashSet};

use super::{ServiceCount, Span, SpanId, Trace, TraceSummary, Work};

impl Trace {
    /// Sums the trace up; `None` without spans.
    pub fn summary(&self) -> Option<TraceSummary> {
        let first = self.spans.iter().min_by_key(|span| {
            // A span without a parent is the root; of several, and of none, the earliest.
            (span.parent_id.is_some(), span.start_ns, span.span_id)
        })?;
        let arrived: HashSet<SpanId> = self.spans.iter().map(|span| span.span_id).collect();
        let is_orphan = |span: &&Span| span.parent_id.is_some_and(|id| !arrived.contains(&id));
        let has_failed = |span: &&Span| span.status.is_error();
        Some(TraceSummary {
            id: self.id,
            root_service: first.service.clone(),
            root_name: first.name.clone(),
            start_ns: self.spans.iter().map(|span| span.start_ns).min()?,
            end_ns: self.spans.iter().map(|span| span.end_ns).max()?,
            n_spans: count(self.spans.iter()),
            n_errors: count(self.spans.iter().filter(has_failed)),
            n_orphans: count(self.spans.iter().filter(is_orphan)),
            services: self.services(),
            work: Some(self.work()),
        })
    }

    /// What agents did in it.
    pub fn work(&self) -> Work {
        let mut work = Work::default();
        for span in &self.spans {
            work.add(&span.service, &span.facts());
        }
        work
    }

    fn services(&self) -> Vec<ServiceCount> {
        let mut services = BTreeMap::<&str, ServiceCount>::new();
        for span in &self.spans {
            let service = services
                .entry(&span.service)
                .or_insert_with(|| ServiceCount {
                    name: span.service.clone(),
                    n_spans: 0,
                    n_errors: 0,
                });
            service.n_spans += 1;
            service.n_errors += u64::from(span.status.is_error());
        }
        services.into_values().collect()
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |n, _| n + 1)
}

#[cfg(test)]
mod tests {
    use crate::traces::{Attributes, SpanKind, SpanStatus, TraceId};

    use super::*;

    fn span(id: u8, parent: Option<u8>, start_ns: u64) -> Span {
        Span {
            trace_id: TraceId([7; 16]),
            span_id: SpanId([id; 8]),
            parent_id: parent.map(|parent| SpanId([parent; 8])),
            service: format!("service-{id}"),
            name: format!("span-{id}"),
            kind: SpanKind::Internal,
            start_ns,
            end_ns: start_ns + 10,
            status: if id == 3 {
                SpanStatus::Error("no answer".to_owned())
            } else {
                SpanStatus::Unset
            },
            attributes: Attributes::new(),
            events: Vec::new(),
            resource: Attributes::new(),
        }
    }

    fn summary(spans: Vec<Span>) -> Option<TraceSummary> {
        let id = TraceId([7; 16]);
        Trace { id, spans }.summary()
    }

    #[test]
    fn the_span_without_a_parent_is_the_root_even_when_another_started_earlier() {
        let spans = vec![span(2, Some(1), 5), span(1, None, 8), span(3, Some(2), 9)];
        let summary = summary(spans).unwrap();
        assert_eq!(summary.root_name, "span-1");
        assert_eq!((summary.start_ns, summary.end_ns), (5, 19));
        let counts = (summary.n_spans, summary.n_errors, summary.n_orphans);
        assert_eq!(counts, (3, 1, 0));
        assert_eq!(summary.services[2].n_errors, 1);
    }

    #[test]
    fn while_no_root_has_arrived_the_earliest_span_stands_for_it() {
        let summary = summary(vec![span(3, Some(2), 9), span(2, Some(1), 5)]).unwrap();
        assert_eq!(summary.root_service, "service-2");
        assert_eq!(summary.n_orphans, 1);
    }

    #[test]
    fn a_trace_without_spans_has_no_summary() {
        assert_eq!(summary(Vec::new()), None);
    }
}
