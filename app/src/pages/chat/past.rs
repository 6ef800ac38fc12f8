//! What was said before, drawn once by the server. Its elements look like the island's.

use std::collections::HashMap;

use api::traces::{TraceId, TraceReader};
use futures::future::join_all;
use leptos::prelude::*;

use super::history::{Ending, PastRun, PastStep};
use crate::{
    components::{
        chat::{messages::compare_link, run_state::Counts},
        kind_tile::KindTile,
    },
    format,
    markdown::Markdown,
    pages::traces::{
        TraceUrl,
        layout::{Facts, Outcome, Transport, lay_out},
    },
    untrusted::{self, visible},
};

/// What the trace of a past run tells of it.
pub(crate) struct Told {
    counts: Counts,
    outcome: Outcome,
}

/// What traces tell of past runs.
pub(super) type Numbers = HashMap<TraceId, Told>;

/// Counts what happened in the newest runs; older ones are shown without numbers.
pub(super) async fn numbers(reader: &dyn TraceReader, runs: &[PastRun]) -> Numbers {
    /// A trace can be large, and a session can have many.
    const NEWEST: usize = 20;
    let ids = runs
        .iter()
        .rev()
        .filter_map(|run| run.trace_id)
        .take(NEWEST);
    let counted = ids.map(async |id| {
        // Without its trace a run is still worth reading.
        let trace = reader.trace(id).await.ok().flatten()?;
        Some((id, told(&lay_out(&trace, Transport::Hidden).facts)))
    });
    join_all(counted).await.into_iter().flatten().collect()
}

/// What a trace's facts tell of its run.
pub(crate) fn told(facts: &Facts) -> Told {
    let counts = Counts {
        steps: facts.steps,
        model_calls: facts.model_calls,
        tool_calls: facts.tool_calls,
        delegations: facts.delegations,
        duration_ms: Some(facts.total_ns / 1_000_000),
        tokens: facts.tokens.map(|tokens| tokens.input + tokens.output),
    };
    Told {
        counts,
        outcome: facts.outcome,
    }
}

/// All runs of a session, oldest first.
pub(super) fn view(runs: Vec<PastRun>, agent: &str, numbers: &Numbers) -> AnyView {
    let runs = runs.into_iter().map(|run| {
        let told = run.trace_id.and_then(|id| numbers.get(&id));
        one(&run, agent, told)
    });
    runs.collect_view().into_any()
}

/// One message and what followed.
pub(crate) fn one(run: &PastRun, agent: &str, told: Option<&Told>) -> AnyView {
    let who = if run.delegated {
        "Another agent"
    } else {
        "You"
    };
    let trace = run.trace_id.map(|id| {
        view! {
            <a class="chat-trace" href=TraceUrl::of(id).to_string()>
                "Open trace"
            </a>
            {compare_link(&id.to_string())}
        }
    });
    let ending = match (&run.ending, told.map(|told| told.outcome)) {
        (Ending::Open | Ending::Error(_), Some(Outcome::Cancelled)) => &Ending::Stopped,
        (ending, _) => ending,
    };
    let state = match ending {
        Ending::Open => "unknown",
        Ending::Answer(_) => "done",
        Ending::Error(_) => "failed",
        Ending::Stopped => "cancelled",
    };
    let question = untrusted::block(&run.question);
    view! {
        <div class="chat-message chat-message--user" data-testid="chat-message" data-role="user">
            <p class="chat-who">
                {who} <time class="chat-meta" datetime=run.asked_at.clone()>
                    {format::minute(&run.asked_at)}
                </time>
            </p>
            <p class="chat-text">
                {question.text.into_owned()} {question.cut_from.map(untrusted::cut_note)}
            </p>
        </div>
        <div
            class="chat-message chat-message--assistant"
            data-testid="chat-message"
            data-role="assistant"
            data-state=state
        >
            <p class="chat-who">{agent.to_owned()} {trace}</p>
            {steps(run, told.map(|told| &told.counts))}
            {ending_view(ending)}
        </div>
    }
    .into_any()
}

/// One line of numbers; behind it, what the agent itself remembers of its steps.
fn steps(run: &PastRun, counts: Option<&Counts>) -> Option<AnyView> {
    let words = counts.map(Counts::words).unwrap_or_default();
    let words = match (words.is_empty(), run.steps.len()) {
        (true, 0) => return None,
        (true, steps) => format::counted(steps as u64, "call", "calls"),
        (false, _) => words,
    };
    if run.steps.is_empty() {
        return Some(view! { <p class="chat-meta">{words}</p> }.into_any());
    }
    let lines = run.steps.iter().map(step).collect_view();
    Some(
        view! {
            <details class="chat-steps">
                <summary>{words}</summary>
                <ol>{lines}</ol>
            </details>
        }
        .into_any(),
    )
}

fn step(step: &PastStep) -> impl IntoView + use<> {
    let (state, outcome) = match &step.outcome {
        None => ("cancelled", ""),
        Some(Ok(result)) => ("done", result.as_str()),
        Some(Err(error)) => ("failed", error.as_str()),
    };
    let block = untrusted::block(outcome);
    view! {
        <li
            class="chat-step"
            data-testid="chat-step"
            data-kind=step.kind.as_str()
            data-state=state
        >
            <details>
                <summary>
                    <KindTile kind=step.kind />
                    <span class="chat-step-title">{visible(&step.title).into_owned()}</span>
                    <span class="chat-step-detail">{visible(&step.detail).into_owned()}</span>
                    <span class="chat-step-state">{state}</span>
                </summary>
                <pre tabindex="0">{block.text.into_owned()}</pre>
                {block.cut_from.map(|bytes| view! { <p class="cut">{untrusted::cut_note(bytes)}</p> })}
            </details>
        </li>
    }
}

fn ending_view(ending: &Ending) -> AnyView {
    match ending {
        Ending::Stopped => view! { <p class="chat-stopped">"Stopped."</p> }.into_any(),
        Ending::Open => view! { <p class="chat-stopped">"No answer is remembered."</p> }.into_any(),
        Ending::Answer(answer) => Markdown::of(answer).view(),
        Ending::Error(message) => view! {
            <div class="chat-error">
                <p>{visible(message).into_owned()}</p>
            </div>
        }
        .into_any(),
    }
}
