//! Says in the header whether the page follows what happens, and above it when it does not.

use leptos::prelude::*;

use crate::{
    components::icon::{Icon, Symbol},
    live::{self, Connection},
};

/// `live`, `connecting`, `polling` or `paused`; leads to the health of all sources.
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
        Connection::Polling => "polling",
        Connection::Paused { .. } => "paused",
    };
    let words = move || match connection.get() {
        Connection::Connecting => "Live: connecting",
        Connection::Live => "Live: on",
        Connection::Polling => "Live: asking",
        Connection::Paused { .. } => "Live: paused",
    };
    view! {
        <a class="live-state" href="/system" data-testid="live-state" data-state=state>
            <span class="live-state-dot" aria-hidden="true"></span>
            <span class="live-state-words">{words}</span>
        </a>
        <div class="live-banner" role="status">
            {move || banner(connection.get())}
        </div>
    }
    .into_any()
}

/// What a reader has to know while nothing follows.
fn banner(connection: Connection) -> Option<impl IntoView> {
    let Connection::Paused {
        retry_seconds,
        since,
    } = connection
    else {
        return None;
    };
    let shown = match since {
        Some(since) => format!("showing data from {since}"),
        None => "showing data from when the page was opened".to_owned(),
    };
    Some(view! {
        <p class="live-banner-words">
            <Icon symbol=Symbol::Clock />
            <span>{format!("Live updates paused, {shown}, reconnecting in {retry_seconds} s")}</span>
            <button class="button" type="button" on:click=|_| live::retry()>
                "Retry"
            </button>
        </p>
    })
}
