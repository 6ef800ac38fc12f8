//! The thread that owns the file.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{sessions::Append, store::Store};

/// How long runs that were cancelled by the shutdown have to say so.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long an event may wait for others to be written with.
const GATHERING: Duration = Duration::from_millis(20);
/// Events written with one commit.
const MAX_COMMIT: usize = 256;

/// What there is to do, in the order it was asked for.
pub(super) enum Job {
    Append(Box<Append>),
    Ask(Box<dyn FnOnce(&mut Store) + Send>),
    /// Nothing comes after it.
    Close,
}

/// Does jobs until told to close. Appends that come within a moment are committed together; a
/// question does not wait for that moment to pass.
///
/// Must be called on a thread that may block, of the runtime `handle` is of.
pub(super) fn write(mut store: Store, mut jobs: mpsc::Receiver<Job>, handle: &Handle) {
    let mut appended = Vec::new();
    let mut due = None;
    while let Some(job) = next(&mut jobs, due, handle) {
        match job {
            Next::Job(Job::Append(event)) => {
                appended.push(*event);
                due.get_or_insert_with(|| Instant::now() + GATHERING);
                if appended.len() < MAX_COMMIT {
                    continue;
                }
                commit(&mut store, &mut appended);
            }
            Next::Job(Job::Ask(question)) => {
                commit(&mut store, &mut appended);
                question(&mut store);
            }
            Next::Job(Job::Close) => jobs.close(),
            Next::Due => commit(&mut store, &mut appended),
        }
        due = (!appended.is_empty()).then(Instant::now);
    }
    commit(&mut store, &mut appended);
}

/// What comes next.
enum Next {
    Job(Job),
    /// What was gathered is to be written.
    Due,
}

/// The next job, or that `due` has come; `None` when nothing comes any more.
fn next(jobs: &mut mpsc::Receiver<Job>, due: Option<Instant>, handle: &Handle) -> Option<Next> {
    if let Ok(job) = jobs.try_recv() {
        return Some(Next::Job(job));
    }
    match due {
        None => jobs.blocking_recv().map(Next::Job),
        Some(due) => match handle.block_on(timeout_at(due, jobs.recv())) {
            Ok(job) => job.map(Next::Job),
            Err(_) => Some(Next::Due),
        },
    }
}

fn commit(store: &mut Store, appended: &mut Vec<Append>) {
    if appended.is_empty() {
        return;
    }
    if let Err(error) = store.append(appended) {
        let count = appended.len();
        tracing::error!("{count} events could not be remembered: {error}");
    }
    appended.clear();
}
