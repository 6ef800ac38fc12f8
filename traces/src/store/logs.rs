//! Reading logs.
//!
//! Looks next at what may hold the oldest record, as [`super::search`] does for the newest trace.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use api::traces::{LogQuery, LogReader, LogRecord, ReadError};
use async_trait::async_trait;
use opentelemetry_proto::tonic::logs::v1 as otlp;
use prost::Message;

use super::Store;
use super::index::{Part, Stream};
use super::log_block::LogColumns;
use super::postings::{self, Runs};
use super::request::SEVERITY_STEPS;
use super::terms::Term;
use super::traces::among;
use super::varint::Damaged;
use super::view::{QueryError, Snapshot, View};
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

/// What to look at; the order is that of the answer, and what may lead to a record comes before it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    at_least_ns: u64,
    work: Work,
}

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

fn select(view: &View, query: &LogQuery) -> Result<Vec<LogRecord>, QueryError> {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let terms = terms(query);
    let mut parts = Vec::new();
    let mut steps = BinaryHeap::new();
    let mut push = |at_least_ns, work| steps.push(Reverse(Step { at_least_ns, work }));
    for (segment, snapshot) in view.snapshots.iter().enumerate() {
        let of_segment = snapshot.parts(Stream::Logs)?;
        for (part, found) in of_segment.iter().enumerate() {
            push(found.time_ns.0, Work::Part { segment, part });
        }
        parts.push(of_segment);
    }
    let mut records = Vec::new();
    while records.len() < limit as usize
        && let Some(Reverse(Step { work, .. })) = steps.pop()
    {
        let mut push = |at_least_ns, work| steps.push(Reverse(Step { at_least_ns, work }));
        match work {
            Work::Part { segment, part } => {
                let snapshot = &view.snapshots[segment];
                let runs = look_up(snapshot, &parts[segment][part], &terms)?;
                for (head, runs) in snapshot.blocks(Stream::Logs, &runs)? {
                    let runs = runs.into_iter().map(|run| (run.start, run.end)).collect();
                    let block = head.first;
                    push(
                        head.time_ns.0,
                        Work::Block {
                            segment,
                            block,
                            runs,
                        },
                    );
                }
            }
            Work::Block {
                segment,
                block,
                runs,
            } => {
                let columns = view.snapshots[segment].log_columns(block)?;
                let runs: Runs = runs.into_iter().map(|(start, end)| start..end).collect();
                for (place, record) in among(&columns, block, &runs) {
                    if is_met_by(query, record) {
                        push(
                            record.time_ns,
                            Work::Record {
                                segment,
                                block,
                                place,
                            },
                        );
                    }
                }
            }
            Work::Record {
                segment,
                block,
                place,
            } => {
                records.extend(read(&view.snapshots[segment], block, place, query)?);
            }
        }
    }
    Ok(records)
}

/// What the index finds the records by; a record that has all may still not be wanted.
fn terms(query: &LogQuery) -> Vec<Term> {
    let mut terms = Vec::new();
    terms.extend(query.trace_id.map(Term::trace));
    terms.extend(query.service.as_deref().map(Term::service));
    if let Some(severity) = query.min_severity {
        let steps = SEVERITY_STEPS.iter().rev();
        let step = steps.copied().find(|step| *step <= severity);
        terms.extend(step.map(Term::severity));
    }
    terms
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

fn is_met_by(query: &LogQuery, record: &LogColumns) -> bool {
    query.trace_id.is_none_or(|id| record.trace_id == Some(id))
        && (query.span_ids.is_empty()
            || record
                .span_id
                .is_some_and(|id| query.span_ids.contains(&id)))
        && query.min_severity.is_none_or(|min| record.severity >= min)
}

/// A record, unless it is of another service than the one that is wanted.
fn read(
    snapshot: &Snapshot,
    block: u64,
    place: usize,
    query: &LogQuery,
) -> Result<Option<LogRecord>, QueryError> {
    let columns = snapshot.log_columns(block)?;
    let columns = columns.get(place).ok_or_else(|| snapshot.failed(Damaged))?;
    let source = snapshot.source(columns.source)?;
    if query
        .service
        .as_ref()
        .is_some_and(|service| *service != source.service)
    {
        return Ok(None);
    }
    let data = snapshot.log_data(block)?;
    let bytes = data
        .get(columns.offset..)
        .and_then(|rest| rest.get(..columns.length));
    let bytes = bytes.ok_or_else(|| snapshot.failed(Damaged))?;
    let sent = otlp::LogRecord::decode(bytes).map_err(|error| snapshot.failed(error))?;
    let id = |id: Option<&[u8]>, sent: Vec<u8>| id.map_or(sent, <[u8]>::to_vec);
    let sent = otlp::LogRecord {
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
    };
    Ok(Some(convert::log(&sent, &source.service)))
}
