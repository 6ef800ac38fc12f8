//! The thread that owns the file.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc},
    time::timeout,
};

use super::{sessions::Append, store::Store};

/// How long runs that were cancelled by the shutdown have to say so.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long an event may wait for others to be written with.
const GATHERING: Duration = Duration::from_millis(100);
/// Events written with one commit.
const MAX_COMMIT: usize = 4096;

/// What there is to do, in the order it was asked for.
pub(super) enum Job {
    Append(Box<Append>),
    Ask(Box<dyn FnOnce(&mut Store) + Send>),
    /// Nothing comes after it.
    Close,
}

/// Does jobs until told to close. Appends that come within a moment are committed together, and
/// wake this thread once; `urgent` ends the moment early.
///
/// Must be called on a thread that may block, of the runtime `handle` is of.
pub(super) fn write(
    mut store: Store,
    mut jobs: mpsc::Receiver<Job>,
    urgent: &Notify,
    handle: &Handle,
) {
    let mut appended = Vec::new();
    while let Some(first) = jobs.blocking_recv() {
        if matches!(first, Job::Append(_)) {
            // Both ways to end it are right.
            handle.block_on(timeout(GATHERING, urgent.notified())).ok();
        }
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Append(event) => {
                    appended.push(*event);
                    if appended.len() == MAX_COMMIT {
                        commit(&mut store, &mut appended);
                    }
                }
                Job::Ask(question) => {
                    commit(&mut store, &mut appended);
                    question(&mut store);
                }
                Job::Close => jobs.close(),
            }
            next = jobs.try_recv().ok();
        }
        commit(&mut store, &mut appended);
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
