//! The task that writes into the shared memory, in the order things were appended.

use std::{pin::pin, time::Duration};

use redis::Script;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{super::writer::LAST_WORDS, Server, keys::Keys};
use crate::memory::{MemoryError, sessions::Append};

/// Jobs taken together.
const MAX_BATCH: usize = 256;
/// What is left at the end has this long to be written.
const FAREWELL: Duration = Duration::from_secs(5);

/// What there is to do, in the order it was asked for.
pub(super) enum Job {
    Append(Box<Append>),
    /// Tells that everything before it was written, or lost.
    Barrier(oneshot::Sender<()>),
}

/// Does jobs until shortly after `shutdown`.
pub(super) async fn write(
    mut server: Server,
    mut jobs: mpsc::Receiver<Job>,
    shutdown: CancellationToken,
) {
    let script = Script::new(include_str!("append.lua"));
    let mut closing = pin!(async {
        shutdown.cancelled().await;
        sleep(LAST_WORDS).await;
    });
    let mut ends_by: Option<Instant> = None;
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while ends_by.is_none_or(|ends_by| Instant::now() < ends_by) {
        let taken = tokio::select! {
            taken = jobs.recv_many(&mut batch, MAX_BATCH) => taken,
            () = &mut closing, if ends_by.is_none() => {
                jobs.close();
                ends_by = Some(Instant::now() + FAREWELL);
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        work(&mut server, &script, batch.drain(..)).await;
    }
    let lost = jobs.len();
    tracing::error!("{lost} events could not be remembered before the end");
}

async fn work(server: &mut Server, script: &Script, jobs: impl Iterator<Item = Job>) {
    let mut appended: Vec<Box<Append>> = Vec::new();
    for job in jobs {
        match job {
            Job::Append(append) => appended.push(append),
            Job::Barrier(done) => {
                append(server, script, &std::mem::take(&mut appended)).await;
                // Nobody waits any more when the request was given up.
                done.send(()).ok();
            }
        }
    }
    append(server, script, &appended).await;
}

/// Writes events; those that cannot be written are lost, and the log says how many.
async fn append(server: &mut Server, script: &Script, events: &[Box<Append>]) {
    for events in events.chunk_by(|a, b| a.agent == b.agent && a.bounds == b.bounds) {
        if let Err(error) = append_to_agent(server, script, events).await {
            let count = events.len();
            tracing::error!("{count} events could not be remembered: {error}");
        }
    }
}

/// Writes events of one agent, all or none.
async fn append_to_agent(
    server: &mut Server,
    script: &Script,
    events: &[Box<Append>],
) -> Result<(), MemoryError> {
    let Some(first) = events.first() else {
        return Ok(());
    };
    let keys = Keys::of(&first.agent);
    let mut call = script.prepare_invoke();
    call.key(keys.counters()).key(keys.sessions());
    call.arg(keys.session_prefix());
    call.arg(first.bounds.sessions).arg(first.bounds.events);
    for append in events {
        let event = serde_json::to_string(&append.event).expect("its keys are text");
        call.arg(&append.event.session_id).arg(event);
    }
    let written = call.invoke_async::<()>(&mut server.connection).await;
    written.map_err(|source| server.failed(source))
}
