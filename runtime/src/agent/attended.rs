//! A run that whoever waits for its answer carries out himself.
//!
//! Nothing is told before the answer, so a task of its own would only be one more to wake. When nobody waits
//! any more, a task takes the run over, so that it ends as it should: its spans, what it remembers, and its
//! place among the runs.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::{error::ChatError, start::Outcome};

/// Resolves to how the run ends.
pub(super) struct Attended {
    /// `None` when it has ended.
    working: Option<Outcome>,
    tracker: TaskTracker,
    runtime: Handle,
}

impl Attended {
    /// Has to be made within a runtime, on which `tracker` ends the run when nobody waits for it.
    pub(super) fn new(working: Outcome, tracker: &TaskTracker) -> Self {
        Self {
            working: Some(working),
            tracker: tracker.clone(),
            runtime: Handle::current(),
        }
    }
}

impl Future for Attended {
    type Output = <Outcome as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Not in its place while it works, so that one that panicked is not taken over.
        let Some(mut working) = self.working.take() else {
            return Poll::Ready(Err(ChatError::Cancelled));
        };
        let outcome = working.as_mut().poll(cx);
        if outcome.is_pending() {
            self.working = Some(working);
        }
        outcome
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if let Some(working) = self.working.take() {
            self.tracker.spawn_on(working, &self.runtime);
        }
    }
}
