//! The store's handle: opening, writing, and the ports that read.
//!
//! Cloning is cheap. The writer ends when the token given to [`Store::open`] fires, after it has committed
//! all that was queued; so fire it after the last sender of telemetry has ended.

mod calls;
mod candidates;
mod commit;
mod durations;
mod exceptions;
mod extract;
mod facts;
mod filter;
mod fingerprint;
mod index;
mod log_block;
mod logs;
mod metrics;
mod pack;
#[cfg(test)]
mod plans;
mod postings;
mod rates;
mod request;
mod retention;
mod scan;
mod schema;
mod search;
mod segment;
mod segments;
mod sessions;
mod sketch;
mod snapshot;
mod span_block;
mod summary;
mod terms;
mod traces;
mod usage;
mod varint;
mod view;
mod words;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::clock::Clock;
use api::traces::TraceId;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use rates::{Done, RateKey, RateQuery, Steps};
pub use retention::Limits;
pub(crate) use traces::{StoredSpan, StoredTrace};

use request::Batch;
use segments::Segments;
use view::Readers;
use writer::Queue;

/// Announcements that a slow listener may be behind before it misses some.
const ANNOUNCEMENTS: usize = 256;

/// A handle on the store; clones share everything.
#[derive(Clone)]
pub struct Store {
    queue: Queue,
    readers: Readers,
    committed: broadcast::Sender<Committed>,
    clock: Arc<dyn Clock>,
}

/// Told to listeners after a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Traces that got spans, each once.
    pub trace_ids: Vec<TraceId>,
    /// Whether logs arrived.
    pub has_logs: bool,
}

/// What became of a request that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Items left out because they cannot be stored, such as spans without an id.
    pub n_rejected: u64,
}

/// Opening the store failed.
#[expect(missing_docs, reason = "the fields say themselves what they are")]
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made.
    #[error("failed to create the folder \"{}\" for telemetry", directory.display())]
    CreateDirectory {
        directory: PathBuf,
        source: std::io::Error,
    },
    /// SQLite cannot open or migrate the file.
    #[error("failed to open the telemetry store \"{}\"", path.display())]
    OpenDatabase {
        path: PathBuf,
        source: rusqlite::Error,
    },
    /// A later version of KAOS wrote the file.
    #[error(
        "the telemetry store \"{}\" has format {found}, but this program knows formats up to {known}; \
         use a newer kaos or another data directory",
        path.display()
    )]
    KnowNoSuchFormat {
        path: PathBuf,
        found: i64,
        known: usize,
    },
}

/// A write was not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More is waiting to be written than the queue holds; the same request may succeed later.
    #[error("the telemetry store is busy, send again later")]
    Busy,
    /// The store has been shut down.
    #[error("the telemetry store is shut down")]
    Closed,
    /// SQLite did not take it.
    #[error("failed to commit telemetry: {reason}")]
    Commit {
        /// SQLite's words.
        reason: String,
    },
}

impl Store {
    /// Opens or creates the store in `directory` with the usual [`Limits`], and starts its writer.
    ///
    /// Must be called on a Tokio runtime.
    pub fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, OpenError> {
        Self::open_with(directory, Limits::default(), clock, tracker, shutdown)
    }

    /// As [`Store::open`], with other limits.
    pub fn open_with(
        directory: &Path,
        limits: Limits,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, OpenError> {
        let segments = Segments::open(&directory.join("segments"))?;
        let (committed, _) = broadcast::channel(ANNOUNCEMENTS);
        let (queue, jobs) = writer::queue(limits.max_queued_bytes);
        let writer = writer::Writer::new(
            segments.clone(),
            limits,
            Arc::clone(&clock),
            committed.clone(),
        );
        tracker.spawn_blocking(move || writer.run(jobs, shutdown));
        Ok(Self {
            queue,
            readers: Readers::new(segments),
            committed,
            clock,
        })
    }

    /// Commits spans. One that arrives again replaces what came first.
    pub async fn write_traces(
        &self,
        request: &ExportTraceServiceRequest,
    ) -> Result<Receipt, WriteError> {
        if self.queue.is_full() {
            return Err(WriteError::Busy);
        }
        let rows = request::spans(request);
        self.queue.write(Batch::Spans(rows.batch)).await?;
        Ok(rows.receipt)
    }

    /// Commits metric points. One that arrives again replaces what came first.
    pub async fn write_metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Receipt, WriteError> {
        if self.queue.is_full() {
            return Err(WriteError::Busy);
        }
        let rows = request::points(request);
        self.queue.write(Batch::Points(rows.batch)).await?;
        Ok(rows.receipt)
    }

    /// Commits log records. They have no identity: one that is sent twice is kept twice.
    pub async fn write_logs(
        &self,
        request: &ExportLogsServiceRequest,
    ) -> Result<Receipt, WriteError> {
        if self.queue.is_full() {
            return Err(WriteError::Busy);
        }
        let rows = request::logs(request);
        self.queue.write(Batch::Logs(rows.batch)).await?;
        Ok(rows.receipt)
    }

    /// Names of the files that were damaged and have been set aside since the store was opened.
    pub fn set_aside(&self) -> Vec<String> {
        self.readers.segments().set_aside()
    }

    /// Announces each commit from now on. A listener that lags misses announcements, not data.
    pub fn committed(&self) -> broadcast::Receiver<Committed> {
        self.committed.subscribe()
    }

    pub(crate) fn now_ns(&self) -> u64 {
        u64::try_from(self.clock.now().as_nanosecond()).unwrap_or(0)
    }
}
