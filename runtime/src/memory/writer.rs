//! The thread that owns the file.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{sessions::Append, store::Store};

/// How long runs that were cancelled by the shutdown have to say so.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(200);
/// Events written with one commit.
const MAX_COMMIT: usize = 256;

/// What there is to do, in the order it was asked for.
pub(super) enum Job {
    Append(Box<Append>),
    Ask(Box<dyn FnOnce(&Store) + Send>),
    /// Nothing comes after it.
    Close,
}

/// Does jobs until told to close. Appends that wait together are committed together.
pub(super) fn write(mut store: Store, mut jobs: mpsc::Receiver<Job>) {
    let mut appended = Vec::new();
    let mut next = jobs.blocking_recv();
    while let Some(job) = next.take() {
        match job {
            Job::Append(event) => {
                appended.push(*event);
                if appended.len() < MAX_COMMIT {
                    // Only a queue that has run dry, or a question, ends the batch.
                    next = jobs.try_recv().ok();
                }
            }
            Job::Ask(question) => {
                commit(&mut store, &mut appended);
                question(&store);
            }
            Job::Close => jobs.close(),
        }
        if next.is_none() {
            commit(&mut store, &mut appended);
            next = jobs.blocking_recv();
        }
    }
}

fn commit(store: &mut Store, appended: &mut Vec<Append>) {
    if appended.is_empty() {
        return;
    }
    let count = appended.len();
    if let Err(error) = store.append(appended.drain(..)) {
        tracing::error!("{count} events could not be remembered: {error}");
    }
}
