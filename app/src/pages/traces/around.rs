//! What stands around a span and helps to judge it: the call before it, how long its like usually take,
//! and what is known about failures of its kind.

use api::{
    attributes::{key, metric, span as name},
    resources::Agent,
    telemetry::{Aggregate, MetricQuery, MetricReader, Window},
    traces::{Span, StepKind, Trace},
};

use super::{
    hints::{Failure, Hint, Peer, hints},
    layout::{self, Facts},
};
use crate::site::{Ports, kubernetes};

/// How long calls of a tool usually take, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    pub(super) p50: u64,
    pub(super) p95: u64,
    pub(super) p99: u64,
}

impl Usual {
    /// Where a duration stands among them, in words.
    pub(super) fn place(self, ns: u64) -> &'static str {
        if ns > self.p99 {
            "slower than 99 % of its calls"
        } else if ns > self.p95 {
            "slower than 95 % of its calls"
        } else if ns > self.p50 {
            "slower than half of its calls"
        } else {
            "faster than half of its calls"
        }
    }
}

/// Everything around one span.
#[derive(Default)]
pub(super) struct Around {
    pub(super) namespace: Option<String>,
    pub(super) hints: Vec<Hint>,
    /// The call of a model before this one, by the same agent in the same run.
    pub(super) previous: Option<Span>,
    pub(super) usual: Option<Usual>,
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
            StepKind::Tool => usual(ports, span, namespace.as_deref()).await,
            StepKind::Agent | StepKind::Model | StepKind::Delegate | StepKind::Http => None,
        },
        below: (kind == StepKind::Delegate).then(|| layout::facts_below(&trace.spans, index)),
        namespace,
    }
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
fn loop_of(spans: &[Span], index: usize) -> Option<usize> {
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

/// How long calls of a span's tool took, of all that are kept.
async fn usual(ports: &Ports, span: &Span, namespace: Option<&str>) -> Option<Usual> {
    let tool = span.text(key::TOOL_NAME)?;
    let reader: &dyn MetricReader = &*ports.telemetry;
    let [p50, p95, p99] = [
        quantile(reader, tool, namespace, 0.5).await?,
        quantile(reader, tool, namespace, 0.95).await?,
        quantile(reader, tool, namespace, 0.99).await?,
    ];
    Some(Usual { p50, p95, p99 })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration is positive and no call takes a century"
)]
async fn quantile(
    reader: &dyn MetricReader,
    tool: &str,
    namespace: Option<&str>,
    share: f64,
) -> Option<u64> {
    let query = MetricQuery {
        name: metric::TOOL_DURATION.to_owned(),
        service: None,
        namespace: namespace.map(str::to_owned),
        attributes: vec![(key::TOOL.to_owned(), tool.to_owned())],
        window: Window::ALL,
        step_ns: 0,
        by: Vec::new(),
        aggregate: Aggregate::Quantile(share),
    };
    let series = reader.metric(&query).await.ok()?;
    let value = series.first()?.points.last()?.value;
    value.is_finite().then_some((value * 1e6) as u64)
}
