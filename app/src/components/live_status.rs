//! The state of one resource, as it is now.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use api::live::LiveOp;
use leptos::prelude::*;

use super::status_mark::{Mark, StatusMark};
use crate::{
    kinds::Kind,
    live,
    rows::{self, State},
};

/// Mark and reason of one resource; follows its changes.
#[island]
pub fn LiveStatus(
    /// Its kind.
    kind: Kind,
    /// Its namespace.
    namespace: String,
    /// Its name.
    name: String,
    /// Its state when the page was drawn; `None` when it did not exist.
    state: Option<State>,
) -> impl IntoView {
    let state = RwSignal::new(state);
    Effect::new(move || {
        let name = name.clone();
        live::subscribe(live::topic(&namespace, kind.plural()), move |message| {
            let found = rows::object_in(message, &name);
            let is_gone = match message.op {
                LiveOp::Snapshot => found.is_none(),
                LiveOp::Upsert => false,
                LiveOp::Delete => rows::name(&message.data).as_deref() == Some(&name),
            };
            if let Some(object) = found {
                state.set(Some(State::of(object)));
            } else if is_gone {
                state.set(None);
            }
        });
    });
    move || state_view(state.get())
}

/// Mark and reason of a state.
pub fn state_view(state: Option<State>) -> impl IntoView {
    match state {
        None => view! {
            <span class="state">
                <StatusMark mark=Mark::Failed word="Does not exist" />
            </span>
        }
        .into_any(),
        Some(State { phase, reason }) => view! {
            <span class="state">
                <StatusMark mark=phase.into() word=phase.as_str() />
                <span class="state-reason">{reason}</span>
            </span>
        }
        .into_any(),
    }
}
