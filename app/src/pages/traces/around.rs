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
    let has_failed = span.status.is_error();
    let neighbours = Neighbours::of(ports, trace, namespace, has_failed).await;
    Around {
        usual: match span.step_kind() {
            StepKind::Tool => usual(ports, span, trace_start_ns(trace)).await,
            StepKind::Agent | StepKind::Model | StepKind::Delegate | StepKind::Http => None,
        },
        ..neighbours.around(trace, index)
    }
}

/// What stands around all spans of a trace.
pub(super) struct Neighbours {
    namespace: Option<String>,
    agents: Vec<Peer>,
    /// The loop that each span is part of.
    loops: Vec<Option<usize>>,
}

impl Neighbours {
    /// The agents of the namespace are only asked for where a failure may be explained by them.
    pub(super) async fn of(
        ports: &Ports,
        trace: &Trace,
        namespace: Option<String>,
        has_failed: bool,
    ) -> Self {
        Self {
            agents: match &namespace {
                Some(namespace) if has_failed => peers(ports, namespace).await,
                Some(_) | None => Vec::new(),
            },
            loops: layout::loops(&trace.spans),
            namespace,
        }
    }

    /// What stands around the span at `index`, but for how long its like usually take.
    pub(super) fn around(&self, trace: &Trace, index: usize) -> Around {
        let span = &trace.spans[index];
        let kind = span.step_kind();
        let hints = self.namespace.as_ref().map(|namespace| {
            hints(&Failure {
                span,
                spans: &trace.spans,
                namespace,
                agents: &self.agents,
            })
        });
        Around {
            hints: hints.unwrap_or_default(),
            previous: (kind == StepKind::Model)
                .then(|| self.previous(&trace.spans, index).cloned())
                .flatten(),
            usual: None,
            below: (kind == StepKind::Delegate).then(|| layout::facts_below(&trace.spans, index)),
            namespace: self.namespace.clone(),
        }
    }

    /// The model call that began last before this one, in the same loop.
    fn previous<'t>(&self, spans: &'t [Span], index: usize) -> Option<&'t Span> {
        let (own, begun) = (self.loops[index], spans[index].start_ns);
        let before = spans
            .iter()
            .zip(&self.loops)
            .filter(|(span, of)| span.name == name::MODEL && span.start_ns < begun && **of == own);
        let last = before.max_by_key(|(span, _)| span.start_ns)?;
        Some(last.0)
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
