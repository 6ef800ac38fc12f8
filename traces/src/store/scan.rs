//! Looking at every span of a window, for sums that no index holds.
//!
//! Only the columns are read. What arrived last comes first, so that of a span which was sent twice the
//! later form is seen, see [`Once`].

use std::collections::HashSet;

use api::telemetry::Window;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::extract::Extract;
use super::index::{Part, Stream};
use super::snapshot::Snapshot;
use super::span_block::{Columns, SpanColumns};
use super::view::{QueryError, View};

/// How far outside of a window other spans of its traces are looked for.
pub(super) const SLACK_NS: u64 = 3_600 * 1_000_000_000;

/// Looks at each block that has spans which start in the window, with other spans beside them.
pub(super) fn each_block(
    view: &View,
    window: Window,
    mut look: impl FnMut(&Snapshot, &Columns) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    for snapshot in view.snapshots.iter().rev() {
        for part in parts(snapshot, window)? {
            snapshot.each_span_block(&part, window, |columns| look(snapshot, columns))?;
        }
    }
    Ok(())
}

/// Looks at each span that starts in the window.
pub(super) fn each_span(
    view: &View,
    window: Window,
    mut look: impl FnMut(&Snapshot, &Columns, &SpanColumns) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    each_block(view, window, |snapshot, columns| {
        within(columns, window).try_for_each(|span| look(snapshot, columns, span))
    })
}

/// As [`each_block`], but only with the spans of an extract, which are much fewer.
pub(super) fn each_extract(
    extract: Extract,
    view: &View,
    window: Window,
    mut look: impl FnMut(&Snapshot, &Columns) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    for snapshot in view.snapshots.iter().rev() {
        for part in parts(snapshot, window)? {
            snapshot.each_extract(extract, &part, window, |columns| look(snapshot, columns))?;
        }
    }
    Ok(())
}

/// Those of a block's spans that start in the window, the last one first.
pub(super) fn within(columns: &Columns, window: Window) -> impl Iterator<Item = &SpanColumns> {
    let spans = columns.spans.iter().rev();
    spans.filter(move |span| window.contains(span.started_ns()))
}

/// The parts that have spans which start in the window, the last one first.
pub(super) fn parts(snapshot: &Snapshot, window: Window) -> Result<Vec<Part>, QueryError> {
    let mut parts = snapshot.parts(Stream::Spans)?;
    parts.retain(|part| part.time_ns.1 >= window.from_ns && part.time_ns.0 < window.to_ns);
    parts.reverse();
    Ok(parts)
}

/// The window with what may belong to its traces.
pub(super) fn widened(window: Window) -> Window {
    Window {
        from_ns: window.from_ns.saturating_sub(SLACK_NS),
        to_ns: window.to_ns.saturating_add(SLACK_NS),
    }
}

/// Tells spans that were seen before, by a hash of their ids.
#[derive(Default)]
pub(super) struct Once(HashSet<u64>);

impl Once {
    /// Whether the span is seen for the first time.
    pub(super) fn is_first(&mut self, span: &SpanColumns) -> bool {
        let seed = u64::from_le_bytes(span.span_id.0);
        self.0.insert(xxh3_64_with_seed(&span.trace_id.0, seed))
    }
}
