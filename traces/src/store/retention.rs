//! What is forgotten, so that the disk is never full of telemetry.
//!
//! Age counts from when we received something, by our own clock: what senders say about time is not to be
//! trusted with deleting. What is forgotten is always a whole segment, which costs nothing.

use std::sync::Arc;
use std::time::Duration;

use super::segment::{Segment, SegmentError};
use super::segments::{self, Segments};
use super::varint::Damaged;

/// How much the store holds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What was received longer ago is deleted, at most a seventh of this later.
    pub max_age: Duration,
    /// The oldest is deleted while the files are larger than this.
    pub max_bytes: u64,
    /// Bytes of requests that may wait for the writer.
    pub max_queued_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_age: Duration::from_hours(7 * 24),
            max_bytes: 2 << 30,
            max_queued_bytes: 64 << 20,
        }
    }
}

/// Segments that the age and the size are divided into.
const SEGMENTS_PER_AGE: u32 = 7;
const SEGMENTS_PER_SIZE: u64 = 8;

impl Limits {
    /// When nothing more is written to a segment that was begun at `created_ns`.
    pub(super) fn segment_end_ns(&self, created_ns: i64) -> i64 {
        created_ns.saturating_add(nanoseconds(self.max_age / SEGMENTS_PER_AGE))
    }

    pub(super) fn max_segment_bytes(&self) -> u64 {
        self.max_bytes / SEGMENTS_PER_SIZE
    }
}

/// Deletes what is too old, then what is too much, but never the segment that is being written; and sets
/// aside what readers found damaged.
pub(super) fn sweep(
    segments: &Segments,
    active: Option<&Arc<Segment>>,
    limits: &Limits,
    now_ns: i64,
) {
    let is_active =
        |segment: &Arc<Segment>| active.is_some_and(|active| Arc::ptr_eq(active, segment));
    let too_old_ns = now_ns.saturating_sub(nanoseconds(limits.max_age));
    for segment in segments.list().iter().filter(|segment| !is_active(segment)) {
        if segment.is_damaged() {
            segments.put_aside(segment, &SegmentError::Damaged(Damaged));
        } else if limits.segment_end_ns(segment.created_ns) <= too_old_ns {
            segments.delete(segment);
        }
    }
    let kept = segments.list();
    let mut n_bytes: u64 = kept.iter().map(|segment| segments::size(segment)).sum();
    for segment in kept.iter().filter(|segment| !is_active(segment)) {
        if n_bytes <= limits.max_bytes {
            break;
        }
        n_bytes = n_bytes.saturating_sub(segments::size(segment));
        segments.delete(segment);
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
