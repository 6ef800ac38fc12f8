//! Which traces match a query.
//!
//! Always looks next at what may hold the newest trace: a part of the index, then a block, then a trace. So
//! the first traces found are the newest, and a common answer is cheap however much is stored.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};

use api::attributes::key;
use api::traces::{TraceFilter, TraceId, TraceQuery, TraceSummary};

use super::candidates;
use super::index::{Part, Stream};
use super::postings::{self, Runs};
use super::scan;
use super::snapshot::{BlockHead, Snapshot};
use super::span_block::SpanColumns;
use super::summary::summarize;
use super::terms::{Term, searchable};
use super::traces::{self, Located, among};
use super::view::{QueryError, View};
use crate::convert;

/// Traces when the query does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Traces at most, whatever the query says.
const MAX_LIMIT: u32 = 10_000;

/// The newest traces that match, newest first.
pub(super) fn search(view: &View, query: &TraceQuery) -> Result<Vec<TraceSummary>, QueryError> {
    let wanted = Wanted::new(query);
    let mut steps = BinaryHeap::new();
    if let Some(candidates) = candidates::of(view, query)? {
        let traces = candidates.into_iter();
        steps.extend(traces.map(|(id, at_most_ns)| Step::new(at_most_ns, Work::Trace(id))));
    } else {
        for snapshot in &view.snapshots {
            for part in snapshot.parts(Stream::Spans)? {
                if wanted.may_start_in(part.time_ns) {
                    steps.push(Step::new(part.time_ns.1, Work::Part(snapshot, part)));
                }
            }
        }
    }
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    while found.len() < wanted.limit
        && let Some(Step { at_most_ns, work }) = steps.pop()
    {
        match work {
            Work::Part(snapshot, part) => {
                let runs = wanted.look_up(snapshot, &part)?;
                for (block, runs) in snapshot.blocks(Stream::Spans, &runs)? {
                    if wanted.may_start_in(block.time_ns) {
                        let at_most_ns = block.time_ns.1.min(at_most_ns);
                        steps.push(Step::new(at_most_ns, Work::Block(snapshot, block, runs)));
                    }
                }
            }
            Work::Block(snapshot, block, runs) => {
                let columns = snapshot.span_columns(block.first)?;
                for (_, span) in among(&columns.spans, block.first, &runs) {
                    if wanted.may_be_met_by(span) && !seen.contains(&span.trace_id) {
                        steps.push(Step::new(span.started_ns(), Work::Trace(span.trace_id)));
                    }
                }
            }
            Work::Trace(id) => {
                if seen.insert(id)
                    && let Some(summary) = wanted.matching(view, id)?
                {
                    steps.push(Step::new(summary.start_ns, Work::Found(Box::new(summary))));
                }
            }
            Work::Found(summary) => found.push(*summary),
        }
    }
    Ok(found)
}

/// What to look at, and when the newest trace that it leads to starts at most.
struct Step<'v> {
    at_most_ns: u64,
    work: Work<'v>,
}

enum Work<'v> {
    Part(&'v Snapshot, Part),
    Block(&'v Snapshot, BlockHead, Runs),
    Trace(TraceId),
    Found(Box<TraceSummary>),
}

impl<'v> Step<'v> {
    fn new(at_most_ns: u64, work: Work<'v>) -> Self {
        Self { at_most_ns, work }
    }

    /// The greatest comes first. Of traces that start together the one with the smallest id is the first,
    /// and whatever may lead to such a trace comes before.
    fn rank(&self) -> (u64, u8, Reverse<Option<TraceId>>) {
        let (work, id) = match &self.work {
            Work::Part(..) => (3, None),
            Work::Block(..) => (2, None),
            Work::Trace(id) => (1, Some(*id)),
            Work::Found(summary) => (0, Some(summary.id)),
        };
        (self.at_most_ns, work, Reverse(id))
    }
}

impl Ord for Step<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Step<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Step<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Step<'_> {}

/// The condition on the whole that the fewest traces meet, usually.
fn rarest(whole: &TraceFilter) -> Option<Term> {
    let term = |text: &Option<String>, term: fn(&str) -> Term| text.as_deref().map(term);
    term(&whole.session, Term::session)
        .or_else(|| term(&whole.tool, Term::tool))
        .or_else(|| term(&whole.model, Term::model))
        .or_else(|| term(&whole.agent, Term::agent))
}

/// Why a span leads to a trace that may be wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// It meets the conditions on spans.
    ByItself,
    /// It is what the trace has to have somewhere.
    ByTheWhole,
}

/// A query, as the index and the columns answer it.
struct Wanted<'q> {
    query: &'q TraceQuery,
    /// A span that leads to the trace has all of them.
    terms: Vec<Term>,
    /// Whether such a span also has to meet the other conditions on spans. It need not when it is only
    /// one of those that the trace as a whole has to have.
    leads: Leads,
    is_error: Option<bool>,
    /// Key and the part of the value that counts.
    attributes: Vec<(&'q str, &'q str)>,
    limit: usize,
}

impl<'q> Wanted<'q> {
    fn new(query: &'q TraceQuery) -> Self {
        let limit = match query.limit {
            0 => DEFAULT_LIMIT,
            limit => limit.min(MAX_LIMIT),
        };
        let mut wanted = Self {
            query,
            terms: Vec::new(),
            leads: Leads::ByItself,
            is_error: None,
            attributes: Vec::new(),
            limit: limit as usize,
        };
        let terms = &mut wanted.terms;
        terms.extend(query.operation.as_deref().map(Term::operation));
        terms.extend(query.service.as_deref().map(Term::service));
        for (key, value) in &query.attributes {
            match (key.as_str(), value.as_str()) {
                ("error", "true") => {
                    wanted.is_error = Some(true);
                    terms.push(Term::error());
                }
                ("error", "false") => wanted.is_error = Some(false),
                (key, value) => {
                    terms.push(Term::attribute(key, value));
                    wanted.attributes.push((key, searchable(value)));
                }
            }
        }
        let namespace = query.namespace.as_deref();
        terms.extend(namespace.map(|name| Term::attribute(key::SERVICE_NAMESPACE, name)));
        if let Some(term) = rarest(&query.whole) {
            wanted.leads = Leads::ByTheWhole;
            wanted.terms = vec![term];
        }
        wanted
    }

    /// Whether spans that start in this time, from the first to the last nanosecond, may lead to a trace
    /// that is wanted.
    fn may_start_in(&self, (min_ns, max_ns): (u64, u64)) -> bool {
        let slack_ns = match self.leads {
            Leads::ByItself => 0,
            Leads::ByTheWhole => scan::SLACK_NS,
        };
        let (from, to) = (self.query.start_min_ns, self.query.start_max_ns);
        from.is_none_or(|from| max_ns >= from.saturating_sub(slack_ns))
            && to.is_none_or(|to| min_ns < to.saturating_add(slack_ns))
    }

    /// The spans of a part that have every term.
    fn look_up(&self, snapshot: &Snapshot, part: &Part) -> Result<Runs, QueryError> {
        let mut runs = postings::all(part.first, part.n);
        for term in &self.terms {
            runs = postings::intersect(&runs, &snapshot.look_up(part, *term)?);
            if runs.is_empty() {
                break;
            }
        }
        Ok(runs)
    }

    /// Whether the span may lead to a trace that is wanted.
    fn may_be_met_by(&self, span: &SpanColumns) -> bool {
        match self.leads {
            Leads::ByItself => self.is_met_by_columns(span),
            Leads::ByTheWhole => self.may_start_in((span.started_ns(), span.started_ns())),
        }
    }

    fn is_met_by_columns(&self, span: &SpanColumns) -> bool {
        let started_ns = span.started_ns();
        let duration_ns = span.duration_ns();
        self.query
            .start_min_ns
            .is_none_or(|from| started_ns >= from)
            && self.query.start_max_ns.is_none_or(|to| started_ns < to)
            && self
                .query
                .duration_min_ns
                .is_none_or(|min| duration_ns >= min)
            && self
                .query
                .duration_max_ns
                .is_none_or(|max| duration_ns <= max)
            && self
                .is_error
                .is_none_or(|is_error| span.is_error == is_error)
    }

    /// The trace's line in the list, if one of its spans, in the form that arrived last, is wanted.
    fn matching(&self, view: &View, id: TraceId) -> Result<Option<TraceSummary>, QueryError> {
        let spans = traces::spans(view, id)?;
        for span in &spans {
            if self.is_met_by(span)? {
                let is_whole = |summary: &TraceSummary| {
                    summary
                        .work
                        .as_ref()
                        .is_none_or(|work| self.query.whole.is_met_by(work))
                };
                return Ok(summarize(id, &spans).filter(is_whole));
            }
        }
        Ok(None)
    }

    /// Exactly, where the index may be mistaken.
    fn is_met_by(&self, span: &Located<'_>) -> Result<bool, QueryError> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let meets_columns = self.is_met_by_columns(&span.columns)
            && is(&self.query.service, &span.operation.service)
            && is(&self.query.operation, &span.operation.name);
        if !meets_columns {
            return Ok(false);
        }
        if self.attributes.is_empty() && self.query.namespace.is_none() {
            return Ok(true);
        }
        let source = span.source()?;
        if !is(&self.query.namespace, &source.namespace) {
            return Ok(false);
        }
        let otlp = span.read()?;
        let events = otlp.events.iter().flat_map(|event| &event.attributes);
        let all = otlp
            .attributes
            .iter()
            .chain(events)
            .chain(&source.resource.attributes);
        let has = |(key, value): &(&str, &str)| {
            let mut of_key = all.clone().filter(|pair| pair.key == *key);
            of_key.any(|pair| searchable(&convert::text(pair.value.as_ref())) == *value)
        };
        Ok(self.attributes.iter().all(has))
    }
}
