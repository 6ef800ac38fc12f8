//! The traces of the list: asked of the backend, looked at here, and those that are shown read in full.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use api::traces::{FoundTraces, Trace, TraceId, TraceQuery, TraceReader, TraceSummary, Work};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    asked::{Asked, Cursor, Order, Sort, SortBy},
    glance::Glance,
    matching,
    plan::Plan,
};
use crate::{
    pages::params::namespace_filter,
    site::{Failure, Ports},
};

/// Traces that are looked at for one page.
const MOST: u32 = 400;
/// The same when each has to be read in full.
const MOST_READ: u32 = 200;
/// Rows of one page.
pub(super) const ROWS: usize = 50;
/// Spans of a trace that is read in full for its row or for words in it.
const MOST_SPANS: u64 = 20_000;
/// Traces read at a time.
const AT_A_TIME: usize = 8;

/// What the page shows.
pub(crate) struct Found {
    pub(super) plan: Plan,
    /// Those that match, in the order asked for.
    pub(crate) matches: Vec<TraceSummary>,
    /// What is known of those that are shown, and of others that had to be read.
    pub(super) glances: HashMap<TraceId, Glance>,
    /// Traces that the backend or this page looked at one by one.
    pub(super) n_looked_at: u64,
    /// Traces that are too large to be read for words or tags.
    pub(super) n_too_large: u64,
    /// Where to look on when older traces were not looked at.
    pub(super) older: Option<Cursor>,
    /// What the newest trace of the list comes after.
    pub(super) newest: Cursor,
    /// When the newest trace of any time began; only known when there is none in the time asked for.
    pub(super) newest_ever_ns: Option<u64>,
}

/// Finds what is asked for.
pub(crate) async fn load(ports: &Ports, asked: &Asked) -> Result<Found, Failure> {
    let reader = ports.traces.as_ref();
    let now_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or_default();
    let window = asked.period.window_at(now_ns);
    let mut plan = Plan::of(
        &asked.understood(),
        namespace_filter(&asked.namespace),
        window,
    );
    if let Some(cursor) = asked.after {
        let after_ns = cursor.start_ns.saturating_add(1);
        plan.query.start_max_ns = Some(after_ns.min(window.to_ns));
    }
    let FoundTraces {
        mut traces,
        n_looked_at,
        back_to_ns,
    } = match plan.trace {
        Some(id) => one(reader, id).await?,
        None => newest(reader, &mut plan).await?,
    };
    let of_moment = |ns| traces.iter().filter(move |trace| trace.start_ns == ns);
    let older = back_to_ns.filter(|ns| *ns > window.from_ns);
    let older = older.map(|start_ns| Cursor {
        start_ns,
        id: of_moment(start_ns).map(|trace| trace.id).max(),
    });
    // A span may start in the window though its trace does not.
    if plan.trace.is_none() {
        traces.retain(|trace| trace.start_ns >= window.from_ns);
    }
    traces.retain(|trace| is_after(asked.after, trace));
    let mut reading = Reading {
        reader,
        glances: HashMap::new(),
        n_too_large: 0,
    };
    let mut matches = reading.matching(&plan, traces).await?;
    let newest = Cursor {
        start_ns: matches.first().map_or(0, |trace| trace.start_ns),
        id: None,
    };
    reading.learn_work(&mut matches);
    sort(&mut matches, asked.sort);
    reading.read_shown(&matches, asked.row).await?;
    reading.learn_work(&mut matches);
    let newest_ever_ns = if matches.is_empty() && asked.after.is_none() {
        newest_ever(reader, &asked.namespace).await?
    } else {
        None
    };
    Ok(Found {
        n_too_large: reading.n_too_large,
        glances: reading.glances,
        older,
        plan,
        matches,
        n_looked_at,
        newest,
        newest_ever_ns,
    })
}

async fn one(reader: &dyn TraceReader, id: TraceId) -> Result<FoundTraces, Failure> {
    let trace = reader.trace(id).await?;
    let traces: Vec<_> = trace.iter().filter_map(Trace::summary).collect();
    Ok(FoundTraces {
        n_looked_at: u64::try_from(traces.len()).unwrap_or(0),
        traces,
        back_to_ns: None,
    })
}

async fn newest(reader: &dyn TraceReader, plan: &mut Plan) -> Result<FoundTraces, Failure> {
    let limit = if plan.reads_spans() { MOST_READ } else { MOST };
    plan.query.limit = limit.min(reader.most());
    Ok(reader.find(&plan.query).await?)
}

fn is_after(cursor: Option<Cursor>, trace: &TraceSummary) -> bool {
    cursor.is_none_or(|cursor| cursor.is_before(trace.start_ns, trace.id))
}

async fn newest_ever(reader: &dyn TraceReader, namespace: &str) -> Result<Option<u64>, Failure> {
    let query = TraceQuery {
        namespace: namespace_filter(namespace),
        limit: 1,
        ..TraceQuery::default()
    };
    let found = reader.search(&query).await?;
    Ok(found.first().map(|newest| newest.start_ns))
}

/// Reads traces in full, each once.
struct Reading<'r> {
    reader: &'r dyn TraceReader,
    glances: HashMap<TraceId, Glance>,
    n_too_large: u64,
}

impl Reading<'_> {
    /// Those that meet what the backend was not asked.
    async fn matching(
        &mut self,
        plan: &Plan,
        traces: Vec<TraceSummary>,
    ) -> Result<Vec<TraceSummary>, Failure> {
        let mut matches = Vec::with_capacity(traces.len());
        let mut unknown = Vec::new();
        for (place, trace) in traces.into_iter().enumerate() {
            match matching::meets(&plan.here, &trace, None) {
                Some(true) => matches.push((place, trace)),
                Some(false) => {}
                None if trace.n_spans > MOST_SPANS => self.n_too_large += 1,
                None => unknown.push((place, trace)),
            }
        }
        let reader = self.reader;
        let read = stream::iter(unknown).map(async |(place, summary)| {
            let Some(trace) = reader.trace(summary.id).await? else {
                return Ok::<_, Failure>(None);
            };
            let is_match = matching::meets(&plan.here, &summary, Some(&trace)) == Some(true);
            Ok(is_match.then(|| (place, Glance::of(&trace), summary)))
        });
        let read: Vec<_> = read.buffer_unordered(AT_A_TIME).try_collect().await?;
        for (place, glance, summary) in read.into_iter().flatten() {
            self.glances.insert(summary.id, glance);
            matches.push((place, summary));
        }
        matches.sort_by_key(|(place, _)| *place);
        Ok(matches.into_iter().map(|(_, trace)| trace).collect())
    }

    /// Reads those that are shown and not read yet.
    async fn read_shown(&mut self, matches: &[TraceSummary], row: usize) -> Result<(), Failure> {
        let shown = matches.iter().skip(row).take(ROWS);
        let unread: Vec<TraceId> = shown
            .filter(|trace| trace.n_spans <= MOST_SPANS && !self.glances.contains_key(&trace.id))
            .map(|trace| trace.id)
            .collect();
        let reader = self.reader;
        let read = stream::iter(unread).map(async |id| {
            let trace = reader.trace(id).await?;
            Ok::<_, Failure>(trace.map(|trace| (id, Glance::of(&trace))))
        });
        let read: Vec<_> = read.buffer_unordered(AT_A_TIME).try_collect().await?;
        self.glances.extend(read.into_iter().flatten());
        Ok(())
    }

    /// What a backend's list did not say and a trace read in full did.
    fn learn_work(&self, traces: &mut [TraceSummary]) {
        for trace in traces {
            if trace.work.is_none()
                && let Some(glance) = self.glances.get(&trace.id)
            {
                trace.work = Some(glance.work.clone());
            }
        }
    }
}

fn sort(traces: &mut [TraceSummary], Sort { by, order }: Sort) {
    let of_work = |trace: &TraceSummary, number: fn(&Work) -> u64| trace.work.as_ref().map(number);
    let number = |trace: &TraceSummary| match by {
        SortBy::Started => Some(trace.start_ns),
        SortBy::Duration => Some(trace.duration_ns()),
        SortBy::Tokens => of_work(trace, matching::tokens),
        SortBy::Cost => of_work(trace, |work| work.cost.billionths()),
        SortBy::Errors => Some(trace.n_errors),
        SortBy::Spans => Some(trace.n_spans),
    };
    let compare = |one: &TraceSummary, other: &TraceSummary| {
        let (one, other) = (number(one), number(other));
        match order {
            Order::Up => one.cmp(&other),
            Order::Down => other.cmp(&one),
        }
    };
    let newest_first = |trace: &TraceSummary| (Reverse(trace.start_ns), trace.id);
    traces.sort_by(|one, other| {
        let by_number = compare(one, other);
        match by_number {
            Ordering::Equal => newest_first(one).cmp(&newest_first(other)),
            Ordering::Less | Ordering::Greater => by_number,
        }
    });
}
