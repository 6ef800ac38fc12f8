//! What models answer to the question of a form, word by word as it comes.
//!
//! The server keeps the answers and says at the end where they are; the page it draws of them says
//! more. Where no scripts run, the form is posted and only that page is seen.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::status_mark::{Mark, StatusMark};
use crate::{format, untrusted::visible};

/// What the server says while models answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// More words of one of them.
    Words {
        /// Which of the models that were asked, from 0.
        answer: u8,
        /// The words.
        text: String,
        /// Milliseconds from the question to the first word of this answer.
        first_token_ms: u64,
    },
    /// All have answered, or failed to.
    End {
        /// The page that shows it.
        href: String,
    },
}

/// How far the question is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser sends the question")
)]
enum Phase {
    /// Nothing was asked since the page was drawn.
    Unasked,
    Asking,
    /// The reader wanted no more.
    Stopped,
    /// The server could not be asked, for this reason.
    Broken(String),
}

/// What one model has said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answer {
    model: String,
    text: String,
    first_token_ms: Option<u64>,
}

#[derive(Clone, Copy)]
struct Asked {
    phase: RwSignal<Phase>,
    answers: RwSignal<Vec<Answer>>,
}

/// Sends a form and shows what comes back in place of its children, the answers that were drawn.
#[island(lazy)]
pub fn Answers(
    /// Id of the form.
    form: String,
    /// What the server has drawn.
    children: Children,
) -> impl IntoView {
    let asked = Asked {
        phase: RwSignal::new(Phase::Unasked),
        answers: RwSignal::new(Vec::new()),
    };
    #[cfg(feature = "hydrate")]
    let stop = {
        let request = browser::ask(&form, asked);
        move |_| browser::stop(request, asked)
    };
    #[cfg(not(feature = "hydrate"))]
    let stop = {
        let _ = form;
        |_| ()
    };
    let is_asking = Memo::new(move |_| asked.phase.get() == Phase::Asking);
    let is_unasked = move || asked.phase.get() == Phase::Unasked;
    view! {
        <div class="answers" role="status">
            {move || words(&asked.phase.get())}
            <Show when=move || is_asking.get()>
                <button class="button" type="button" on:click=stop>
                    "Stop"
                </button>
            </Show>
        </div>
        <div
            class="debug-results"
            class=("debug-results--two", move || asked.answers.with(Vec::len) == 2)
            aria-busy=move || is_asking.get().to_string()
        >
            <For
                each=move || 0..asked.answers.with(Vec::len)
                key=|which| *which
                children=move |which| answer_view(asked, which)
            />
        </div>
        <div hidden=move || !is_unasked()>{children()}</div>
    }
    .into_any()
}

fn words(phase: &Phase) -> Option<String> {
    match phase {
        Phase::Unasked => None,
        Phase::Asking => Some("Asking".to_owned()),
        Phase::Stopped => Some("Stopped; an answer that was stopped is not kept.".to_owned()),
        Phase::Broken(reason) => Some(format!("KAOS could not be asked: {reason}")),
    }
}

fn answer_view(asked: Asked, which: usize) -> AnyView {
    let answer = Memo::new(move |_| {
        let answer = asked.answers.with(|answers| answers.get(which).cloned());
        answer.unwrap_or_default()
    });
    let model = answer.with_untracked(|answer| visible(&answer.model).into_owned());
    let label = format!("Answer of {model}");
    let state = move || match (
        asked.phase.get(),
        answer.with(|answer| answer.first_token_ms),
    ) {
        (Phase::Asking | Phase::Unasked, None) => (Mark::Pending, "Waiting for the first token"),
        (Phase::Asking | Phase::Unasked, Some(_)) => (Mark::Working, "Answering"),
        (Phase::Stopped, _) => (Mark::Cancelled, "Stopped"),
        (Phase::Broken(_), _) => (Mark::Failed, "Broken off"),
    };
    let mark = move || {
        let (mark, word) = state();
        view! { <StatusMark mark word=word.to_owned() /> }
    };
    let first = move || {
        let first = answer.with(|answer| answer.first_token_ms)?;
        Some(format!(
            "first token after {}",
            format::duration(first * 1_000_000)
        ))
    };
    view! {
        <section class="panel" role="region" aria-label=label>
            <h2>{model}</h2>
            <p class="panel-note call-state">{mark} <span>{first}</span></p>
            <div class="panel-body call-parts">
                <p class="chat-text">{move || answer.with(|answer| visible(&answer.text).into_owned())}</p>
            </div>
        </section>
    }
    .into_any()
}

/// Adds words to the answer they belong to.
#[cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser reads a stream")
)]
fn add(answers: &mut [Answer], which: u8, text: &str, first_token_ms: u64) {
    if let Some(answer) = answers.get_mut(usize::from(which)) {
        answer.text.push_str(text);
        answer.first_token_ms = Some(first_token_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_to_the_answer_they_belong_to() {
        let mut answers = vec![Answer::default(); 2];
        add(&mut answers, 1, "Four", 200);
        add(&mut answers, 1, " words", 200);
        add(&mut answers, 7, "of nobody", 1);
        assert_eq!(answers[0], Answer::default());
        assert_eq!(answers[1].text, "Four words");
        assert_eq!(answers[1].first_token_ms, Some(200));
    }
}
