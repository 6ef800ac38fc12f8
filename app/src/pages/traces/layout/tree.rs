//! The spans of a trace as a tree in which every span has a place.
//!
//! Spans whose parent has not arrived hang under one node of their own, `missing`, which hangs under
//! the root; without a root it is the root. A circle of parents is cut at one of its spans.

use std::collections::HashMap;

use api::{
    attributes::span as span_name,
    traces::{Span, SpanId, StepKind},
};

/// Nodes are indices into `spans`; one more node stands for the missing parent.
pub(super) struct Tree<'a> {
    pub(super) spans: &'a [Span],
    /// Nodes below each node, by start.
    pub(super) children: Vec<Vec<usize>>,
    /// The node above each node.
    pub(super) parent: Vec<Option<usize>>,
    /// Nodes without one; the first is the root.
    pub(super) top: Vec<usize>,
    /// The node that stands for parents that have not arrived.
    pub(super) missing: Option<usize>,
    /// Every node, parents before children.
    pub(super) order: Vec<usize>,
    /// Spans below each node.
    pub(super) descendants: Vec<usize>,
    /// Kind of each span.
    kinds: Vec<StepKind>,
    /// Earliest start of all spans.
    pub(super) start_ns: u64,
    /// Latest end of all spans.
    pub(super) end_ns: u64,
}

impl<'a> Tree<'a> {
    /// Gives every span its place.
    pub(super) fn of(spans: &'a [Span]) -> Self {
        let parent = cut_circles(link(spans));
        let mut tree = Self {
            spans,
            children: vec![Vec::new(); spans.len() + 1],
            parent: vec![None; spans.len() + 1],
            top: Vec::new(),
            missing: None,
            order: Vec::with_capacity(spans.len() + 1),
            descendants: vec![0; spans.len() + 1],
            kinds: spans.iter().map(Span::step_kind).collect(),
            start_ns: spans.iter().map(|span| span.start_ns).min().unwrap_or(0),
            end_ns: spans.iter().map(end_of).max().unwrap_or(0),
        };
        tree.place(&parent);
        tree.count();
        tree
    }

    fn place(&mut self, links: &[Link]) {
        let missing = self.spans.len();
        for (node, link) in links.iter().enumerate() {
            match link {
                Link::Root => self.top.push(node),
                Link::Child(parent) => self.attach(node, *parent),
                Link::Orphan => self.attach(node, missing),
            }
        }
        for siblings in &mut self.children {
            siblings.sort_by_key(|node| self.spans[*node].start_ns);
        }
        self.top.sort_by_key(|node| self.spans[*node].start_ns);
        if self.children[missing].is_empty() {
            return;
        }
        self.missing = Some(missing);
        let Some(root) = self.top.first().copied() else {
            self.top.push(missing);
            return;
        };
        let start = self.start(missing);
        let place = self.children[root].partition_point(|node| self.start(*node) <= start);
        self.children[root].insert(place, missing);
        self.parent[missing] = Some(root);
    }

    fn attach(&mut self, node: usize, parent: usize) {
        self.children[parent].push(node);
        self.parent[node] = Some(parent);
    }

    fn count(&mut self) {
        let mut stack: Vec<usize> = self.top.iter().rev().copied().collect();
        while let Some(node) = stack.pop() {
            self.order.push(node);
            stack.extend(self.children[node].iter().rev());
        }
        for node in self.order.iter().rev() {
            if let Some(parent) = self.parent[*node] {
                let own = usize::from(*node < self.spans.len());
                self.descendants[parent] += self.descendants[*node] + own;
            }
        }
    }

    /// The first span without a parent, if it has arrived.
    pub(super) fn root(&self) -> Option<usize> {
        self.top
            .first()
            .copied()
            .filter(|node| Some(*node) != self.missing)
    }

    /// The span of a node; none for the missing parent.
    pub(super) fn span(&self, node: usize) -> Option<&'a Span> {
        self.spans.get(node)
    }

    /// What sort of step a node is; unknown for the missing parent.
    pub(super) fn kind(&self, node: usize) -> Option<StepKind> {
        self.kinds.get(node).copied()
    }

    /// Whether the span of a node failed.
    pub(super) fn failed(&self, node: usize) -> bool {
        self.span(node).is_some_and(|span| span.status.is_error())
    }

    /// Whether a node is the loop of an agent.
    pub(super) fn is_loop(&self, node: usize) -> bool {
        self.span(node)
            .is_some_and(|span| span.name == span_name::LOOP)
    }

    /// When a node starts.
    pub(super) fn start(&self, node: usize) -> u64 {
        match self.span(node) {
            Some(span) => span.start_ns,
            None => self.of_orphans(|span| span.start_ns).min().unwrap_or(0),
        }
    }

    /// When a node ends, not before it starts.
    pub(super) fn end(&self, node: usize) -> u64 {
        match self.span(node) {
            Some(span) => end_of(span),
            None => self.of_orphans(end_of).max().unwrap_or(0),
        }
    }

    fn of_orphans(&self, time: impl Fn(&Span) -> u64) -> impl Iterator<Item = u64> {
        self.children[self.spans.len()]
            .iter()
            .map(move |node| time(&self.spans[*node]))
    }

    /// From the earliest start to the latest end.
    pub(super) fn length_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// The nearest node that is no transport, from `node` upwards; `node` when there is none.
    pub(super) fn owner(&self, node: usize) -> usize {
        self.upwards(node)
            .find(|above| self.kind(*above) != Some(StepKind::Http))
            .unwrap_or(node)
    }

    /// `node`, its parent, and so on to the top.
    pub(super) fn upwards(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(node), |node| self.parent[*node])
    }
}

/// When a span ends, not before it starts.
fn end_of(span: &Span) -> u64 {
    span.end_ns.max(span.start_ns)
}

/// What a span says about the span above it.
#[derive(Clone, Copy)]
enum Link {
    Root,
    Child(usize),
    Orphan,
}

fn link(spans: &[Span]) -> Vec<Link> {
    let by_id: HashMap<SpanId, usize> = spans
        .iter()
        .enumerate()
        .map(|(node, span)| (span.span_id, node))
        .collect();
    spans
        .iter()
        .map(|span| match span.parent_id {
            None => Link::Root,
            Some(id) => by_id
                .get(&id)
                .map_or(Link::Orphan, |node| Link::Child(*node)),
        })
        .collect()
}

/// Makes an orphan of one span in every circle, so that each span can be reached from the top.
fn cut_circles(mut links: Vec<Link>) -> Vec<Link> {
    // The walk that first came by; a walk that meets itself has gone in a circle.
    let mut seen_by: Vec<Option<usize>> = vec![None; links.len()];
    for walk in 0..links.len() {
        let mut node = walk;
        while seen_by[node].is_none() {
            seen_by[node] = Some(walk);
            let Link::Child(parent) = links[node] else {
                break;
            };
            if seen_by[parent] == Some(walk) {
                links[parent] = Link::Orphan;
            }
            node = parent;
        }
    }
    links
}
