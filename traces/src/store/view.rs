//! Who answers questions, and what a question sees: a snapshot of each segment.
//!
//! Questions run on threads that may block, few at a time. When a segment turns out to be damaged, the
//! question is asked again without it.

use std::sync::Arc;

use api::traces::ReadError;
use tokio::sync::Semaphore;

use super::segment::{Segment, SegmentError};
use super::segments::Segments;
use super::snapshot::Snapshot;

/// Questions at a time.
const MAX_QUESTIONS: usize = 4;

/// A question failed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", segment.name())]
pub(super) struct QueryError {
    segment: Arc<Segment>,
    error: SegmentError,
}

impl QueryError {
    pub(super) fn new(segment: &Arc<Segment>, error: impl Into<SegmentError>) -> Self {
        Self {
            segment: Arc::clone(segment),
            error: error.into(),
        }
    }
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// Who answers questions; clones share it.
#[derive(Clone)]
pub(super) struct Readers {
    segments: Segments,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(segments: Segments) -> Self {
        Self {
            segments,
            permits: Arc::new(Semaphore::new(MAX_QUESTIONS)),
        }
    }

    pub(super) fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Runs `query` on one snapshot of each segment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        query: impl Fn(&View) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let failed = |reason: String| ReadError::Read { what, reason };
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| failed(error.to_string()))?;
        let segments = self.segments.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            answer(&segments, query)
        });
        let outcome = reading.await.map_err(|error| failed(error.to_string()))?;
        outcome.map_err(|error| failed(error.to_string()))
    }
}

fn answer<T>(
    segments: &Segments,
    query: impl Fn(&View) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    loop {
        let outcome = View::open(segments).and_then(|view| query(&view));
        match outcome {
            Err(QueryError { segment, error }) if error.is_damage() => {
                tracing::warn!(segment = segment.name(), %error, "telemetry is damaged");
                segment.mark_damaged();
            }
            outcome => return outcome,
        }
    }
}

/// A snapshot of each segment, oldest first.
pub(super) struct View {
    pub(super) snapshots: Vec<Snapshot>,
}

impl View {
    fn open(segments: &Segments) -> Result<Self, QueryError> {
        let mut snapshots = Vec::new();
        for segment in segments
            .list()
            .iter()
            .filter(|segment| !segment.is_damaged())
        {
            match segment.take() {
                Ok(connection) => snapshots.push(Snapshot::new(Arc::clone(segment), connection)),
                // Retention was faster.
                Err(_) if !segment.path().exists() => {}
                Err(error) => {
                    return Err(QueryError::new(segment, error));
                }
            }
        }
        Ok(Self { snapshots })
    }

    /// Which of the snapshots it is.
    pub(super) fn place(&self, snapshot: &Snapshot) -> usize {
        let mut places = self.snapshots.iter();
        places
            .position(|known| std::ptr::eq(known, snapshot))
            .unwrap_or(0)
    }
}
