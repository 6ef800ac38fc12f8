//! Rows of the tree, and which spans get one.

use api::traces::{SpanId, StepKind, kind};

use super::{Transport, fraction, skeleton, tree::Tree};
use crate::waterfall::Flags;

/// Stands for parents that have not arrived.
pub(super) const MISSING_PARENT: &str = "missing parent";

/// How a row's bar is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    /// Hollow: its time is that of the rows below it.
    Wrapper,
    /// Solid: it did the work itself.
    Leaf,
}

/// One line of the tree.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Index into the trace's spans; none for the missing parent.
    pub(crate) span: Option<usize>,
    /// Its id.
    pub(crate) span_id: Option<SpanId>,
    /// Rows above it in the tree.
    pub(crate) depth: usize,
    /// The words a person reads instead of the span's name.
    pub(crate) title: String,
    /// What sort of step it is; unknown for the missing parent.
    pub(crate) kind: Option<StepKind>,
    /// Who sent it.
    pub(crate) service: String,
    /// How its bar is drawn.
    pub(crate) bar: Bar,
    /// From the trace's start to its own.
    pub(crate) offset_ns: u64,
    /// How long it took.
    pub(crate) duration_ns: u64,
    /// Offset as a fraction of the trace's length.
    pub(crate) offset: f64,
    /// Duration as a fraction of the trace's length.
    pub(crate) width: f64,
    /// Whether it has not ended.
    pub(crate) is_open: bool,
    /// Whether it lies outside its parent.
    pub(crate) is_skewed: bool,
    /// Why it failed, if it did; may be empty.
    pub(crate) error: Option<String>,
    /// Spans below it.
    pub(crate) n_below: usize,
    /// Its own time on the critical path.
    pub(crate) on_path_ns: u64,
}

/// What becomes of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Row,
    /// Transport: its children take its place.
    Transport,
    /// A sub-agent's loop: drawn as part of the delegation above it.
    Folded,
}

/// Which spans get a row.
pub(super) struct Shown(Vec<Fate>);

impl Shown {
    /// Leaves out transport, as long as something else is left to show.
    pub(super) fn decide(tree: &Tree<'_>, transport: Transport) -> Self {
        let mut shown = Self(vec![Fate::Row; tree.spans.len() + 1]);
        let only_transport =
            (0..tree.spans.len()).all(|node| tree.kind(node) == Some(StepKind::Http));
        match transport {
            Transport::Shown => {}
            Transport::Hidden if only_transport => {}
            Transport::Hidden => {
                shown.leave_out_transport(tree);
                shown.fold_delegations(tree);
            }
        }
        shown
    }

    fn leave_out_transport(&mut self, tree: &Tree<'_>) {
        let mut failed_below = vec![false; tree.spans.len() + 1];
        for node in tree.order.iter().rev().copied() {
            // A failure that nothing else shows must not be hidden.
            let only_sign_of_failure = tree.failed(node) && !failed_below[node];
            if tree.kind(node) == Some(StepKind::Http) && !only_sign_of_failure {
                self.0[node] = Fate::Transport;
            }
            if let Some(parent) = tree.parent[node] {
                failed_below[parent] |= failed_below[node] || tree.failed(node);
            }
        }
    }

    fn fold_delegations(&mut self, tree: &Tree<'_>) {
        for node in 0..tree.spans.len() {
            if tree.kind(node) != Some(StepKind::Delegate) {
                continue;
            }
            if let [only] = self.children(tree, node)[..]
                && tree.is_loop(only)
            {
                self.0[only] = Fate::Folded;
            }
        }
    }

    /// The rows right below a node: children without a row are replaced by their own.
    fn children(&self, tree: &Tree<'_>, node: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut stack: Vec<usize> = tree.children[node].iter().rev().copied().collect();
        while let Some(child) = stack.pop() {
            match self.0[child] {
                Fate::Row => found.push(child),
                Fate::Transport | Fate::Folded => {
                    stack.extend(tree.children[child].iter().rev());
                }
            }
        }
        found
    }

    /// Why a node has no row.
    pub(super) fn flags(&self, node: usize) -> Flags {
        Flags::default()
            .and(Flags::TRANSPORT, self.0[node] == Fate::Transport)
            .and(Flags::FOLDED, self.0[node] == Fate::Folded)
    }

    pub(super) fn n_transport(&self) -> usize {
        self.count(Fate::Transport)
    }

    pub(super) fn n_folded(&self) -> usize {
        self.count(Fate::Folded)
    }

    fn count(&self, fate: Fate) -> usize {
        self.0.iter().filter(|of| **of == fate).count()
    }
}

/// The rows, in the order of the tree.
pub(super) fn rows(tree: &Tree<'_>, shown: &Shown, on_path: &[u64]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for node in tree.top.iter().rev() {
        match shown.0[*node] {
            Fate::Row => stack.push((*node, 0)),
            Fate::Transport | Fate::Folded => {
                let below = shown.children(tree, *node);
                stack.extend(below.into_iter().rev().map(|child| (child, 0)));
            }
        }
    }
    while let Some((node, depth)) = stack.pop() {
        let children = shown.children(tree, node);
        let bar = if children.is_empty() {
            Bar::Leaf
        } else {
            Bar::Wrapper
        };
        rows.push(Row {
            depth,
            bar,
            on_path_ns: on_path[node],
            ..row(tree, node)
        });
        stack.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
    }
    rows
}

fn row(tree: &Tree<'_>, node: usize) -> Row {
    let span = tree.span(node);
    let offset_ns = tree.start(node) - tree.start_ns;
    let duration_ns = tree.end(node) - tree.start(node);
    let length_ns = tree.length_ns();
    Row {
        span: span.map(|_| node),
        span_id: span.map(|span| span.span_id),
        depth: 0,
        title: span.map_or_else(|| MISSING_PARENT.to_owned(), kind::title),
        kind: tree.kind(node),
        service: span.map(|span| span.service.clone()).unwrap_or_default(),
        bar: Bar::Leaf,
        offset_ns,
        duration_ns,
        offset: fraction(offset_ns, length_ns),
        width: fraction(duration_ns, length_ns),
        is_open: span.is_some_and(skeleton::is_open),
        is_skewed: skeleton::is_skewed(tree, node),
        error: span.and_then(|span| super::facts::reason(&span.status)),
        n_below: tree.descendants[node],
        on_path_ns: 0,
    }
}

/// The row of each span, or of the nearest span above it that has one.
pub(super) fn standing_for(tree: &Tree<'_>, rows: &[Row]) -> Vec<Option<usize>> {
    let mut own = vec![None; tree.spans.len() + 1];
    for (place, row) in rows.iter().enumerate() {
        own[row.span.unwrap_or(tree.spans.len())] = Some(place);
    }
    for node in &tree.order {
        own[*node] = own[*node].or_else(|| own[tree.parent[*node]?]);
    }
    own
}
