//! What the page of a trace shows, worked out from its spans alone.
//!
//! Nothing here knows about pages or readers: spans go in, rows, facts and the answer to "why was it
//! slow, why did it fail" come out. Spans may be missing, repeated in a circle or outside their
//! parents; every one of them still gets its row.

mod facts;
mod path;
mod rows;
mod skeleton;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashSet;

use api::traces::{Span, SpanId, StepKind, Trace};

pub(crate) use facts::{Cause, Facts, Outcome, Share, operation};
pub(crate) use rows::{Bar, Row};
pub(crate) use skeleton::{is_open, skeleton};

use tree::Tree;

/// Whether spans of transport get rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// They are left out, and a delegation's chain becomes one row.
    Hidden,
    /// Every span is a row.
    Shown,
}

/// A trace, ready to be drawn.
#[derive(Debug)]
pub(crate) struct Layout {
    /// In the order of the tree, parents first.
    pub(crate) rows: Vec<Row>,
    /// Earliest start, in nanoseconds since the epoch: offset zero.
    pub(crate) start_ns: u64,
    /// From the earliest start to the latest end.
    pub(crate) length_ns: u64,
    /// Spans of transport without a row.
    pub(crate) n_transport: usize,
    /// Loops of sub-agents drawn as part of their delegation.
    pub(crate) n_folded: usize,
    /// The numbers on top.
    pub(crate) facts: Facts,
    /// How the critical path divides among kinds of steps; sums to the root's duration.
    pub(crate) shares: Vec<Share>,
    /// The one span that explains the run.
    pub(crate) cause: Option<Cause>,
    /// The span to open when the reader has not chosen one.
    pub(crate) default_span: Option<SpanId>,
    /// Row that stands for each span: its own, or that of the nearest ancestor with one.
    row_of_span: Vec<Option<usize>>,
}

impl Layout {
    /// The row that stands for the span at `index` of the trace.
    pub(crate) fn row_of(&self, index: usize) -> Option<usize> {
        self.row_of_span.get(index).copied().flatten()
    }
}

/// Lays out the spans of `trace`.
pub(crate) fn lay_out(trace: &Trace, transport: Transport) -> Layout {
    let tree = Tree::of(&trace.spans);
    let sections = path::critical_path(&tree);
    let self_on_path = path::by_node(&tree, &sections);
    let shown = rows::Shown::decide(&tree, transport);
    let rows = rows::rows(&tree, &shown, &self_on_path);
    let cause = facts::cause(&tree, &self_on_path);
    let error = match &cause {
        Some(Cause::Failure { span, .. }) => Some(*span),
        Some(Cause::Doing { .. } | Cause::Slowest { .. }) | None => facts::first_error(&tree),
    };
    let default_span = error
        .or_else(|| cause.as_ref().map(Cause::span))
        .or_else(|| rows.iter().find_map(|row| row.span_id));
    Layout {
        start_ns: tree.start_ns,
        length_ns: tree.length_ns(),
        n_transport: shown.n_transport(),
        n_folded: shown.n_folded(),
        facts: facts::facts(&tree),
        shares: facts::shares(&tree, &sections),
        row_of_span: rows::standing_for(&tree, &rows),
        default_span,
        cause,
        rows,
    }
}

/// What a span did itself and what hangs below it.
#[derive(Debug)]
pub(crate) struct Place {
    /// Time in which no child was at work.
    pub(crate) self_ns: u64,
    /// The span and all below it.
    pub(crate) subtree: Vec<SpanId>,
}

/// Looks at the span at `index` of the trace.
pub(crate) fn place(spans: &[Span], index: usize) -> Place {
    let tree = Tree::of(spans);
    let mut subtree = Vec::new();
    let mut stack = vec![index];
    while let Some(node) = stack.pop() {
        subtree.extend(tree.span(node).map(|span| span.span_id));
        stack.extend(&tree.children[node]);
    }
    Place {
        self_ns: path::self_ns(&tree, index),
        subtree,
    }
}

/// The loop that each span is part of, as indices; that of an agent's loop is itself.
pub(crate) fn loops(spans: &[Span]) -> Vec<Option<usize>> {
    let tree = Tree::of(spans);
    let mut loops = vec![None; spans.len() + 1];
    for node in &tree.order {
        // Nobody knows what loop a span was in whose parent has not arrived.
        if tree.missing != Some(*node) {
            let above = tree.parent[*node].and_then(|parent| loops[parent]);
            loops[*node] = if tree.is_loop(*node) {
                Some(*node)
            } else {
                above
            };
        }
    }
    loops
}

/// The numbers of what hangs below the span at `index`.
pub(crate) fn facts_below(spans: &[Span], index: usize) -> Facts {
    let below: HashSet<_> = place(spans, index).subtree.drain(1..).collect();
    let is_below = |span: &&Span| below.contains(&span.span_id);
    let spans: Vec<Span> = spans.iter().filter(is_below).cloned().collect();
    facts::facts(&Tree::of(&spans))
}

/// Time of each span in which no child was at work.
pub(crate) fn self_times(spans: &[Span]) -> Vec<u64> {
    let tree = Tree::of(spans);
    (0..spans.len())
        .map(|node| path::self_ns(&tree, node))
        .collect()
}

/// `part` of `whole`, from 0 to 1.
#[expect(
    clippy::cast_precision_loss,
    reason = "a fraction of a bar's width needs no more than 52 bits"
)]
pub(crate) fn fraction(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (part as f64 / whole as f64).clamp(0.0, 1.0)
}

/// The order of kinds in legends and in the bar.
pub(crate) const KINDS: [StepKind; 5] = [
    StepKind::Tool,
    StepKind::Model,
    StepKind::Delegate,
    StepKind::Agent,
    StepKind::Http,
];
