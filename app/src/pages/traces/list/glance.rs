//! What a row says of a trace besides its numbers: the question, who took part and what took longest.

use api::{
    attributes::span as name,
    traces::{Span, SpanId, StepKind, Trace, Work, kind},
};

use super::super::panel::messages;

/// A trace at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Glance {
    /// What the user said, as far as the first call of a model recorded it.
    pub(crate) question: Option<String>,
    /// Agents in the order in which they began.
    pub(crate) agents: Vec<String>,
    /// The longest step without steps of its own.
    pub(crate) slowest: Option<Slowest>,
    /// Steps of all agents.
    pub(crate) n_steps: usize,
    /// What agents did.
    pub(crate) work: Work,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slowest {
    /// `web_search`.
    pub(crate) title: String,
    pub(crate) length_ns: u64,
}

impl Glance {
    pub(crate) fn of(trace: &Trace) -> Self {
        let is_step = |span: &&Span| span.name.starts_with(name::STEP_PREFIX);
        Self {
            question: question(trace),
            agents: agents(trace),
            slowest: slowest(trace),
            n_steps: trace.spans.iter().filter(is_step).count(),
            work: trace.work(),
        }
    }
}

/// The last words of a user in the first question to a model: what stands before them was said in
/// earlier runs of the session.
pub(crate) fn question(trace: &Trace) -> Option<String> {
    let mut models = trace
        .spans
        .iter()
        .filter(|span| span.step_kind() == StepKind::Model);
    let (asked, _) = models
        .find_map(|span| Some(messages::recorded(span)).filter(|(asked, _)| !asked.is_empty()))?;
    let mut from_last = asked.into_iter().rev();
    let said = from_last.find(|said| said.role == "user")?;
    Some(said.text).filter(|text| !text.trim().is_empty())
}

fn agents(trace: &Trace) -> Vec<String> {
    let mut agents: Vec<String> = Vec::new();
    for span in &trace.spans {
        let facts = span.facts();
        let agent = facts.agent.unwrap_or(&span.service);
        if facts.kind == StepKind::Agent && !agents.iter().any(|known| known == agent) {
            agents.push(agent.to_owned());
        }
    }
    agents
}

fn slowest(trace: &Trace) -> Option<Slowest> {
    use std::collections::HashMap;

    let parents: HashMap<SpanId, Option<SpanId>> = trace
        .spans
        .iter()
        .map(|span| (span.span_id, span.parent_id))
        .collect();
    let steps = || {
        let is_step = |span: &&Span| !matches!(span.step_kind(), StepKind::Http | StepKind::Agent);
        trace.spans.iter().filter(is_step)
    };
    // Whatever has a step below it is no leaf; a circle of parents ends after as many as there are.
    let mut has_steps = std::collections::HashSet::new();
    for span in steps() {
        let mut above = span.parent_id;
        while let Some(id) = above {
            if !has_steps.insert(id) {
                break;
            }
            above = parents.get(&id).copied().flatten();
        }
    }
    let leaves = steps().filter(|span| !has_steps.contains(&span.span_id));
    let longest = leaves.max_by_key(|span| span.duration_ns())?;
    Some(Slowest {
        title: kind::title(longest),
        length_ns: longest.duration_ns(),
    })
}

#[cfg(test)]
mod tests {
    use api::attributes::key;

    use super::*;
    use crate::pages::fixture::{TRACE, span};

    #[test]
    fn a_row_tells_the_question_the_agents_and_what_took_longest() {
        let mut model = span(3, 2, "model.inference", (1, 5));
        let asked = r#"[{"role":"system","content":"be brief"},{"role":"user","content":"old"},
            {"role":"assistant","content":"yes"},{"role":"user","content":"Chips?"}]"#;
        model.attributes = vec![(key::INPUT_MESSAGES.to_owned(), asked.into())];
        let mut below = span(6, 5, "agent.agentic_loop", (6, 18));
        below.service = "researcher".to_owned();
        let trace = Trace {
            id: TRACE,
            spans: vec![
                span(1, 0, "agent.agentic_loop", (0, 20)),
                span(2, 1, "agent.step.1", (0, 20)),
                model,
                span(5, 2, "delegate.researcher", (5, 19)),
                below,
                span(7, 6, "tool.web_search", (7, 17)),
            ],
        };
        let glance = Glance::of(&trace);
        assert_eq!(glance.question.as_deref(), Some("Chips?"));
        assert_eq!(glance.agents, ["coordinator", "researcher"]);
        let slowest = glance.slowest.unwrap();
        assert_eq!(
            (slowest.title.as_str(), slowest.length_ns),
            ("web_search", 10_000_000)
        );
        assert_eq!(glance.n_steps, 1);
    }

    #[test]
    fn spans_in_a_circle_are_looked_at_once() {
        let trace = Trace {
            id: TRACE,
            spans: vec![span(1, 2, "tool.a", (0, 2)), span(2, 1, "tool.b", (0, 3))],
        };
        assert_eq!(Glance::of(&trace).slowest, None);
        assert_eq!(Glance::default().question, None);
    }
}
