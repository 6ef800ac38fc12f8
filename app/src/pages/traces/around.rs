//! What stands around a span and helps to judge it: the call before it, how long its like usually take,
//! and what is known about failures of its kind.

use api::{
    attributes::span as name,
    resources::Agent,
    telemetry::Durations,
    traces::{Span, StepKind, Trace},
};

use super::{
    hints::{Failure, Hint, Peer, hints},
    layout::{self, Facts},
    usual::usual,
};
use crate::site::{Ports, kubernetes};

/// Everything around one span.
#[derive(Default)]
pub(super) struct Around {
    pub(super) namespace: Option<String>,
    pub(super) hints: Vec<Hint>,
    /// The call of a model before this one, by the same agent in the same run.
    pub(super) previous: Option<Span>,
    /// How long calls of the same tool usually take.
    pub(super) usual: Option<Durations>,
    /// What the agent did that was asked.
    pub(super) below: Option<Facts>,
}

/// Gathers what stands around the span at `index`. What cannot be read is left out.
pub(super) async fn around(
    ports: &Ports,
    trace: &Trace,
    index: usize,
    namespace: Option<String>,
) -> Around {
    let span = &trace.spans[index];
    let kind = span.step_kind();
    let hints = match &namespace {
        Some(namespace) if span.status.is_error() => hints(&Failure {
            span,
            spans: &trace.spans,
            namespace,
            agents: &peers(ports, namespace).await,
        }),
        Some(_) | None => Vec::new(),
    };
    Around {
        hints,
        previous: (kind == StepKind::Model)
            .then(|| previous(&trace.spans, index).cloned())
            .flatten(),
        usual: match kind {
            StepKind::Tool => usual(ports, span, trace_start_ns(trace)).await,
            StepKind::Agent | StepKind::Model | StepKind::Delegate | StepKind::Http => None,
        },
        below: (kind == StepKind::Delegate).then(|| layout::facts_below(&trace.spans, index)),
        namespace,
    }
}

/// When the run began.
fn trace_start_ns(trace: &Trace) -> u64 {
    trace.spans.first().map_or(0, |span| span.start_ns)
}

/// The agents of a namespace and whom they may ask.
async fn peers(ports: &Ports, namespace: &str) -> Vec<Peer> {
    let agents = kubernetes::list::<Agent>(&ports.kube, namespace).await;
    let peer = |agent: Agent| {
        Some(Peer {
            name: agent.metadata.name?,
            access: agent.spec.access().to_vec(),
        })
    };
    agents
        .unwrap_or_default()
        .into_iter()
        .filter_map(peer)
        .collect()
}

/// The model call that ended last before this one began, in the same loop.
fn previous(spans: &[Span], index: usize) -> Option<&Span> {
    let own = loop_of(spans, index);
    let begun = spans[index].start_ns;
    let before = (0..spans.len()).filter(|other| {
        let span = &spans[*other];
        *other != index
            && span.name == name::MODEL
            && span.start_ns < begun
            && loop_of(spans, *other) == own
    });
    let last = before.max_by_key(|other| spans[*other].start_ns)?;
    spans.get(last)
}

/// The loop that a span is part of.
pub(super) fn loop_of(spans: &[Span], index: usize) -> Option<usize> {
    let mut at = index;
    // A circle of parents ends the search.
    for _ in 0..spans.len() {
        if spans[at].name == name::LOOP {
            return Some(at);
        }
        let parent = spans[at].parent_id?;
        at = spans.iter().position(|span| span.span_id == parent)?;
    }
    None
}
