//! Says in the header whether the page follows what happens.

use leptos::prelude::*;

use crate::live::{self, Connection};

/// `live`, `connecting` or `paused`.
#[island]
pub fn LiveState() -> impl IntoView {
    let connection = RwSignal::new(Connection::Connecting);
    Effect::new(move || {
        let shared = live::connection();
        Effect::new(move || connection.set(shared.get()));
    });
    let state = move || match connection.get() {
        Connection::Connecting => "connecting",
        Connection::Live => "live",
        Connection::Paused { .. } => "paused",
    };
    let words = move || match connection.get() {
        Connection::Connecting => "Live: connecting".to_owned(),
        Connection::Live => "Live: on".to_owned(),
        Connection::Paused { retry_seconds } => {
            format!("Live: paused, next try in {retry_seconds} s")
        }
    };
    view! {
        <span class="live-state" data-testid="live-state" data-state=state role="status">
            <span class="live-state-dot" aria-hidden="true"></span>
            <span class="live-state-words">{words}</span>
        </span>
    }
}
