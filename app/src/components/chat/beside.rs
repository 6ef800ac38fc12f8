//! Beside the conversation: what its newest run does, span by span.

use leptos::prelude::*;

use super::Conversation;
use crate::components::waterfall;

/// The waterfall of the newest run whose trace is known; of the one before this page otherwise.
pub(super) fn view(conversation: Conversation, before: Option<String>) -> AnyView {
    let shown = Memo::new(move |_| {
        let turns = conversation.turns.get();
        let of_turn = |turn: &super::Turn| {
            turn.run
                .with(|run| Some((run.trace_id.clone()?, Some(run.run_id.clone()?))))
        };
        let newest = turns.iter().rev().find_map(of_turn);
        newest.or_else(|| Some((before.clone()?, None)))
    });
    view! {
        <aside class="chat-beside" aria-label="Spans of the run">
            {move || shown.get().map(|(trace, run)| waterfall::beside(trace, run))}
        </aside>
    }
    .into_any()
}
