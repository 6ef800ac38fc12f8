//! The critical path against two others: a slow, plain one, and Jaeger's.
//!
//! The plain one knows nothing of walking back with a cursor: it asks for every instant of the run who
//! was at work.

use std::collections::{BTreeMap, BTreeSet};

use api::traces::{Span, SpanId, SpanKind, SpanStatus, Trace, TraceId};

use super::{Tree, by_node, critical_path};
use crate::pages::traces::layout::{Transport, lay_out};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

fn id(number: u64) -> SpanId {
    SpanId((number + 1).to_be_bytes())
}

fn span(number: u64, parent: Option<u64>, name: &str, (start_ns, end_ns): (u64, u64)) -> Span {
    Span {
        trace_id: TraceId([1; 16]),
        span_id: id(number),
        parent_id: parent.map(id),
        service: "a".to_owned(),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start_ns,
        end_ns,
        status: SpanStatus::Ok,
        attributes: Vec::new(),
        events: Vec::new(),
        resource: Vec::new(),
    }
}

const NAMES: [&str; 6] = [
    "agent.agentic_loop",
    "agent.step.1",
    "model.inference",
    "tool.search",
    "delegate.researcher",
    "POST",
];

/// Up to forty spans with everything that goes wrong with clocks and exporters.
fn crooked(dice: &mut Dice) -> Trace {
    let n_spans = 1 + dice.below(40);
    let mut spans: Vec<Span> = Vec::new();
    for number in 0..n_spans {
        let above = (number > 0).then(|| dice.below(number));
        let (start, end) = match above.and_then(|above| spans.get(usize::try_from(above).ok()?)) {
            None => (1_000, 1_000 + dice.below(1_000)),
            Some(above) => {
                let length = above.end_ns.saturating_sub(above.start_ns).max(1);
                let start = above.start_ns + dice.below(length);
                (start, start + dice.below(length))
            }
        };
        // A clock that goes wrong by up to half the run, in either direction.
        let skew = if dice.once_in(6) { dice.below(500) } else { 0 };
        let (start, end) = if dice.once_in(2) {
            (start + skew, end + skew)
        } else {
            (start.saturating_sub(skew), end.saturating_sub(skew))
        };
        let end = match dice.below(12) {
            0 => start,
            // Sent while it was running, as some programs do.
            1 => 0,
            _ => end,
        };
        let parent = if dice.once_in(10) {
            Some(1_000 + number)
        } else {
            above
        };
        let name = NAMES[usize::try_from(dice.below(6)).unwrap()];
        spans.push(span(number, parent, name, (start, end)));
    }
    sorted(spans)
}

fn sorted(mut spans: Vec<Span>) -> Trace {
    spans.sort_by_key(|span| (span.start_ns, span.span_id));
    Trace {
        id: TraceId([1; 16]),
        spans,
    }
}

/// Who of `node` and those below it was at work at `instant`, which lies in its `window`.
fn at_work(tree: &Tree<'_>, node: usize, window: (u64, u64), instant: u64) -> usize {
    let mut end = window.1;
    loop {
        // Of the children that had finished by `end`, the one that finished last.
        let mut last: Option<(u64, u64, usize)> = None;
        for child in &tree.children[node] {
            let clipped = (
                tree.end(*child).min(window.1),
                tree.start(*child).max(window.0),
                *child,
            );
            if clipped.1 < clipped.0 && clipped.0 <= end {
                last = last.max(Some(clipped));
            }
        }
        match last {
            None => return node,
            Some((finished, ..)) if instant >= finished => return node,
            Some((finished, begun, child)) if instant >= begun => {
                return at_work(tree, child, (begun, finished), instant);
            }
            Some((_, begun, _)) => end = begun,
        }
    }
}

/// Time of each node on the critical path, instant by instant.
fn plain(tree: &Tree<'_>) -> BTreeMap<usize, u64> {
    let mut of_node = BTreeMap::new();
    let Some(root) = tree.top.first().copied() else {
        return of_node;
    };
    let window = (tree.start(root), tree.end(root));
    for instant in window.0..window.1 {
        *of_node
            .entry(at_work(tree, root, window, instant))
            .or_default() += 1;
    }
    of_node
}

#[test]
fn it_agrees_with_a_plain_one_on_a_thousand_crooked_traces() {
    for seed in 0..1_000 {
        let trace = crooked(&mut Dice(seed));
        let tree = Tree::of(&trace.spans);
        let mut ours = BTreeMap::new();
        for section in critical_path(&tree) {
            *ours.entry(section.node).or_default() += section.length_ns;
        }
        assert_eq!(ours, plain(&tree), "trace of seed {seed}: {trace:#?}");
    }
}

#[test]
fn its_parts_add_up_to_the_run_in_a_thousand_crooked_traces() {
    for seed in 0..1_000 {
        let trace = crooked(&mut Dice(seed));
        let tree = Tree::of(&trace.spans);
        let root = tree.top[0];
        let root_ns = tree.end(root) - tree.start(root);
        let sections = critical_path(&tree);
        let sum: u64 = sections.iter().map(|section| section.length_ns).sum();
        assert_eq!(sum, root_ns, "sections of seed {seed}");
        assert_eq!(
            by_node(&tree, &sections).iter().sum::<u64>(),
            root_ns,
            "nodes of seed {seed}"
        );
        let layout = lay_out(&trace, Transport::Hidden);
        let shares: f64 = layout.shares.iter().map(|share| share.fraction).sum();
        let is_whole = (shares - 1.0).abs() < 0.001;
        assert!(is_whole || root_ns == 0, "{shares} in seed {seed}");
        let all = lay_out(&trace, Transport::Shown);
        let on_rows: u64 = all.rows.iter().map(|row| row.on_path_ns).sum();
        assert_eq!(on_rows, root_ns, "rows of seed {seed}");
    }
}

/// A trace of one clock: children lie inside their parents, and no two times are the same.
fn straight(dice: &mut Dice) -> Trace {
    let mut spans = vec![span(0, None, NAMES[0], (0, 1 << 40))];
    let mut taken = BTreeSet::from([0, 1 << 40]);
    for number in 1..=dice.below(40) {
        let parent = dice.below(number);
        let window = spans[usize::try_from(parent).unwrap()].clone();
        let mut instant = || {
            let length = window.end_ns - window.start_ns;
            loop {
                let at = window.start_ns + dice.below(length);
                if taken.insert(at) {
                    return at;
                }
            }
        };
        let (one, other) = (instant(), instant());
        let name = NAMES[usize::try_from(number % 6).unwrap()];
        spans.push(span(
            number,
            Some(parent),
            name,
            (one.min(other), one.max(other)),
        ));
    }
    sorted(spans)
}

/// The spans that Jaeger marks, by its documented steps: go to the child that finished last; without
/// one, go back to the parent, and on to its child that finished last before this one began.
fn jaegers(tree: &Tree<'_>) -> BTreeSet<SpanId> {
    let mut marked = BTreeSet::new();
    let mut at = Some((tree.top[0], None));
    while let Some((node, before)) = at {
        let finished = |child: &&usize| before.is_none_or(|before| tree.end(**child) < before);
        let children = tree.children[node].iter().filter(finished);
        let last = children.max_by_key(|child| tree.end(**child)).copied();
        let from = last.map_or(tree.start(node), |last| tree.end(last));
        if from != before.unwrap_or(tree.end(node)) {
            marked.insert(tree.spans[node].span_id);
        }
        at = match last {
            Some(last) => Some((last, None)),
            None => tree.parent[node].map(|parent| (parent, Some(tree.start(node)))),
        };
    }
    marked
}

#[test]
fn it_names_the_spans_that_jaeger_names_on_a_thousand_straight_traces() {
    for seed in 0..1_000 {
        let trace = straight(&mut Dice(seed));
        let tree = Tree::of(&trace.spans);
        let sections = critical_path(&tree);
        let ours: BTreeSet<_> = sections
            .iter()
            .map(|section| trace.spans[section.node].span_id)
            .collect();
        assert_eq!(ours, jaegers(&tree), "trace of seed {seed}");
    }
}
