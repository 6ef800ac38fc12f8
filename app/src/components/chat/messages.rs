//! One message and the run it started, as they happen.

use api::{chat::ErrorDetail, traces::StepKind};
use leptos::prelude::*;

use super::{
    Conversation, Turn,
    run_state::{RunState, Status, Step, StepState},
    stream,
};
use crate::{
    components::kind_tile::KindTile,
    format,
    markdown::Markdown,
    untrusted::{block, cut_note, visible},
};

/// The reader's message, the agent's steps, its answer.
pub(super) fn turn_view(conversation: Conversation, turn: Turn) -> AnyView {
    let run = turn.run;
    let status = Memo::new(move |_| run.with(|run| run.status.clone()));
    let is_last = move || conversation.turns.with(|turns| turns.len() == turn.key + 1);
    view! {
        <div class="chat-message chat-message--user" data-testid="chat-message" data-role="user">
            <p class="chat-who">
                "You" " "
                <button
                    class="chat-edit"
                    type="button"
                    on:click=move |_| conversation.edit(&turn.question.get_value())
                >
                    "Edit and resend"
                </button>
            </p>
            <p class="chat-text">{visible(&turn.question.get_value()).into_owned()}</p>
        </div>
        <div
            class="chat-message chat-message--assistant"
            data-testid="chat-message"
            data-role="assistant"
            data-run-id=move || run.with(|run| run.run_id.clone())
            data-state=move || status.with(Status::as_str)
        >
            <p class="chat-who">
                {conversation.agent.get_value()} <span class="chat-meta">{move || meta(run)}</span>
                {move || trace_link(run)}
            </p>
            {steps(conversation, run, Signal::derive(is_last))}
            {answer_view(conversation, status, run)}
            {move || status.with(|status| ending(status, conversation, turn))}
        </div>
    }
    .into_any()
}

/// Bytes of an answer in one text node. Browsers lay out only what changed: the last of them.
const PIECE: usize = 4 * 1024;

/// Plain words while they come, Markdown once no more will: a half-written table is no table.
fn answer_view(
    conversation: Conversation,
    status: Memo<Status>,
    run: RwSignal<RunState>,
) -> impl IntoView {
    let grows =
        Memo::new(move |_| status.with(|status| matches!(status, Status::Sent | Status::Running)));
    let parsed = RwSignal::new(None::<Markdown>);
    Effect::new(move || {
        if !grows.get() && run.with_untracked(|run| !run.answer.is_empty()) {
            let answer = run.with_untracked(|run| run.answer.clone());
            stream::parse(answer, move |markdown| {
                conversation.keep_end(|| parsed.set(Some(markdown)));
            });
        }
    });
    move || match parsed.get() {
        Some(markdown) => markdown.view(),
        None => plain(run),
    }
}

/// The answer as it is said.
fn plain(run: RwSignal<RunState>) -> AnyView {
    let pieces = Memo::new(move |_| run.with(|run| run.answer.len().div_ceil(PIECE)));
    view! {
        <p class="chat-text chat-answer">
            <For
                each=move || 0..pieces.get()
                key=|n| *n
                children=move |n| {
                    let words = Memo::new(move |_| run.with(|run| piece(&run.answer, n)));
                    view! { <span>{move || words.get()}</span> }
                }
            />
        </p>
    }
    .into_any()
}

/// The n-th piece of an answer, as it is shown.
fn piece(answer: &str, n: usize) -> String {
    let end = |n| answer.floor_char_boundary(n * PIECE);
    visible(&answer[end(n)..end(n + 1)]).into_owned()
}

/// How far the run has come, until there is something better to say.
fn meta(run: RwSignal<RunState>) -> &'static str {
    run.with(|run| match (&run.status, run.answer.is_empty()) {
        (Status::Sent, _) => "sending",
        (Status::Running, true) => "working",
        (Status::Running, false) => "answering",
        (Status::Done | Status::Failed(_), _) => "",
        (Status::Stopped, _) => "stopped",
    })
}

/// The ways to the run's trace, and once it has ended, to what differs from the run before.
fn trace_link(run: RwSignal<RunState>) -> Option<impl IntoView> {
    let trace = run.with(|run| run.trace_id.clone())?;
    let compare = (!run.with(|run| run.status.is_open())).then(|| compare_link(&trace));
    Some(view! {
        <a class="chat-trace" href=format!("/traces/{trace}")>
            "Open trace"
        </a>
        {compare}
    })
}

/// Leads to a run beside the one before it.
pub(crate) fn compare_link(trace: &str) -> AnyView {
    view! {
        <a class="chat-trace" href=format!("/traces/compare?a=previous&b={trace}")>
            "Compare with the previous run"
        </a>
    }
    .into_any()
}

/// The tree of steps; it folds to one line once the next message is sent.
fn steps(conversation: Conversation, run: RwSignal<RunState>, is_last: Signal<bool>) -> AnyView {
    let ids = Memo::new(move |_| {
        run.with(|run| {
            let ids = run.steps.iter().map(|step| step.span_id.clone());
            ids.collect::<Vec<_>>()
        })
    });
    let words = move || run.with(|run| run.counts().words());
    view! {
        <Show when=move || !ids.with(Vec::is_empty)>
            <details class="chat-steps" prop:open=move || is_last.get()>
                <summary>{words}</summary>
                <ol>
                    <For
                        each=move || ids.get()
                        key=String::clone
                        children=move |id| step_view(conversation, run, id)
                    />
                </ol>
            </details>
        </Show>
    }
    .into_any()
}

fn step_view(conversation: Conversation, run: RwSignal<RunState>, id: String) -> AnyView {
    let step = {
        let id = id.clone();
        Memo::new(move |_| {
            run.with(|run| run.steps.iter().find(|step| step.span_id == id).cloned())
        })
    };
    let of = move |read: fn(&Step) -> String| step.with(|step| step.as_ref().map(read));
    let kind = step.with_untracked(|step| step.as_ref().map_or(StepKind::Http, |step| step.kind));
    let depth = step.with_untracked(|step| step.as_ref().map_or(0, |step| step.depth));
    let state = move || of(|step| step.state.as_str().to_owned());
    let time = move || {
        step.with(|step| match step.as_ref()?.duration_ms {
            Some(ms) => Some(format::duration(ms * 1_000_000)),
            None if step.as_ref()?.state == StepState::Running => {
                let elapsed = conversation
                    .now_ms
                    .get()
                    .saturating_sub(step.as_ref()?.started_ms);
                Some(format::duration(elapsed * 1_000_000))
            }
            None => None,
        })
    };
    let outcome = move || of(|step| block(&step.outcome).text.into_owned());
    let cut = move || {
        let cut_from = step.with(|step| block(&step.as_ref()?.outcome).cut_from);
        cut_from.map(|bytes| view! { <p class="cut">{cut_note(bytes)}</p> })
    };
    let span_id = id.clone();
    let href = move || {
        let trace = run.with(|run| run.trace_id.clone())?;
        Some(format!("/traces/{trace}?span={span_id}"))
    };
    view! {
        <li
            class="chat-step"
            style=format!("--depth:{depth}")
            data-testid="chat-step"
            data-kind=kind.as_str()
            data-span-id=id
            data-state=state
        >
            <details>
                <summary>
                    <KindTile kind />
                    <span class="chat-step-title">{move || of(|step| visible(&step.title).into_owned())}</span>
                    <span class="chat-step-detail">{move || of(|step| visible(&step.detail).into_owned())}</span>
                    <span class="chat-step-state">{state}</span>
                    <span class="chat-step-time">{time}</span>
                </summary>
                <pre tabindex="0">{outcome}</pre>
                {cut}
                <a href=href>"Open span"</a>
            </details>
        </li>
    }
    .into_any()
}

/// What stands in place of an answer, or after half of one.
fn ending(status: &Status, conversation: Conversation, turn: Turn) -> AnyView {
    let again = move |_| conversation.send(turn.question.get_value());
    match status {
        Status::Sent | Status::Running | Status::Done => ().into_any(),
        Status::Stopped => view! {
            <p class="chat-stopped">
                "Stopped. " <button class="button" type="button" on:click=again>
                    "Send again"
                </button>
            </p>
        }
        .into_any(),
        Status::Failed(error) => view! {
            <div class="chat-error" role="alert">
                {failure(error)}
                <button class="button" type="button" on:click=again>
                    "Retry"
                </button>
            </div>
        }
        .into_any(),
    }
}

/// Type and message of an error.
fn failure(error: &ErrorDetail) -> impl IntoView + use<> {
    let kind = match (error.kind.as_str(), error.code.as_deref()) {
        ("", None) => "error".to_owned(),
        (kind, None) => kind.to_owned(),
        (kind, Some(code)) => format!("{kind} · {code}"),
    };
    view! {
        <p class="chat-error-kind">{visible(&kind).into_owned()}</p>
        <p>{visible(&error.message).into_owned()}</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_an_answer_are_the_answer_and_stay_as_they_are_while_it_grows() {
        let long = "ä–".repeat(PIECE);
        let pieces = |answer: &str| {
            (0..answer.len().div_ceil(PIECE))
                .map(|n| piece(answer, n))
                .collect::<Vec<_>>()
        };
        let before = pieces(&long[..long.floor_char_boundary(PIECE * 5 / 2)]);
        let after = pieces(&long);
        assert_eq!(after.concat(), long);
        assert_eq!(before[..2], after[..2]);
    }
}
