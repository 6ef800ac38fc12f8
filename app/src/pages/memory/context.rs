//! What of a session the agent's next question to its model begins with.
//!
//! The runtime gives a model whole pairs, a question with its answer, the newest that fit into the
//! agent's bounds. This follows the same rule, and estimates tokens as it does.

use api::resources::agent::MemoryConfig;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::event::text;
use crate::{
    components::table::{Heading, Table},
    format,
    pages::{chat::history::MemoryEvent, resource::tab::About},
    untrusted::visible,
};

/// Letters of a pair that are shown.
const SHORT: usize = 160;

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    question: String,
    answer: String,
    tokens: u64,
    fate: Fate,
}

/// Whether the model is given a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Given,
    /// There are too many newer ones.
    TooOld,
    /// With it there would be too many tokens.
    TooLong,
}

/// Draws it.
pub(super) fn view(about: &About, events: &[MemoryEvent]) -> AnyView {
    let bounds = MemoryConfig::deserialize(&about.object["spec"]["config"]["memory"]);
    let bounds = bounds.unwrap_or_default();
    let (messages, tokens) = (bounds.context_limit, u64::from(bounds.context_tokens));
    let instructions = about.object.pointer("/spec/config/instructions");
    let instructions = instructions.and_then(Value::as_str);
    let system = instructions.map(estimated).unwrap_or_default();
    let pairs = pairs(events, messages, tokens);
    let given: u64 = pairs
        .iter()
        .filter(|pair| pair.fate == Fate::Given)
        .map(|pair| pair.tokens)
        .sum();
    let words = format!(
        "About {} tokens: {} of instructions and {} of this session. The newest {messages} messages \
         are given, with at most {} tokens. The descriptions of tools and agents come on top.",
        format::count(system + given),
        format::count(system),
        format::count(given),
        format::count(tokens),
    );
    let bar = bar(system, given);
    let headings = [
        Heading::Words("Given to the model"),
        Heading::Words("Question"),
        Heading::Words("Answer"),
        Heading::Number("Tokens, about"),
    ];
    let lines = pairs.into_iter().map(line).collect_view();
    view! {
        <p class="panel-note">{words}</p>
        {bar}
        <Table label="Questions with their answers" headings>
            {lines}
        </Table>
        <p class="panel-note">
            "Questions that were not answered are never given. Calls of tools belong to the run they \
             were made in, and are not given again."
        </p>
    }
    .into_any()
}

/// The two parts side by side, in proportion.
fn bar(system: u64, given: u64) -> AnyView {
    let label = format!("{system} tokens of instructions, {given} of this session");
    let part = |class: &'static str, tokens: u64, word: &'static str| {
        (tokens > 0).then(|| {
            view! {
                <span class=class style=format!("flex-grow:{tokens}")>
                    {word}
                </span>
            }
        })
    };
    view! {
        <div class="memory-bar" role="img" aria-label=label>
            {part("memory-bar-system", system, "instructions")}
            {part("memory-bar-history", given, "session")}
        </div>
    }
    .into_any()
}

fn line(pair: Pair) -> AnyView {
    let short = |text: &str| {
        let start: String = text.chars().take(SHORT).collect();
        let more = if text.chars().count() > SHORT {
            "…"
        } else {
            ""
        };
        format!("{}{more}", visible(&start))
    };
    let (class, fate) = match pair.fate {
        Fate::Given => ("", "yes"),
        Fate::TooOld => ("memory-dropped", "dropped: too many newer ones"),
        Fate::TooLong => ("memory-dropped", "dropped: too many tokens"),
    };
    view! {
        <tr class=class>
            <td>{fate}</td>
            <td class="table-prose">{short(&pair.question)}</td>
            <td class="table-prose">{short(&pair.answer)}</td>
            <td class="table-number">{format::count(pair.tokens)}</td>
        </tr>
    }
    .into_any()
}

/// Every question that was answered, oldest first, and whether it is given.
fn pairs(events: &[MemoryEvent], messages: u32, tokens: u64) -> Vec<Pair> {
    let mut asked: Vec<&MemoryEvent> = Vec::new();
    let mut pairs = Vec::new();
    for event in events {
        match event.event_type.as_str() {
            "user_message" => asked.push(event),
            "agent_response" => {
                // Two runs of one session may overlap; the trace says which question this answers.
                let trace = &event.metadata.trace_id;
                let place = asked
                    .iter()
                    .rposition(|one| one.metadata.trace_id == *trace);
                if let Some(place) = place {
                    let (question, answer) = (text(asked.remove(place)), text(event));
                    pairs.push(Pair {
                        tokens: estimated(&question) + estimated(&answer),
                        question,
                        answer,
                        fate: Fate::TooOld,
                    });
                }
            }
            _ => {}
        }
    }
    let mut left = Some(tokens);
    for pair in pairs.iter_mut().rev().take(messages as usize / 2) {
        left = left.and_then(|left| left.checked_sub(pair.tokens));
        pair.fate = if left.is_some() {
            Fate::Given
        } else {
            Fate::TooLong
        };
    }
    pairs
}

/// Tokens of a message, as the runtime estimates them.
fn estimated(text: &str) -> u64 {
    let ascii = text.chars().filter(char::is_ascii).count() as u64;
    let all = text.chars().count() as u64;
    4 + ascii.div_ceil(4) + (all - ascii)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn session(n: usize) -> Vec<MemoryEvent> {
        let event = |kind: &str, trace: usize| {
            let event = json!({
                "event_type": kind, "content": "four", "metadata": {"trace_id": trace.to_string()}
            });
            from_value(event).unwrap()
        };
        let pair = |n| [event("user_message", n), event("agent_response", n)];
        (0..n).flat_map(pair).collect()
    }

    fn fates(n: usize, messages: u32, tokens: u64) -> Vec<Fate> {
        let pairs = pairs(&session(n), messages, tokens);
        pairs.iter().map(|pair| pair.fate).collect()
    }

    #[test]
    fn the_newest_pairs_that_fit_are_given() {
        use Fate::{Given, TooLong, TooOld};
        assert_eq!(fates(4, 6, 1_000), [TooOld, Given, Given, Given]);
        // Each pair has ten tokens: twice four for being a message, and one of each word.
        assert_eq!(fates(3, 6, 25), [TooLong, Given, Given]);
        assert_eq!(fates(1, 0, 1_000), [TooOld]);
    }

    #[test]
    fn a_question_without_an_answer_is_no_pair() {
        let mut events = session(1);
        events.pop();
        assert!(pairs(&events, 6, 1_000).is_empty());
    }
}
