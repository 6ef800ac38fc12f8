//! One run: who it is, how it stands, and its log.

use std::sync::{Arc, OnceLock};

use api::run::{RunState, RunSummary};
use jiff::Timestamp;

use super::{Log, NewRun, Runs};

/// One run, for as long as it is kept.
pub(crate) struct Record {
    run: NewRun,
    started_at: Timestamp,
    log: Arc<Log>,
    end: OnceLock<(RunState, Timestamp)>,
}

impl Record {
    pub(super) fn new(run: NewRun, started_at: Timestamp) -> Self {
        Self {
            run,
            started_at,
            log: Arc::default(),
            end: OnceLock::new(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.run.id
    }

    /// What happened in it.
    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Ends the run with everything it waits for. One that has ended stays as it is.
    pub(crate) fn cancel(&self) {
        self.run.cancel.cancel();
    }

    pub(crate) fn summary(&self) -> RunSummary {
        let (state, ended_at) = match self.end.get() {
            Some((state, at)) => (*state, Some(*at)),
            None => (RunState::Running, None),
        };
        RunSummary {
            id: self.run.id.clone(),
            namespace: self.run.agent.namespace.clone(),
            agent: self.run.agent.name.clone(),
            session_id: self.run.session_id.clone(),
            trace_id: self.run.trace_id.clone(),
            state,
            started_at: self.started_at,
            ended_at,
            last_seq: self.log.last_seq(),
            doing: self.log.doing(),
        }
    }

    pub(super) fn end(&self, state: RunState, at: Timestamp) {
        // Only its guard ends a run, once.
        self.end.set((state, at)).ok();
        self.log.close();
    }
}

/// A run under way; one that is dropped without an end was cancelled.
#[must_use = "a run that is dropped ends as cancelled"]
pub(crate) struct Underway {
    runs: Runs,
    record: Arc<Record>,
    state: RunState,
}

impl Underway {
    pub(super) fn new(runs: Runs, record: Arc<Record>) -> Self {
        Self {
            runs,
            record,
            state: RunState::Cancelled,
        }
    }

    /// What happens in it.
    pub(crate) fn log(&self) -> &Arc<Log> {
        self.record.log()
    }

    /// Ends it. Its last event has been told before.
    pub(crate) fn end(mut self, state: RunState) {
        self.state = state;
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.runs.ended(&self.record, self.state);
    }
}
