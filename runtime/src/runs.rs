//! The runs of this process: what agents are asked from outside, while it goes on and for some
//! minutes after.
//!
//! A delegated run is part of the run that delegated: its events are in that run's log, and it ends
//! with it. So only runs that nobody delegated are listed here.

mod endpoints;
mod log;
mod record;
#[cfg(test)]
mod tests;

pub(crate) use log::{Followed, Log};
pub(crate) use record::{Record, Underway};

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::{
    clock::Clock,
    plan::ResourceId,
    run::{RunState, RunSummary},
};
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// How long a run is kept after its end.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Runs under way at the same time; one more is refused.
    pub(crate) running: usize,
    /// Runs that have ended.
    pub(crate) ended: usize,
    /// Bytes of the events of runs that have ended.
    pub(crate) ended_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            running: 10_000,
            ended: 512,
            ended_bytes: 32 * 1024 * 1024,
        }
    }
}

/// The runs of this process; cheap to clone.
#[derive(Clone)]
pub struct Runs(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    known: HashMap<String, Arc<Record>>,
    /// Those that have ended, in the order of their ends.
    ended: VecDeque<Ended>,
    ended_bytes: usize,
}

struct Ended {
    id: String,
    at: Timestamp,
    bytes: usize,
}

/// A run that is to begin.
pub(crate) struct NewRun {
    pub(crate) id: String,
    pub(crate) agent: ResourceId,
    pub(crate) session_id: String,
    pub(crate) trace_id: String,
    /// Ends it.
    pub(crate) cancel: CancellationToken,
}

/// Too many runs are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} runs are under way, which is the most at one time; try again later")]
pub(crate) struct TooManyRuns {
    limit: usize,
}

/// Which runs are asked for; a field that is not set allows all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filter {
    namespace: Option<String>,
    agent: Option<String>,
    session: Option<String>,
    trace: Option<String>,
    state: Option<RunState>,
}

impl Filter {
    fn allows(&self, run: &RunSummary) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        is(&self.namespace, &run.namespace)
            && is(&self.agent, &run.agent)
            && is(&self.session, &run.session_id)
            && is(&self.trace, &run.trace_id)
            && self.state.is_none_or(|state| state == run.state)
    }
}

impl Runs {
    /// No runs yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::bounded(clock, Bounds::default())
    }

    pub(crate) fn bounded(clock: Arc<dyn Clock>, bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            clock,
            bounds,
            table: Mutex::default(),
        }))
    }

    /// The endpoints, with paths at the root.
    pub fn router(&self) -> Router {
        endpoints::router(self)
    }

    /// Runs under way.
    pub fn running(&self) -> usize {
        self.table().running()
    }

    /// The newest `most` runs under way, newest first.
    pub fn under_way(&self, most: usize) -> Vec<RunSummary> {
        let state = Some(RunState::Running);
        let filter = Filter {
            state,
            ..Filter::default()
        };
        let mut runs = self.list(&filter);
        runs.truncate(most);
        runs
    }

    /// Runs under way and those that have ended and are still kept.
    pub fn kept(&self) -> usize {
        self.table().known.len()
    }

    /// Begins a run. It ends with what this returns.
    pub(crate) fn begin(&self, run: NewRun) -> Result<Underway, TooManyRuns> {
        let record = Arc::new(Record::new(run, self.0.clock.now()));
        let mut table = self.table();
        let limit = self.0.bounds.running;
        if table.running() >= limit {
            return Err(TooManyRuns { limit });
        }
        table
            .known
            .insert(record.id().to_owned(), Arc::clone(&record));
        Ok(Underway::new(self.clone(), record))
    }

    /// The run of this id, while it is kept.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Record>> {
        self.table().known.get(id).cloned()
    }

    /// The runs a filter allows, newest first.
    pub(crate) fn list(&self, filter: &Filter) -> Vec<RunSummary> {
        let records: Vec<_> = self.table().known.values().cloned().collect();
        let mut runs: Vec<_> = records
            .iter()
            .map(|record| record.summary())
            .filter(|run| filter.allows(run))
            .collect();
        runs.sort_by(|a, b| (b.started_at, &b.id).cmp(&(a.started_at, &a.id)));
        runs
    }

    /// A run has ended; from now on it is only kept.
    fn ended(&self, record: &Record, state: RunState) {
        let at = self.0.clock.now();
        record.end(state, at);
        let bytes = record.log().bytes();
        let id = record.id().to_owned();
        let mut table = self.locked();
        table.ended_bytes += bytes;
        table.ended.push_back(Ended { id, at, bytes });
        let forgotten = table.forget(&self.0.bounds, at);
        // Others need not wait until all that such a run told is gone.
        drop(table);
        drop(forgotten);
    }

    /// The table, without what has become too old.
    fn table(&self) -> MutexGuard<'_, Table> {
        let mut table = self.locked();
        table.forget(&self.0.bounds, self.0.clock.now());
        table
    }

    fn locked(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn running(&self) -> usize {
        self.known.len() - self.ended.len()
    }

    /// Takes out runs that ended long ago, and the oldest of those that are too many.
    fn forget(&mut self, bounds: &Bounds, now: Timestamp) -> Vec<Arc<Record>> {
        let mut forgotten = Vec::new();
        while let Some(oldest) = self.ended.front() {
            let is_too_old = now.duration_since(oldest.at) > KEPT_FOR;
            let are_too_many =
                self.ended.len() > bounds.ended || self.ended_bytes > bounds.ended_bytes;
            if !is_too_old && !are_too_many {
                break;
            }
            if let Some(oldest) = self.ended.pop_front() {
                self.ended_bytes -= oldest.bytes;
                forgotten.extend(self.known.remove(&oldest.id));
            }
        }
        forgotten
    }
}
