//! Beside the conversation: what its newest run does, span by span.
//!
//! A waterfall is as large as the conversation itself, so its part of the program is fetched when there
//! is a run to draw.

use leptos::{html, prelude::*};

use super::Conversation;

/// A trace, and its run while that goes on.
type Shown = Option<(String, Option<String>)>;

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
    let place = NodeRef::new();
    keep_drawn(place, shown);
    view! { <aside class="chat-beside" aria-label="Spans of the run" node_ref=place></aside> }
        .into_any()
}

#[cfg(feature = "hydrate")]
fn keep_drawn(place: NodeRef<html::Aside>, shown: Memo<Shown>) {
    let drawn = StoredValue::new_local(None);
    Effect::new(move || {
        let (Some(place), Some((trace, run))) = (place.get(), shown.get()) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let waterfall = browser::draw(place, trace, run).await;
            // The one before goes; so does this one, when the page has gone meanwhile.
            drop(drawn.try_set_value(Some(waterfall)));
        });
    });
}

/// Fetches the part of the program that draws, so that the first step need not wait for it.
pub(super) fn prepare() {
    #[cfg(feature = "hydrate")]
    browser::prepare();
}

#[cfg(not(feature = "hydrate"))]
fn keep_drawn(_place: NodeRef<html::Aside>, _shown: Memo<Shown>) {}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::{
        mount::{UnmountHandle, mount_to},
        prelude::*,
    };
    use web_sys::HtmlElement;

    use crate::components::waterfall;

    pub(super) fn prepare() {
        let _ = lazy_preload!(draw);
    }

    #[lazy]
    pub(super) fn draw(
        place: HtmlElement,
        trace: String,
        run: Option<String>,
    ) -> UnmountHandle<<AnyView as Render>::State> {
        mount_to(place, move || waterfall::beside(trace, run))
    }
}
