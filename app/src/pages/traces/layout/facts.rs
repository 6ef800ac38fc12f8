//! Numbers about a trace, and the one span that explains it.

use std::iter;

use api::{
    attributes::{key, span as span_name},
    traces::{Span, SpanId, SpanStatus, StepKind, kind},
};

use super::{KINDS, fraction, path::Section, skeleton, tree::Tree};

/// How the run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The root ended well.
    Completed,
    /// The root failed.
    Failed,
    /// Whoever asked went away before the end.
    Cancelled,
    /// It goes on.
    Running,
    /// The root has not arrived.
    Incomplete,
}

/// Tokens of all model calls that report them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Sent to models.
    pub(crate) input: u64,
    /// Written by models.
    pub(crate) output: u64,
}

/// The numbers on top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) outcome: Outcome,
    /// Duration of the root; of everything that has arrived while there is none.
    pub(crate) total_ns: u64,
    pub(crate) steps: usize,
    pub(crate) model_calls: usize,
    pub(crate) tool_calls: usize,
    pub(crate) delegations: usize,
    /// None when no model call reports them.
    pub(crate) tokens: Option<Tokens>,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    /// Spans whose parent has not arrived.
    pub(crate) orphans: usize,
}

/// What one kind of step has of the critical path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// None for time that no span accounts for.
    pub(crate) kind: Option<StepKind>,
    pub(crate) length_ns: u64,
    /// Of the whole path.
    pub(crate) fraction: f64,
}

/// The span that explains the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The root failed, and this is where it began.
    Failure {
        span: SpanId,
        /// `tool web_search in researcher`.
        step: String,
        reason: String,
    },
    /// The run goes on, and this is what it does.
    Doing {
        span: SpanId,
        step: String,
        /// For how long, in nanoseconds.
        since_ns: u64,
    },
    /// The longest piece of work on the critical path.
    Slowest {
        span: SpanId,
        step: String,
        length_ns: u64,
    },
}

impl Cause {
    /// The span it names.
    pub(crate) fn span(&self) -> SpanId {
        match self {
            Self::Failure { span, .. } | Self::Doing { span, .. } | Self::Slowest { span, .. } => {
                *span
            }
        }
    }
}

/// Counts what happened.
pub(super) fn facts(tree: &Tree<'_>) -> Facts {
    let root = tree.root();
    let outcome = match root {
        None => Outcome::Incomplete,
        Some(root) if is_open(tree, root) => Outcome::Running,
        Some(root) if tree.failed(root) => Outcome::Failed,
        Some(root) if cancelled(tree, root) => Outcome::Cancelled,
        Some(_) => Outcome::Completed,
    };
    let of_kind = |kind| {
        let nodes = 0..tree.spans.len();
        nodes.filter(|node| is_call(tree, *node, kind)).count()
    };
    Facts {
        outcome,
        total_ns: root.map_or(tree.length_ns(), |root| tree.end(root) - tree.start(root)),
        steps: count(tree, |span| span.name.starts_with(span_name::STEP_PREFIX)),
        model_calls: of_kind(StepKind::Model),
        tool_calls: of_kind(StepKind::Tool),
        delegations: of_kind(StepKind::Delegate),
        tokens: tokens(tree),
        spans: tree.spans.len(),
        errors: count(tree, |span| span.status.is_error()),
        orphans: tree.missing.map_or(0, |node| tree.children[node].len()),
    }
}

fn is_open(tree: &Tree<'_>, node: usize) -> bool {
    tree.span(node).is_some_and(skeleton::is_open)
}

fn cancelled(tree: &Tree<'_>, node: usize) -> bool {
    let reason = tree
        .span(node)
        .and_then(|span| span.text(key::FINISH_REASON));
    reason == Some("cancelled")
}

fn count(tree: &Tree<'_>, matches: impl Fn(&Span) -> bool) -> usize {
    tree.spans.iter().filter(|span| matches(span)).count()
}

/// Whether a node is a call of its kind. Some programs draw one call as two nested spans.
fn is_call(tree: &Tree<'_>, node: usize, kind: StepKind) -> bool {
    let above = tree.parent[node].map(|parent| tree.owner(parent));
    tree.kind(node) == Some(kind) && above.and_then(|above| tree.kind(above)) != Some(kind)
}

fn tokens(tree: &Tree<'_>) -> Option<Tokens> {
    let reported = |node: usize| tree.span(node).and_then(tokens_of);
    (0..tree.spans.len())
        .filter_map(|node| Some((node, reported(node)?)))
        .filter(|(node, _)| {
            let mut above = tree.upwards(*node).skip(1);
            !above.any(|above| reported(above).is_some())
        })
        .map(|(_, tokens)| tokens)
        .reduce(|sum, more| Tokens {
            input: sum.input + more.input,
            output: sum.output + more.output,
        })
}

/// Tokens that a model call reports of itself.
fn tokens_of(span: &Span) -> Option<Tokens> {
    if span.step_kind() != StepKind::Model {
        return None;
    }
    let number = |key| span.attribute(key).and_then(serde_json::Value::as_u64);
    let input = number(key::INPUT_TOKENS);
    let output = number(key::OUTPUT_TOKENS);
    (input.is_some() || output.is_some()).then(|| Tokens {
        input: input.unwrap_or(0),
        output: output.unwrap_or(0),
    })
}

/// Divides the critical path among the kinds; kinds without a part are left out.
pub(super) fn shares(tree: &Tree<'_>, sections: &[Section]) -> Vec<Share> {
    let total: u64 = sections.iter().map(|section| section.length_ns).sum();
    let kinds = KINDS.into_iter().map(Some).chain(iter::once(None));
    kinds
        .map(|kind| {
            let of_kind = sections
                .iter()
                .filter(|section| tree.kind(tree.owner(section.node)) == kind);
            let length_ns = of_kind.map(|section| section.length_ns).sum();
            Share {
                kind,
                length_ns,
                fraction: fraction(length_ns, total),
            }
        })
        .filter(|share| share.length_ns > 0)
        .collect()
}

/// Where the failure began, or what took longest.
pub(super) fn cause(tree: &Tree<'_>, on_path: &[u64]) -> Option<Cause> {
    let root = *tree.top.first()?;
    if is_open(tree, root) {
        let newest = tree.order.iter().filter(|node| is_open(tree, **node));
        let newest = *newest.max_by_key(|node| tree.start(**node))?;
        let span = tree.span(newest)?;
        return Some(Cause::Doing {
            span: span.span_id,
            step: step(span),
            since_ns: span.duration_ns(),
        });
    }
    if tree.failed(root) {
        let span = tree.span(first_failure(tree, root))?;
        return Some(Cause::Failure {
            span: span.span_id,
            step: step(span),
            reason: reason(&span.status).unwrap_or_default(),
        });
    }
    let slowest = slowest(tree, on_path)?;
    let span = tree.span(slowest)?;
    Some(Cause::Slowest {
        span: span.span_id,
        step: step(span),
        length_ns: on_path[slowest],
    })
}

/// The longest piece of work on the critical path.
pub(super) fn slowest(tree: &Tree<'_>, on_path: &[u64]) -> Option<usize> {
    (0..tree.spans.len())
        .filter(|node| on_path[*node] > 0)
        .max_by_key(|node| on_path[*node])
}

/// The first span that failed by itself, not because of one below it.
pub(super) fn first_error(tree: &Tree<'_>) -> Option<SpanId> {
    let by_itself = |node: &usize| {
        tree.failed(*node) && !tree.children[*node].iter().any(|child| tree.failed(*child))
    };
    let node = tree.order.iter().copied().find(by_itself)?;
    Some(tree.span(node)?.span_id)
}

/// Follows the failure down to the last failed child that has no failed child itself: an earlier
/// failure was survived, the last one was not.
fn first_failure(tree: &Tree<'_>, root: usize) -> usize {
    let below = |node: &usize| {
        let mut latest_first = tree.children[*node].iter().rev().copied();
        latest_first.find(|child| tree.failed(*child))
    };
    iter::successors(Some(root), below).last().unwrap_or(root)
}

/// `tool web_search in researcher`.
fn step(span: &Span) -> String {
    let kind = match span.step_kind() {
        StepKind::Agent => "",
        StepKind::Model => "model ",
        StepKind::Tool => "tool ",
        StepKind::Delegate => "delegation ",
        StepKind::Http => "transport ",
    };
    format!("{kind}{} in {}", kind::title(span), span.service)
}

/// Why a span failed, if it did.
pub(super) fn reason(status: &SpanStatus) -> Option<String> {
    match status {
        SpanStatus::Unset | SpanStatus::Ok => None,
        SpanStatus::Error(reason) => Some(reason.clone()),
    }
}

/// What a root span does, in one word where we know one.
pub(crate) fn operation(name: &str) -> &str {
    if name == span_name::SERVER || name == span_name::LOOP {
        "chat"
    } else {
        name
    }
}
