//! Tokens and money, added up from the calls of models.

use std::collections::HashMap;
use std::sync::Arc;

use api::telemetry::{UsageKey, UsageQuery, UsageReader, UsageRow, Window};
use api::traces::facts::Facts;
use api::traces::{ReadError, TraceId};
use async_trait::async_trait;

use super::Store;
use super::extract::Extract;
use super::scan::{self, Once};
use super::snapshot::Snapshot;
use super::span_block::{Columns, SpanColumns};
use super::view::{QueryError, View};

/// Steps of a window at most.
const MAX_STEPS: u64 = 1_000;

#[async_trait]
impl UsageReader for Store {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, ReadError> {
        let query = query.clone();
        let add_up = move |view: &View| usage(view, &query);
        self.readers.read("tokens and cost", add_up).await
    }
}

fn usage(view: &View, query: &UsageQuery) -> Result<Vec<UsageRow>, QueryError> {
    let asks_for_sessions = query.session.is_some() || query.by.contains(&UsageKey::Session);
    let mut sums = Sums {
        query,
        step_ns: step_ns(query.window, query.step_ns),
        sessions: asks_for_sessions
            .then(|| sessions(view, query.window))
            .transpose()?,
        once: Once::default(),
        places: HashMap::new(),
        rows: Vec::new(),
    };
    scan::each_extract(
        Extract::ModelCalls,
        view,
        query.window,
        |snapshot, columns| sums.add_block(snapshot, columns),
    )?;
    let mut rows = sums.rows;
    rows.sort_unstable_by(|left, right| {
        (left.time_ns, &left.keys).cmp(&(right.time_ns, &right.keys))
    });
    Ok(rows)
}

/// The sums so far.
struct Sums<'q> {
    query: &'q UsageQuery,
    step_ns: u64,
    /// Of each trace, when somebody asks for sessions.
    sessions: Option<Sessions>,
    once: Once,
    /// Of the rows, by step and keys.
    places: HashMap<(u64, Vec<String>), usize>,
    rows: Vec<UsageRow>,
}

/// Kinds of calls of a block that the next one is compared with, the newest first. When each trace has its
/// own, as where sessions are asked for, most are seen once.
const LOOK_BACK: usize = 32;

/// What calls of a block have in common that belong to one row.
#[derive(PartialEq, Eq)]
struct Alike {
    whose: [Option<u32>; 3],
    source: i64,
    step: u64,
    /// Matters when somebody asks for sessions.
    trace_id: Option<TraceId>,
}

impl Sums<'_> {
    fn add_block(&mut self, snapshot: &Snapshot, columns: &Columns) -> Result<(), QueryError> {
        let window = self.query.window;
        // Names are compared once for the many calls that are alike.
        let mut known: Vec<(Alike, Option<usize>)> = Vec::new();
        for span in scan::within(columns, window) {
            if !self.once.is_first(span) {
                continue;
            }
            let alike = Alike {
                whose: span.facts.whose(),
                source: span.source,
                step: (span.started_ns() - window.from_ns) / self.step_ns,
                trace_id: self.sessions.is_some().then_some(span.trace_id),
            };
            let mut newest = known.iter().rev().take(LOOK_BACK);
            let seen = newest.find(|(known, _)| *known == alike);
            let place = if let Some((_, place)) = seen {
                *place
            } else {
                let place = self.place(snapshot, columns, span, alike.step)?;
                known.push((alike, place));
                place
            };
            if let Some(row) = place.and_then(|place| self.rows.get_mut(place)) {
                add(row, span);
            }
        }
        Ok(())
    }

    /// The row that a call belongs to; none when it is not wanted.
    fn place(
        &mut self,
        snapshot: &Snapshot,
        columns: &Columns,
        span: &SpanColumns,
        step: u64,
    ) -> Result<Option<usize>, QueryError> {
        let facts = span.facts.unpack(&columns.texts);
        let of_trace = self.sessions.as_ref().and_then(|of| of.get(&span.trace_id));
        let call = Call::new(snapshot, span, &facts, of_trace.map(|(_, id)| &**id))?;
        if !call.is_wanted(self.query) {
            return Ok(None);
        }
        let keys: Vec<_> = self.query.by.iter().map(|key| call.key(*key)).collect();
        let time_ns = self.query.window.from_ns + step * self.step_ns;
        let rows = &mut self.rows;
        let place = self
            .places
            .entry((step, keys))
            .or_insert_with_key(|(_, keys)| {
                rows.push(UsageRow {
                    keys: keys.clone(),
                    time_ns,
                    ..UsageRow::default()
                });
                rows.len() - 1
            });
        Ok(Some(*place))
    }
}

/// Between the beginnings of two steps; never 0.
pub(super) fn step_ns(window: Window, wanted_ns: u64) -> u64 {
    let wanted_ns = match wanted_ns {
        0 => window.length_ns(),
        wanted => wanted,
    };
    wanted_ns.max(window.length_ns().div_ceil(MAX_STEPS)).max(1)
}

/// When the earliest span of a trace started that says its conversation, and which one.
type Sessions = HashMap<TraceId, (u64, Arc<str>)>;

/// The conversation of each trace near the window; where there are several, that of the earliest span.
fn sessions(view: &View, window: Window) -> Result<Sessions, QueryError> {
    let mut sessions = Sessions::new();
    let mut last: Arc<str> = Arc::from("");
    let window = scan::widened(window);
    scan::each_extract(Extract::SessionSpans, view, window, |_, columns| {
        for span in scan::within(columns, window) {
            let Some(id) = span.facts.unpack(&columns.texts).session else {
                continue;
            };
            if *last != *id {
                last = Arc::from(id);
            }
            let new = (span.started_ns(), Arc::clone(&last));
            sessions
                .entry(span.trace_id)
                .and_modify(|known| {
                    if new.0 < known.0 {
                        known.clone_from(&new);
                    }
                })
                .or_insert(new);
        }
        Ok(())
    })?;
    Ok(sessions)
}

/// Whose a call of a model is. Texts are empty when nobody says.
struct Call<'a> {
    agent: Arc<str>,
    model: &'a str,
    session: &'a str,
    namespace: Arc<str>,
}

impl<'a> Call<'a> {
    fn new(
        snapshot: &Snapshot,
        span: &SpanColumns,
        facts: &Facts<'a>,
        of_trace: Option<&'a str>,
    ) -> Result<Self, QueryError> {
        let source = snapshot.source(span.source)?;
        let agent = match facts.agent {
            Some(agent) => Arc::from(agent),
            None => Arc::from(source.service.as_str()),
        };
        Ok(Self {
            agent,
            model: facts.model.unwrap_or_default(),
            session: facts.session.or(of_trace).unwrap_or_default(),
            namespace: Arc::from(source.namespace.as_str()),
        })
    }

    fn is_wanted(&self, query: &UsageQuery) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&query.agent, &self.agent)
            && is(&query.model, self.model)
            && is(&query.session, self.session)
            && is(&query.namespace, &self.namespace)
    }

    fn key(&self, key: UsageKey) -> String {
        match key {
            UsageKey::Agent => self.agent.to_string(),
            UsageKey::Model => self.model.to_owned(),
            UsageKey::Session => self.session.to_owned(),
            UsageKey::Namespace => self.namespace.to_string(),
        }
    }
}

fn add(row: &mut UsageRow, span: &SpanColumns) {
    let usage = span.facts.usage();
    let more = |sum: &mut u64, n: u64| *sum = sum.saturating_add(n);
    row.n_calls += 1;
    row.n_errors += u64::from(span.is_error);
    more(&mut row.input_tokens, usage.input_tokens);
    more(&mut row.output_tokens, usage.output_tokens);
    more(&mut row.cached_tokens, usage.cached_tokens);
    match usage.cost {
        Some(cost) => row.cost = row.cost + cost,
        None => row.n_without_price += 1,
    }
}
