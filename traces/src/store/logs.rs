//! Reading logs.
//!
//! Looks next at what may hold the first record of the answer, as [`super::search`] does for traces.

mod of_trace;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use api::attributes::key;
use api::traces::{LogOrder, LogPosition, LogQuery, LogReader, LogRecord, ReadError, SpanId};
use async_trait::async_trait;
use opentelemetry_proto::tonic::logs::v1 as otlp;
use prost::Message;

use super::Store;
use super::index::{Part, Stream};
use super::log_block::LogColumns;
use super::postings::{self, Runs};
use super::request::SEVERITY_STEPS;
use super::snapshot::Snapshot;
use super::terms::Term;
use super::traces::{self, StoredSource, among};
use super::varint::Damaged;
use super::view::{QueryError, View};
use super::words;
use crate::convert;

/// Records when the query does not say.
const DEFAULT_LIMIT: u32 = 1_000;

/// Records at most, whatever the query says.
const MAX_LIMIT: u32 = 50_000;

#[async_trait]
impl LogReader for Store {
    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ReadError> {
        let query = query.clone();
        let select = move |view: &View| select(view, &query);
        self.readers.read("logs", select).await
    }
}

/// What to look at. The least comes first, and what may lead to a record comes before it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    rank: Rank,
    work: Work,
}

/// Time, segment and ordinal, each turned round when the newest come first.
type Rank = (u64, u8, u64, u64);

/// Segments are known by their place in the view, parts by their place in the segment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Part {
        segment: usize,
        part: usize,
    },
    Block {
        segment: usize,
        block: u64,
        runs: Vec<(u64, u64)>,
    },
    Record {
        segment: usize,
        block: u64,
        place: usize,
    },
}

/// The records that match, in the query's order.
pub(super) fn select(view: &View, query: &LogQuery) -> Result<Vec<LogRecord>, QueryError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let wanted = Wanted::new(view, query)?;
    let mut parts = Vec::new();
    let mut steps = BinaryHeap::new();
    for (segment, snapshot) in view.snapshots.iter().enumerate() {
        let of_segment = snapshot.parts(Stream::Logs)?;
        for (part, found) in of_segment.iter().enumerate() {
            if wanted.may_be_in(snapshot, found.time_ns, found.first + found.n) {
                let work = Work::Part { segment, part };
                steps.push(Reverse(wanted.step(found.time_ns, 0, work)));
            }
        }
        parts.push(of_segment);
    }
    let mut records = Vec::new();
    while records.len() < limit as usize
        && let Some(Reverse(Step { work, .. })) = steps.pop()
    {
        match work {
            Work::Part { segment, part } => {
                let snapshot = &view.snapshots[segment];
                let runs = look_up(snapshot, &parts[segment][part], &wanted.terms)?;
                for (head, runs) in snapshot.blocks(Stream::Logs, &runs)? {
                    if wanted.may_be_in(snapshot, head.time_ns, head.end()) {
                        let runs = runs.into_iter().map(|run| (run.start, run.end)).collect();
                        let block = head.first;
                        let work = Work::Block {
                            segment,
                            block,
                            runs,
                        };
                        steps.push(Reverse(wanted.step(head.time_ns, 1, work)));
                    }
                }
            }
            Work::Block {
                segment,
                block,
                runs,
            } => {
                let snapshot = &view.snapshots[segment];
                let columns = snapshot.log_columns(block)?;
                let runs: Runs = runs.into_iter().map(|(start, end)| start..end).collect();
                for (place, record) in among(&columns, block, &runs) {
                    if wanted.is_met_by_columns(record, position(snapshot, block, place)) {
                        let time_ns = (record.time_ns, record.time_ns);
                        let work = Work::Record {
                            segment,
                            block,
                            place,
                        };
                        steps.push(Reverse(wanted.step(time_ns, 2, work)));
                    }
                }
            }
            Work::Record {
                segment,
                block,
                place,
            } => {
                let found = read(&view.snapshots[segment], block, place)?;
                records.extend(found.and_then(|found| wanted.exactly(found)));
            }
        }
    }
    Ok(records)
}

/// A query, as the index and the columns answer it.
struct Wanted<'q> {
    query: &'q LogQuery,
    /// What the index finds the records by; a record that has all may still not be wanted.
    terms: Vec<Term>,
    /// Of one of these spans; any when empty.
    spans: Option<HashSet<SpanId>>,
    words: Vec<String>,
}

/// A record, with what the query compares and pages do not show.
struct Found {
    record: LogRecord,
    source: Arc<StoredSource>,
}

impl<'q> Wanted<'q> {
    fn new(view: &View, query: &'q LogQuery) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        terms.extend(query.trace_id.map(Term::trace));
        terms.extend(query.service.as_deref().map(Term::service));
        let namespace = query.namespace.as_deref();
        terms.extend(namespace.map(|name| Term::attribute(key::SERVICE_NAMESPACE, name)));
        if let Some(severity) = query.min_severity {
            let steps = SEVERITY_STEPS.iter().rev();
            let step = steps.copied().find(|step| *step <= severity);
            terms.extend(step.map(Term::severity));
        }
        let words = query.text.as_deref().map(words::words).unwrap_or_default();
        terms.extend(words.iter().map(|word| Term::word(word)));
        Ok(Self {
            query,
            terms,
            spans: spans(view, query)?,
            words,
        })
    }

    fn step(&self, (min_ns, max_ns): (u64, u64), stage: u8, work: Work) -> Step {
        let (segment, ordinal) = match &work {
            Work::Part { segment, part } => (*segment, *part as u64),
            Work::Block { segment, block, .. } => (*segment, *block),
            Work::Record {
                segment,
                block,
                place,
            } => (*segment, *block + *place as u64),
        };
        let rank = match self.query.order {
            LogOrder::Oldest => (min_ns, stage, segment as u64, ordinal),
            LogOrder::Newest => (!max_ns, stage, !(segment as u64), !ordinal),
        };
        Step { rank, work }
    }

    /// Whether records of these times that arrived before the ordinal `end` may be wanted.
    fn may_be_in(&self, snapshot: &Snapshot, (min_ns, max_ns): (u64, u64), end: u64) -> bool {
        let last = LogPosition {
            segment: snapshot.number(),
            ordinal: end.saturating_sub(1),
        };
        self.query.from_ns.is_none_or(|from| max_ns >= from)
            && self.query.to_ns.is_none_or(|to| min_ns < to)
            && self.query.after.is_none_or(|after| last > after)
    }

    fn is_met_by_columns(&self, record: &LogColumns, position: LogPosition) -> bool {
        let query = self.query;
        query.trace_id.is_none_or(|id| record.trace_id == Some(id))
            && self
                .spans
                .as_ref()
                .is_none_or(|spans| record.span_id.is_some_and(|id| spans.contains(&id)))
            && query.min_severity.is_none_or(|min| record.severity >= min)
            && query.from_ns.is_none_or(|from| record.time_ns >= from)
            && query.to_ns.is_none_or(|to| record.time_ns < to)
            && query.after.is_none_or(|after| position > after)
    }

    /// The record, where the index was not mistaken.
    fn exactly(&self, found: Found) -> Option<LogRecord> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let is_wanted = is(&self.query.service, &found.source.service)
            && is(&self.query.namespace, &found.source.namespace)
            && (self.words.is_empty() || words::has_all(&found.record.body, &self.words));
        is_wanted.then_some(found.record)
    }
}

/// The spans whose records are wanted; `None` when those of all are.
fn spans(view: &View, query: &LogQuery) -> Result<Option<HashSet<SpanId>>, QueryError> {
    let mut spans: HashSet<SpanId> = query.span_ids.iter().copied().collect();
    let (Some(trace), Some(top)) = (query.trace_id, query.under) else {
        return Ok((!spans.is_empty()).then_some(spans));
    };
    let mut children: HashMap<SpanId, Vec<SpanId>> = HashMap::new();
    for span in traces::spans(view, trace)? {
        if let Some(parent) = span.columns.parent_id {
            children
                .entry(parent)
                .or_default()
                .push(span.columns.span_id);
        }
    }
    let mut below = vec![top];
    while let Some(span) = below.pop() {
        // Whoever sends spans may have made them their own ancestors.
        if spans.insert(span) {
            below.extend(children.get(&span).into_iter().flatten());
        }
    }
    Ok(Some(spans))
}

fn look_up(snapshot: &Snapshot, part: &Part, terms: &[Term]) -> Result<Runs, QueryError> {
    let mut runs = postings::all(part.first, part.n);
    for term in terms {
        runs = postings::intersect(&runs, &snapshot.look_up(part, *term)?);
        if runs.is_empty() {
            break;
        }
    }
    Ok(runs)
}

fn position(snapshot: &Snapshot, block: u64, place: usize) -> LogPosition {
    LogPosition {
        segment: snapshot.number(),
        ordinal: block + place as u64,
    }
}

/// The record of an ordinal, as it was sent.
pub(super) fn sent(
    snapshot: &Snapshot,
    ordinal: u64,
) -> Result<Option<otlp::LogRecord>, QueryError> {
    let mut blocks = snapshot.blocks(Stream::Logs, &postings::all(ordinal, 1))?;
    let Some((block, _)) = blocks.pop() else {
        return Ok(None);
    };
    let columns = snapshot.log_columns(block.first)?;
    let place = usize::try_from(ordinal - block.first).ok();
    let columns = place.and_then(|place| columns.get(place));
    columns
        .map(|columns| decode(snapshot, block.first, columns))
        .transpose()
}

fn read(snapshot: &Snapshot, block: u64, place: usize) -> Result<Option<Found>, QueryError> {
    let columns = snapshot.log_columns(block)?;
    let Some(columns) = columns.get(place) else {
        return Ok(None);
    };
    let source = snapshot.source(columns.source)?;
    let sent = decode(snapshot, block, columns)?;
    let record = LogRecord {
        position: position(snapshot, block, place),
        ..convert::log(&sent, &source.service)
    };
    Ok(Some(Found { record, source }))
}

fn decode(
    snapshot: &Snapshot,
    block: u64,
    columns: &LogColumns,
) -> Result<otlp::LogRecord, QueryError> {
    let data = snapshot.log_data(block)?;
    let bytes = data
        .get(columns.offset..)
        .and_then(|rest| rest.get(..columns.length));
    let bytes = bytes.ok_or_else(|| snapshot.failed(Damaged))?;
    let sent = otlp::LogRecord::decode(bytes).map_err(|error| snapshot.failed(error))?;
    let id = |id: Option<&[u8]>, sent: Vec<u8>| id.map_or(sent, <[u8]>::to_vec);
    Ok(otlp::LogRecord {
        trace_id: id(
            columns.trace_id.as_ref().map(|id| id.0.as_slice()),
            sent.trace_id,
        ),
        span_id: id(
            columns.span_id.as_ref().map(|id| id.0.as_slice()),
            sent.span_id,
        ),
        severity_number: columns.severity,
        ..sent
    })
}
