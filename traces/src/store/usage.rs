//! Tokens and money, added up from the calls of models.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use api::telemetry::{UsageKey, UsageQuery, UsageReader, UsageRow, Window};
use api::traces::facts::Facts;
use api::traces::{ReadError, StepKind, TraceId};
use async_trait::async_trait;

use super::Store;
use super::scan::{self, Once};
use super::span_block::SpanColumns;
use super::view::{QueryError, Snapshot, View};

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
    let sessions = if asks_for_sessions {
        sessions(view, query.window)?
    } else {
        HashMap::new()
    };
    let step_ns = step_ns(query.window, query.step_ns);
    let mut once = Once::default();
    let mut rows: BTreeMap<(u64, Vec<String>), UsageRow> = BTreeMap::new();
    scan::each_span(view, query.window, |snapshot, columns, span| {
        if span.facts.kind() != StepKind::Model || !once.is_first(span) {
            return Ok(());
        }
        let facts = span.facts.unpack(&columns.texts);
        let session = sessions.get(&span.trace_id).map(|(_, id)| &**id);
        let call = Call::new(snapshot, span, &facts, session)?;
        if !call.is_wanted(query) {
            return Ok(());
        }
        let after_ns = span.started_ns() - query.window.from_ns;
        let time_ns = query.window.from_ns + after_ns / step_ns * step_ns;
        let keys: Vec<_> = query.by.iter().map(|key| call.key(*key)).collect();
        let row = rows.entry((time_ns, keys)).or_default();
        add(row, span, &facts);
        Ok(())
    })?;
    let rows = rows.into_iter().map(|((time_ns, keys), row)| UsageRow {
        keys,
        time_ns,
        ..row
    });
    Ok(rows.collect())
}

/// Between the beginnings of two steps; never 0.
pub(super) fn step_ns(window: Window, wanted_ns: u64) -> u64 {
    let wanted_ns = match wanted_ns {
        0 => window.length_ns(),
        wanted => wanted,
    };
    wanted_ns.max(window.length_ns().div_ceil(MAX_STEPS)).max(1)
}

/// The conversation of each trace near the window; where there are several, that of the earliest span.
fn sessions(view: &View, window: Window) -> Result<HashMap<TraceId, (u64, Arc<str>)>, QueryError> {
    let mut sessions: HashMap<TraceId, (u64, Arc<str>)> = HashMap::new();
    let mut last: Arc<str> = Arc::from("");
    scan::each_span(view, scan::widened(window), |_, columns, span| {
        let Some(id) = span.facts.unpack(&columns.texts).session else {
            return Ok(());
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

fn add(row: &mut UsageRow, span: &SpanColumns, facts: &Facts<'_>) {
    let usage = facts.usage;
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
