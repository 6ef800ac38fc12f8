//! Exceptions, grouped by what went wrong.
//!
//! A failure is often told of several times: by the span it began in, by those that it passed through, and
//! by a log record. It counts once, where it began.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use api::attributes::key;
use api::telemetry::{
    ExceptionGroup, ExceptionGroupId, ExceptionQuery, ExceptionReader, Occurrence,
};
use api::traces::{ReadError, SpanId, TraceId};
use async_trait::async_trait;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rusqlite::{OptionalExtension, Row, params};
use xxhash_rust::xxh3::xxh3_64;

use super::Store;
use super::fingerprint::Fingerprint;
use super::index::{Stream, unsigned};
use super::logs;
use super::request::integer;
use super::snapshot::Snapshot;
use super::traces;
use super::view::{QueryError, View};
use crate::convert;

/// Groups or exceptions when the query does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Groups or exceptions at most, whatever the query says.
const MAX_LIMIT: u32 = 1_000;

/// Pieces of a window at most.
const MAX_PIECES: u32 = 1_000;

/// The exceptions of a window that spans (0) or log records (1) tell of.
pub(super) const OF_WINDOW: &str =
    "SELECT exception_group, time_ns, source, ordinal, event, trace_id,
    span_id, parent_id FROM exceptions WHERE stream = ?1 AND time_ns >= ?2 AND time_ns < ?3";

pub(super) const GROUP: &str =
    "SELECT type, template, top_frame, first_ns FROM exception_groups WHERE id = ?1";

#[async_trait]
impl ExceptionReader for Store {
    async fn exceptions(&self, query: &ExceptionQuery) -> Result<Vec<ExceptionGroup>, ReadError> {
        let query = query.clone();
        let list = move |view: &View| groups(view, &query);
        self.readers.read("exceptions", list).await
    }

    async fn occurrences(
        &self,
        group: ExceptionGroupId,
        query: &ExceptionQuery,
    ) -> Result<Vec<Occurrence>, ReadError> {
        let query = query.clone();
        let list = move |view: &View| occurrences(view, group, &query);
        self.readers.read("exceptions", list).await
    }
}

fn limit(query: &ExceptionQuery) -> usize {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    limit as usize
}

/// An exception's row.
struct Raised {
    group: ExceptionGroupId,
    time_ns: u64,
    source: i64,
    ordinal: u64,
    event: usize,
    trace_id: Option<TraceId>,
    span_id: Option<SpanId>,
    parent_id: Option<SpanId>,
}

impl Raised {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let group: i64 = row.get(0)?;
        let id = |column| -> rusqlite::Result<Option<&[u8]>> {
            Ok(row.get_ref(column)?.as_blob_or_null()?)
        };
        Ok(Self {
            group: ExceptionGroupId(group.cast_unsigned()),
            time_ns: unsigned(row, 1)?,
            source: row.get(2)?,
            ordinal: unsigned(row, 3)?,
            event: usize::try_from(unsigned(row, 4)?).unwrap_or(usize::MAX),
            trace_id: id(5)?.and_then(TraceId::from_slice),
            span_id: id(6)?.and_then(SpanId::from_slice),
            parent_id: id(7)?.and_then(SpanId::from_slice),
        })
    }
}

/// A group, with what is known of it for all time.
struct Known {
    fingerprint: Fingerprint,
    kind: u64,
    first_ever_ns: u64,
}

/// Reads exceptions of a window, and what they have in common.
struct Reading<'v> {
    view: &'v View,
    query: &'v ExceptionQuery,
    groups: HashMap<ExceptionGroupId, Rc<Known>>,
    /// Whether exceptions of a source are wanted, by segment and source.
    sources: HashMap<(u64, i64), bool>,
}

impl<'v> Reading<'v> {
    fn new(view: &'v View, query: &'v ExceptionQuery) -> Self {
        Self {
            view,
            query,
            groups: HashMap::new(),
            sources: HashMap::new(),
        }
    }

    /// Gives each exception that is wanted once.
    fn each(
        &mut self,
        mut take: impl FnMut(&'v Snapshot, Stream, Raised, &Rc<Known>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let mut passed_on = HashSet::new();
        let mut told = HashSet::new();
        self.each_row(Stream::Spans, |_, raised, known| {
            let (trace, kind) = (raised.trace_id, known.kind);
            passed_on.extend(raised.parent_id.map(|parent| (kind, trace, parent)));
            told.extend(raised.span_id.map(|span| (kind, trace, span)));
            Ok(())
        })?;
        let mut seen = HashSet::new();
        self.each_row(Stream::Spans, |snapshot, raised, known| {
            let span = raised
                .span_id
                .map(|span| (known.kind, raised.trace_id, span));
            let began_here = span.is_none_or(|span| !passed_on.contains(&span));
            // A span may have been sent twice.
            let is_new = seen.insert((
                raised.group,
                raised.trace_id,
                raised.span_id,
                raised.time_ns,
            ));
            if began_here && is_new {
                take(snapshot, Stream::Spans, raised, known)?;
            }
            Ok(())
        })?;
        self.each_row(Stream::Logs, |snapshot, raised, known| {
            let span = raised
                .span_id
                .map(|span| (known.kind, raised.trace_id, span));
            if span.is_none_or(|span| !told.contains(&span)) {
                take(snapshot, Stream::Logs, raised, known)?;
            }
            Ok(())
        })
    }

    fn each_row(
        &mut self,
        stream: Stream,
        mut look: impl FnMut(&'v Snapshot, Raised, &Rc<Known>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let window = self.query.window;
        let bounds = (integer(window.from_ns), integer(window.to_ns));
        let view = self.view;
        for snapshot in &view.snapshots {
            let mut stopped = Ok(());
            snapshot.query(|db| {
                let mut select = db.prepare_cached(OF_WINDOW)?;
                let mut rows = select.query(params![stream as i64, bounds.0, bounds.1])?;
                while stopped.is_ok()
                    && let Some(row) = rows.next()?
                {
                    let raised = Raised::read(row)?;
                    stopped = self
                        .wanted(snapshot, &raised)
                        .and_then(|known| match known {
                            Some(known) => look(snapshot, raised, &known),
                            None => Ok(()),
                        });
                }
                Ok::<_, rusqlite::Error>(())
            })?;
            stopped?;
        }
        Ok(())
    }

    /// What is known of the exception's group, if the query asks for such exceptions.
    fn wanted(
        &mut self,
        snapshot: &Snapshot,
        raised: &Raised,
    ) -> Result<Option<Rc<Known>>, QueryError> {
        if !self.is_from_wanted(snapshot, raised.source)? {
            return Ok(None);
        }
        if !self.groups.contains_key(&raised.group)
            && let Some(known) = known(self.view, raised.group)?
        {
            self.groups.insert(raised.group, Rc::new(known));
        }
        let wanted_type = self.query.exception_type.as_ref();
        let known = self.groups.get(&raised.group).filter(|known| {
            wanted_type.is_none_or(|wanted| *wanted == known.fingerprint.exception_type)
        });
        Ok(known.map(Rc::clone))
    }

    fn is_from_wanted(&mut self, snapshot: &Snapshot, source: i64) -> Result<bool, QueryError> {
        let key = (snapshot.number(), source);
        if let Some(is_wanted) = self.sources.get(&key) {
            return Ok(*is_wanted);
        }
        let source = snapshot.source(source)?;
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let is_wanted = is(&self.query.service, &source.service)
            && is(&self.query.namespace, &source.namespace);
        self.sources.insert(key, is_wanted);
        Ok(is_wanted)
    }
}

fn known(view: &View, group: ExceptionGroupId) -> Result<Option<Known>, QueryError> {
    let mut known: Option<Known> = None;
    for snapshot in &view.snapshots {
        let found = snapshot.query(|db| {
            let mut select = db.prepare_cached(GROUP)?;
            let found = select.query_row([group.0.cast_signed()], |row| {
                let fingerprint = Fingerprint {
                    exception_type: row.get(0)?,
                    template: row.get(1)?,
                    top_frame: row.get(2)?,
                };
                Ok((fingerprint, unsigned(row, 3)?))
            });
            found.optional()
        })?;
        if let Some((fingerprint, first_ns)) = found {
            let earlier_ns = known.as_ref().map_or(u64::MAX, |known| known.first_ever_ns);
            known = Some(Known {
                kind: fingerprint.kind(),
                fingerprint,
                first_ever_ns: first_ns.min(earlier_ns),
            });
        }
    }
    Ok(known)
}

/// A group under construction.
struct Sum {
    known: Rc<Known>,
    n: u64,
    /// Hashes of their ids.
    traces: HashSet<u64>,
    first_ns: u64,
    last_ns: u64,
    /// Segment and source.
    sources: BTreeSet<(usize, i64)>,
    counts: Vec<u64>,
}

fn groups(view: &View, query: &ExceptionQuery) -> Result<Vec<ExceptionGroup>, QueryError> {
    let n_pieces = query.n_pieces.min(MAX_PIECES);
    let mut sums: HashMap<ExceptionGroupId, Sum> = HashMap::new();
    Reading::new(view, query).each(|snapshot, _, raised, known| {
        if query.group.is_some_and(|wanted| wanted != raised.group) {
            return Ok(());
        }
        let sum = sums.entry(raised.group).or_insert_with(|| Sum {
            known: Rc::clone(known),
            n: 0,
            traces: HashSet::new(),
            first_ns: u64::MAX,
            last_ns: 0,
            sources: BTreeSet::new(),
            counts: vec![0; n_pieces as usize],
        });
        sum.n += 1;
        sum.traces.extend(raised.trace_id.map(|id| xxh3_64(&id.0)));
        sum.first_ns = sum.first_ns.min(raised.time_ns);
        sum.last_ns = sum.last_ns.max(raised.time_ns);
        let segment = view.place(snapshot);
        sum.sources.insert((segment, raised.source));
        let piece = query.window.piece(raised.time_ns, n_pieces);
        if let Some(count) = piece.and_then(|piece| sum.counts.get_mut(piece)) {
            *count += 1;
        }
        Ok(())
    })?;
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(id, sum)| (Reverse(sum.n), Reverse(sum.last_ns), *id));
    sums.truncate(limit(query));
    let groups = sums.into_iter().map(|(id, sum)| group(view, id, sum));
    groups.collect()
}

fn group(view: &View, id: ExceptionGroupId, sum: Sum) -> Result<ExceptionGroup, QueryError> {
    let mut services = BTreeSet::new();
    for (segment, source) in sum.sources {
        services.insert(view.snapshots[segment].source(source)?.service.clone());
    }
    let Fingerprint {
        exception_type,
        template,
        top_frame,
    } = sum.known.fingerprint.clone();
    Ok(ExceptionGroup {
        id,
        exception_type,
        template,
        top_frame,
        n: sum.n,
        n_traces: sum.traces.len() as u64,
        first_ns: sum.first_ns,
        last_ns: sum.last_ns,
        first_ever_ns: sum.known.first_ever_ns.min(sum.first_ns),
        services: services.into_iter().collect(),
        counts: sum.counts,
    })
}

fn occurrences(
    view: &View,
    group: ExceptionGroupId,
    query: &ExceptionQuery,
) -> Result<Vec<Occurrence>, QueryError> {
    let limit = limit(query);
    // By time; the newest last. What is older than the oldest of enough goes at once.
    let mut newest: BTreeMap<(u64, usize, u64, usize), (Stream, Raised)> = BTreeMap::new();
    Reading::new(view, query).each(|snapshot, stream, raised, _| {
        if raised.group == group {
            let segment = view.place(snapshot);
            let rank = (raised.time_ns, segment, raised.ordinal, raised.event);
            newest.insert(rank, (stream, raised));
            if newest.len() > limit {
                newest.pop_first();
            }
        }
        Ok(())
    })?;
    let newest = newest.into_iter().rev();
    newest
        .map(|((_, segment, ..), (stream, raised))| {
            occurrence(&view.snapshots[segment], stream, &raised)
        })
        .collect()
}

fn occurrence(
    snapshot: &Snapshot,
    stream: Stream,
    raised: &Raised,
) -> Result<Occurrence, QueryError> {
    let attributes = match stream {
        Stream::Spans => {
            let span = traces::at(snapshot, raised.ordinal)?;
            let event = span.and_then(|span| span.events.into_iter().nth(raised.event));
            event.map(|event| event.attributes)
        }
        Stream::Logs => {
            let record = logs::sent(snapshot, raised.ordinal)?;
            record.map(|record| record.attributes)
        }
    };
    let attributes: Vec<KeyValue> = attributes.unwrap_or_default();
    let text = |key| convert::attribute_text(&attributes, key).unwrap_or_default();
    Ok(Occurrence {
        time_ns: raised.time_ns,
        service: snapshot.source(raised.source)?.service.clone(),
        trace_id: raised.trace_id,
        span_id: raised.span_id,
        message: text(key::EXCEPTION_MESSAGE),
        stacktrace: text(key::EXCEPTION_STACKTRACE),
    })
}
