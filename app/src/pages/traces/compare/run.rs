//! A run as it is compared: its steps, its numbers and its words.

use api::{
    attributes::key,
    money::Usd,
    traces::{Span, StepKind, Trace},
};

use super::{
    super::{
        layout::{Layout, Row, Transport, lay_out},
        list::glance,
        panel::messages,
    },
    align::{Step, Usage},
};

/// Steps below this depth are drawn on it.
const DEEPEST: usize = 40;

/// One of the two.
pub(super) struct Run {
    pub(super) trace: Trace,
    pub(super) layout: Layout,
    pub(super) steps: Vec<Step>,
    pub(super) question: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) usage: Usage,
}

impl Run {
    pub(super) fn of(trace: Trace) -> Self {
        let layout = lay_out(&trace, Transport::Hidden);
        let work = trace.work();
        Self {
            steps: steps(&layout.rows, &trace),
            question: glance::question(&trace),
            answer: answer(&trace),
            usage: Usage {
                tokens: work.input_tokens.saturating_add(work.output_tokens),
                cost: Some(work.cost).filter(|cost| *cost > Usd::ZERO),
            },
            layout,
            trace,
        }
    }

    /// The span of a step.
    pub(super) fn span(&self, step: &Step) -> Option<&Span> {
        let id = step.span?;
        self.trace.spans.iter().find(|span| span.span_id == id)
    }
}

/// The rows of the tree, each with those below it.
fn steps(rows: &[Row], trace: &Trace) -> Vec<Step> {
    let mut open: Vec<Step> = Vec::new();
    let mut done = Vec::new();
    for row in rows {
        close(&mut open, &mut done, row.depth.min(DEEPEST));
        open.push(step(row, trace));
    }
    close(&mut open, &mut done, 0);
    done
}

/// Hangs steps below the one above them until so many are open.
fn close(open: &mut Vec<Step>, done: &mut Vec<Step>, depth: usize) {
    while open.len() > depth
        && let Some(step) = open.pop()
    {
        match open.last_mut() {
            Some(above) => above.below.push(step),
            None => done.push(step),
        }
    }
}

fn step(row: &Row, trace: &Trace) -> Step {
    let span = row.span.and_then(|at| trace.spans.get(at));
    let usage = span.map(|span| span.facts().usage);
    let usage = usage.filter(|_| row.kind == Some(StepKind::Model));
    Step {
        span: row.span_id,
        agent: row.service.clone(),
        kind: row.kind,
        title: row.title.clone(),
        duration_ns: row.duration_ns,
        usage: usage.map(|usage| Usage {
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            cost: usage.cost,
        }),
        failed: row.error.is_some(),
        below: Vec::new(),
    }
}

/// What the last call of a model said that answered with words.
fn answer(trace: &Trace) -> Option<String> {
    let models = trace
        .spans
        .iter()
        .filter(|span| span.step_kind() == StepKind::Model);
    let mut by_end: Vec<&Span> = models.collect();
    by_end.sort_by_key(|span| std::cmp::Reverse(span.end_ns));
    by_end.into_iter().find_map(|span| {
        let (_, said) = messages::recorded(span);
        let text = said.into_iter().map(|said| said.text).collect::<Vec<_>>();
        Some(text.join("\n")).filter(|text| !text.trim().is_empty())
    })
}

/// What a step was given and what came of it, each under its word.
pub(super) fn texts(span: &Span) -> Vec<(&'static str, String)> {
    let text = |word, key| {
        let value = span.attribute(key)?;
        Some((word, messages::pretty(value)))
    };
    let said = |said: Vec<messages::Said>| {
        let lines = said
            .into_iter()
            .map(|said| format!("{}: {}", said.role, said.text));
        lines.collect::<Vec<_>>().join("\n")
    };
    match span.step_kind() {
        StepKind::Model => {
            let (asked, answered) = messages::recorded(span);
            let both = [("Prompt", said(asked)), ("Answer", said(answered))];
            both.into_iter()
                .filter(|(_, text)| !text.is_empty())
                .collect()
        }
        StepKind::Tool => [
            text("Arguments", key::TOOL_ARGUMENTS),
            text("Result", key::TOOL_RESULT),
        ]
        .into_iter()
        .flatten()
        .collect(),
        StepKind::Delegate => [
            text("Task", key::DELEGATION_TASK),
            text("Answer", key::DELEGATION_ANSWER),
        ]
        .into_iter()
        .flatten()
        .collect(),
        StepKind::Agent | StepKind::Http => Vec::new(),
    }
}
