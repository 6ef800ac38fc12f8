//! The one thread that writes, and the bounded queue in front of it.
//!
//! What waits together is committed together, so that many small requests cost few transactions. An
//! answer is sent only after the commit, and shutdown commits what is queued before it ends.

use std::sync::Arc;
use std::time::Duration;

use api::clock::Clock;
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::ingest::{self, Seen};
use super::retention::{self, Limits, Sweep};
use super::rows::{Group, LogRow, PointRow, SpanRow};
use super::{Committed, WriteError};

/// Requests that may wait.
const MAX_QUEUED_REQUESTS: usize = 1_024;

/// Rows in one transaction, give or take a request.
const MAX_ROWS: usize = 10_000;

/// How often what is too old is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

/// Rows of one request.
pub(super) enum Batch {
    Spans(Vec<Group<SpanRow>>),
    Points(Vec<Group<PointRow>>),
    Logs(Vec<Group<LogRow>>),
}

impl Batch {
    fn n_rows(&self) -> usize {
        match self {
            Self::Spans(groups) => groups.iter().map(|group| group.rows.len()).sum(),
            Self::Points(groups) => groups.iter().map(|group| group.rows.len()).sum(),
            Self::Logs(groups) => groups.iter().map(|group| group.rows.len()).sum(),
        }
    }
}

/// A request on its way, and whom to tell.
pub(super) struct Job {
    batch: Batch,
    answer: oneshot::Sender<Result<(), WriteError>>,
    /// Its share of the queue's bytes, given back when the job ends.
    bytes: OwnedSemaphorePermit,
}

/// The end of the queue that callers hold. It is bounded in requests and in bytes.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Job>,
    bytes: Arc<Semaphore>,
    max_bytes: u32,
}

/// Makes a queue, and the end of it that [`Writer::run`] takes.
pub(super) fn queue(max_bytes: u32) -> (Queue, mpsc::Receiver<Job>) {
    let (jobs, receiver) = mpsc::channel(MAX_QUEUED_REQUESTS);
    let bytes = Arc::new(Semaphore::new(max_bytes as usize));
    let queue = Queue {
        jobs,
        bytes,
        max_bytes,
    };
    (queue, receiver)
}

impl Queue {
    /// Returns after the commit. A request larger than the whole queue waits for all of it.
    pub(super) async fn write(&self, batch: Batch, size: usize) -> Result<(), WriteError> {
        if batch.n_rows() == 0 {
            return Ok(());
        }
        let share = u32::try_from(size).unwrap_or(u32::MAX).min(self.max_bytes);
        let bytes = Arc::clone(&self.bytes)
            .try_acquire_many_owned(share)
            .map_err(|_| WriteError::Busy)?;
        let (answer, committed) = oneshot::channel();
        let job = Job {
            batch,
            answer,
            bytes,
        };
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WriteError::Busy,
            mpsc::error::TrySendError::Closed(_) => WriteError::Closed,
        })?;
        committed.await.unwrap_or(Err(WriteError::Closed))
    }
}

/// Why the writer woke up.
enum Wake {
    Job(Job),
    Shutdown,
    Idle,
    /// The queue is closed and empty.
    Done,
}

/// What the thread owns.
pub(super) struct Writer {
    connection: Connection,
    limits: Limits,
    clock: Arc<dyn Clock>,
    committed: broadcast::Sender<Committed>,
    seen: Seen,
    next_sweep_ns: i64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        limits: Limits,
        clock: Arc<dyn Clock>,
        committed: broadcast::Sender<Committed>,
    ) -> Self {
        Self {
            connection,
            limits,
            clock,
            committed,
            seen: Seen::default(),
            next_sweep_ns: 0,
        }
    }

    /// Runs until `shutdown` has fired and the queue is empty. For a thread that may block.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>, shutdown: CancellationToken) {
        let runtime = Handle::current();
        let mut pause = Duration::ZERO;
        loop {
            match runtime.block_on(wake(&mut jobs, &shutdown, pause)) {
                Wake::Job(first) => {
                    pause = self.sweep_when_due();
                    self.commit(gather(first, &mut jobs));
                }
                Wake::Shutdown => jobs.close(),
                Wake::Idle => pause = self.sweep_when_due(),
                Wake::Done => break,
            }
        }
    }

    fn now_ns(&self) -> i64 {
        i64::try_from(self.clock.now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let now_ns = self.now_ns();
        let batches = jobs.iter().map(|job| &job.batch);
        let outcome = ingest::commit(&mut self.connection, &mut self.seen, batches, now_ns);
        let answer = match outcome {
            Ok(committed) => {
                // Nobody listening is fine.
                let _ = self.committed.send(committed);
                Ok(())
            }
            Err(error) => Err(WriteError::Commit {
                reason: error.to_string(),
            }),
        };
        for job in jobs {
            // First the bytes, so that whoever hears the answer finds room for the next request.
            drop(job.bytes);
            // A caller that has gone away does not need the answer.
            let _ = job.answer.send(answer.clone());
        }
    }

    /// Returns how long to wait for the next look.
    fn sweep_when_due(&mut self) -> Duration {
        let now_ns = self.now_ns();
        if now_ns < self.next_sweep_ns {
            return SWEEP_EVERY;
        }
        let every_ns = i64::try_from(SWEEP_EVERY.as_nanos()).unwrap_or(i64::MAX);
        match retention::sweep(&mut self.connection, &self.limits, now_ns) {
            Ok(Sweep::MoreToDo) => return Duration::ZERO,
            Ok(Sweep::Done) => {}
            Err(error) => tracing::warn!(%error, "failed to delete old telemetry"),
        }
        // It may have deleted some.
        self.seen = Seen::default();
        self.next_sweep_ns = now_ns.saturating_add(every_ns);
        SWEEP_EVERY
    }
}

async fn wake(
    jobs: &mut mpsc::Receiver<Job>,
    shutdown: &CancellationToken,
    pause: Duration,
) -> Wake {
    tokio::select! {
        biased;
        () = shutdown.cancelled(), if !jobs.is_closed() => Wake::Shutdown,
        job = jobs.recv() => job.map_or(Wake::Done, Wake::Job),
        () = tokio::time::sleep(pause) => Wake::Idle,
    }
}

fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> Vec<Job> {
    let mut n_rows = first.batch.n_rows();
    let mut gathered = vec![first];
    while n_rows < MAX_ROWS {
        let Ok(job) = jobs.try_recv() else { break };
        n_rows += job.batch.n_rows();
        gathered.push(job);
    }
    gathered
}
