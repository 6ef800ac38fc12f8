//! The one thread that writes, and the bounded queue in front of it.
//!
//! What waits together is committed together, so that many small requests cost few transactions. An
//! answer is sent only after the commit, and shutdown commits what is queued before it ends.

use std::sync::Arc;
use std::time::Duration;

use api::clock::Clock;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::commit::Active;
use super::request::Batch;
use super::retention::{self, Limits};
use super::segment::{Segment, SegmentError};
use super::segments::Segments;
use super::{Committed, WriteError};

/// Requests that may wait.
const MAX_QUEUED_REQUESTS: usize = 1_024;

/// Rows in one transaction, give or take a request.
const MAX_ROWS: usize = 10_000;

/// How often what is too old is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(1);

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
    /// Whether a request would not fit, so that nobody need prepare it.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.available_permits() == 0 || self.jobs.capacity() == 0
    }

    /// Returns after the commit. A request larger than the whole queue waits for all of it.
    pub(super) async fn write(&self, batch: Batch) -> Result<(), WriteError> {
        if batch.n_rows() == 0 {
            return Ok(());
        }
        let size = u32::try_from(batch.size()).unwrap_or(u32::MAX);
        let share = size.min(self.max_bytes);
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
    Job(Box<Job>),
    Shutdown,
    Idle,
    /// The queue is closed and empty.
    Done,
}

/// What the thread owns.
pub(super) struct Writer {
    segments: Segments,
    /// Opened when there is something to write.
    active: Option<Active>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    committed: broadcast::Sender<Committed>,
    next_sweep_ns: i64,
}

impl Writer {
    pub(super) fn new(
        segments: Segments,
        limits: Limits,
        clock: Arc<dyn Clock>,
        committed: broadcast::Sender<Committed>,
    ) -> Self {
        Self {
            segments,
            active: None,
            limits,
            clock,
            committed,
            next_sweep_ns: 0,
        }
    }

    /// Runs until `shutdown` has fired and the queue is empty. For a thread that may block.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>, shutdown: CancellationToken) {
        let runtime = Handle::current();
        loop {
            match runtime.block_on(wake(&mut jobs, &shutdown)) {
                Wake::Job(first) => self.commit(gather(*first, &mut jobs)),
                Wake::Shutdown => jobs.close(),
                Wake::Idle => {}
                Wake::Done => break,
            }
            self.sweep_when_due();
        }
        if let Some(active) = self.active {
            active.finish();
        }
    }

    fn now_ns(&self) -> i64 {
        i64::try_from(self.clock.now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let batches: Vec<_> = jobs.iter().map(|job| &job.batch).collect();
        let mut outcome = self.try_commit(&batches);
        if outcome.as_ref().is_err_and(SegmentError::is_damage) {
            // What it holds is lost, but not what comes now.
            outcome = self.try_commit(&batches);
        }
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

    fn try_commit(&mut self, batches: &[&Batch]) -> Result<Committed, SegmentError> {
        let mut active = self.take_active()?;
        match active.commit(batches) {
            Ok(committed) => {
                self.active = Some(active);
                Ok(committed)
            }
            Err(error) => {
                if error.is_damage() {
                    active.segment.mark_damaged();
                    self.segments.put_aside(&active.segment, &error);
                }
                Err(error)
            }
        }
    }

    /// The segment to write to: the newest, or a new one when that is full.
    fn take_active(&mut self) -> Result<Active, SegmentError> {
        let now_ns = self.now_ns();
        if let Some(active) = self.active.take() {
            if !active.segment.is_damaged() && !self.is_full(&active, now_ns)? {
                return Ok(active);
            }
            active.finish();
        } else if let Some(newest) = self.segments.list().last().cloned()
            && !newest.is_damaged()
        {
            let active = Active::open(newest, now_ns)?;
            if !self.is_full(&active, now_ns)? {
                return Ok(active);
            }
            active.finish();
        }
        // With a new one, an old one may have become too much.
        self.next_sweep_ns = now_ns;
        // Later ones have a later time, even when the clock stands still.
        let newest = self.segments.list().last().map(|newest| newest.created_ns);
        let created_ns = newest.map_or(now_ns, |newest| now_ns.max(newest.saturating_add(1)));
        let segment = Arc::new(Segment::new(self.segments.next_path(now_ns), created_ns));
        let active = Active::open(Arc::clone(&segment), created_ns)?;
        self.segments.push(segment);
        Ok(active)
    }

    fn is_full(&self, active: &Active, now_ns: i64) -> rusqlite::Result<bool> {
        let is_over = now_ns >= self.limits.segment_end_ns(active.segment.created_ns);
        Ok(is_over || active.size()? >= self.limits.max_segment_bytes() || active.is_worn()?)
    }

    fn sweep_when_due(&mut self) {
        let now_ns = self.now_ns();
        if now_ns < self.next_sweep_ns {
            return;
        }
        let active = self.active.as_ref().map(|active| &active.segment);
        retention::sweep(&self.segments, active, &self.limits, now_ns);
        let every_ns = i64::try_from(SWEEP_EVERY.as_nanos()).unwrap_or(i64::MAX);
        self.next_sweep_ns = now_ns.saturating_add(every_ns);
    }
}

async fn wake(jobs: &mut mpsc::Receiver<Job>, shutdown: &CancellationToken) -> Wake {
    tokio::select! {
        biased;
        () = shutdown.cancelled(), if !jobs.is_closed() => Wake::Shutdown,
        job = jobs.recv() => job.map_or(Wake::Done, |job| Wake::Job(Box::new(job))),
        () = tokio::time::sleep(SWEEP_EVERY) => Wake::Idle,
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
