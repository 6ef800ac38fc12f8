//! A session's events as the conversation a model sees.
//!
//! It is made of whole pairs, a question with its answer, so that nothing is ever torn from what it
//! belongs to.

use api::chat::{Message, Role};

use super::{Event, EventKind};

/// What a message costs besides its words.
const TOKENS_OF_A_MESSAGE: u64 = 4;
/// Letters of a token in languages that are written in ASCII.
const LETTERS_OF_A_TOKEN: u64 = 4;

/// The newest pairs that fit into `messages` and `tokens`, oldest first. A question that failed has
/// no answer and is left out, so that roles alternate as models expect.
pub(super) fn newest(events: Vec<Event>, messages: usize, tokens: u64) -> Vec<Message> {
    let mut left = tokens;
    let mut fitting: Vec<_> = pairs(events)
        .into_iter()
        .rev()
        .take(messages / 2)
        .map_while(|pair| {
            let cost = pair.iter().map(estimated_tokens).sum();
            left = left.checked_sub(cost)?;
            Some(pair)
        })
        .collect();
    fitting.reverse();
    fitting.into_iter().flatten().collect()
}

fn pairs(events: Vec<Event>) -> Vec<[Message; 2]> {
    let mut pairs = Vec::new();
    let mut asked: Vec<Event> = Vec::new();
    for event in events {
        if event.event_type == EventKind::UserMessage {
            asked.push(event);
            continue;
        }
        // Two requests of one session may overlap; the trace says which question this answers.
        let trace = &event.metadata.trace_id;
        if let Some(place) = asked
            .iter()
            .rposition(|asked| asked.metadata.trace_id == *trace)
        {
            let question = asked.remove(place);
            pairs.push([
                Message::text(Role::User, question.words()),
                Message::text(Role::Assistant, event.words()),
            ]);
        }
    }
    pairs
}

/// Every model counts in its own way; this is near enough for a bound, and rather too many.
fn estimated_tokens(message: &Message) -> u64 {
    let (mut ascii, mut others) = (0_u64, 0_u64);
    for letter in message.words().chars() {
        if letter.is_ascii() {
            ascii += 1;
        } else {
            others += 1;
        }
    }
    TOKENS_OF_A_MESSAGE + ascii.div_ceil(LETTERS_OF_A_TOKEN) + others
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::memory::EventMetadata;

    /// Questions and answers of runs that overlap, fail and are cancelled.
    fn any_events() -> impl Strategy<Value = Vec<Event>> {
        let event =
            (any::<bool>(), 0..4_u8, "[a-z]{1,30}").prop_map(|(asks, trace, words)| Event {
                event_id: String::new(),
                session_id: "one".to_owned(),
                timestamp: Timestamp::UNIX_EPOCH,
                event_type: if asks {
                    EventKind::UserMessage
                } else {
                    EventKind::AgentResponse
                },
                content: json!(words),
                metadata: EventMetadata {
                    trace_id: Some(trace.to_string()),
                    span_id: None,
                },
            });
        prop::collection::vec(event, 0..20)
    }

    proptest! {
        #[test]
        fn whatever_became_of_runs_a_conversation_is_questions_with_their_answers(
            events in any_events(),
            messages in 0..12_usize,
            tokens in 0..200_u64,
        ) {
            let newest = newest(events, messages, tokens);
            prop_assert!(newest.len() <= messages);
            prop_assert!(newest.iter().map(estimated_tokens).sum::<u64>() <= tokens);
            let roles: Vec<_> = newest.iter().map(|message| message.role).collect();
            for pair in roles.chunks(2) {
                prop_assert_eq!(pair, [Role::User, Role::Assistant]);
            }
        }
    }

    #[test]
    fn words_of_any_language_are_estimated() {
        let tokens = |text: &str| estimated_tokens(&Message::text(Role::User, text));
        assert_eq!(tokens(""), 4);
        assert_eq!(tokens("What is 2 + 3?"), 8);
        assert_eq!(tokens("今天天气"), 8);
    }
}
