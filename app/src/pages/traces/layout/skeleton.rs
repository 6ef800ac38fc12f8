//! The whole trace in the form that the browser's tree is made of.

use std::collections::HashMap;

use api::{
    attributes::key,
    traces::{LogRecord, Span, SpanId, StepKind, Trace, kind},
};

use super::{
    Transport, facts, path,
    rows::{MISSING_PARENT, Shown},
    tree::Tree,
};
use crate::{
    untrusted,
    waterfall::{Flags, Head, Label, NONE, Node, Skeleton},
};

/// Times are taken by different clocks, and told to the millisecond by some.
const TOLERANCE_NS: u64 = 2_000_000;

/// What spans with the same words have in common: name, service, kind and title.
type Words<'a> = (Option<&'a str>, Option<&'a str>, Option<StepKind>, String);

/// Words of spans, each once.
struct Labels<'a> {
    colors: HashMap<&'a str, u8>,
    known: HashMap<Words<'a>, u32>,
    all: Vec<Label>,
}

impl<'a> Labels<'a> {
    fn new(tree: &Tree<'a>) -> Self {
        let mut begun: Vec<(u64, &str)> = Vec::new();
        let mut first: HashMap<&str, u64> = HashMap::new();
        for span in tree.spans {
            let start = first.entry(&span.service).or_insert(span.start_ns);
            *start = (*start).min(span.start_ns);
        }
        begun.extend(first.into_iter().map(|(service, start)| (start, service)));
        begun.sort_unstable();
        let colors = begun.into_iter().enumerate();
        Self {
            colors: colors
                .map(|(number, (_, service))| (service, u8::try_from(number).unwrap_or(u8::MAX)))
                .collect(),
            known: HashMap::new(),
            all: Vec::new(),
        }
    }

    fn of(&mut self, span: Option<&'a Span>, kind: Option<StepKind>) -> u32 {
        let title = span.map_or_else(|| MISSING_PARENT.to_owned(), kind::title);
        let service = span.map(|span| span.service.as_str());
        let name = span.map(|span| span.name.as_str());
        let key = (name, service, kind, title);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(NONE);
        self.all.push(Label {
            title: untrusted::visible(&key.3).into_owned(),
            service: untrusted::visible(service.unwrap_or_default()).into_owned(),
            color: service
                .and_then(|service| self.colors.get(service).copied())
                .unwrap_or(0),
            kind,
        });
        self.known.insert(key, number);
        number
    }
}

/// All spans of `trace`, parents before children, with what a row says of each.
pub(crate) fn skeleton(trace: &Trace, is_running: bool, logs: &[LogRecord]) -> Skeleton {
    let tree = Tree::of(&trace.spans);
    let on_path = path::by_node(&tree, &path::critical_path(&tree));
    let shown = Shown::decide(&tree, Transport::Hidden);
    let mut place_of = vec![NONE; tree.spans.len() + 1];
    for (place, node) in tree.order.iter().enumerate() {
        place_of[*node] = u32::try_from(place).unwrap_or(NONE);
    }
    let mut labels = Labels::new(&tree);
    let head = Head::of_length(tree.length_ns());
    let nodes = tree.order.iter().map(|node| {
        let span = tree.span(*node);
        Node {
            span: span.map(|span| span.span_id.0).unwrap_or_default(),
            parent: tree.parent[*node].map_or(NONE, |parent| place_of[parent]),
            label: labels.of(span, tree.kind(*node)),
            flags: shown
                .flags(*node)
                .and(Flags::ERROR, tree.failed(*node))
                .and(Flags::CRITICAL, on_path[*node] > 0)
                .and(Flags::OPEN, span.is_some_and(is_open))
                .and(Flags::SKEWED, is_skewed(&tree, *node)),
            start: head.units(tree.start(*node) - tree.start_ns),
            length: head.units(tree.end(*node) - tree.start(*node)),
        }
    });
    let nodes = nodes.collect();
    let ticks = ticks(&tree, &place_of, logs, &head);
    let slowest = facts::slowest(&tree, &on_path).map(|node| place_of[node]);
    Skeleton {
        head: Head {
            slowest,
            is_running,
            labels: labels.all,
            ticks,
            ..head
        },
        nodes,
    }
}

/// When something was logged, by the place of its span.
fn ticks(tree: &Tree<'_>, place_of: &[u32], logs: &[LogRecord], head: &Head) -> Vec<(u32, u32)> {
    if logs.is_empty() {
        return Vec::new();
    }
    let by_id: HashMap<SpanId, u32> = tree
        .spans
        .iter()
        .zip(place_of)
        .map(|(span, place)| (span.span_id, *place))
        .collect();
    let tick = |log: &LogRecord| {
        let place = by_id.get(&log.span_id?)?;
        Some((*place, head.units(log.time_ns.checked_sub(tree.start_ns)?)))
    };
    let mut ticks: Vec<_> = logs.iter().filter_map(tick).collect();
    ticks.sort_unstable();
    ticks
}

/// Whether a span has not ended: it is drawn from what its run told when it began.
pub(crate) fn is_open(span: &Span) -> bool {
    span.attribute(key::IS_RUNNING).is_some()
}

/// Whether a node begins before its parent or after its parent's end, so that one of two clocks is
/// wrong. What outlives its parent may well do so.
pub(super) fn is_skewed(tree: &Tree<'_>, node: usize) -> bool {
    let Some(parent) = tree.parent[node].filter(|parent| tree.span(*parent).is_some()) else {
        return false;
    };
    if tree.span(node).is_none() {
        return false;
    }
    let start = tree.start(node);
    start + TOLERANCE_NS < tree.start(parent) || start > tree.end(parent) + TOLERANCE_NS
}
