//! Updates of a page that is open: one socket per tab, shared by all islands.
//!
//! On the server nothing here does anything; a page is complete without it.

#[cfg(feature = "hydrate")]
mod poll;
#[cfg(feature = "hydrate")]
mod socket;

pub mod backoff;

use api::live::LiveMessage;
use leptos::prelude::*;

/// Whether what the page shows follows what happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// No answer yet.
    #[default]
    Connecting,
    /// It follows.
    Live,
    /// It does not; what is shown is how it was then, and the next try is in so many seconds.
    Paused {
        /// Seconds to the next try.
        retry_seconds: u32,
        /// The last time it followed, `10:42:07` on the reader's clock; none if it never did.
        since: Option<String>,
    },
    /// No socket can be opened; it asks every few seconds instead.
    Polling,
}

/// The topic of one kind in one namespace, or in all of them.
pub fn topic(namespace: &str, plural: &str) -> String {
    format!("k8s/{namespace}/{plural}")
}

/// Calls `on` with every message of `topic` from now on, in the browser.
///
/// The island that subscribes lives as long as the page, so there is no way to unsubscribe.
pub fn subscribe(topic: String, on: impl Fn(&LiveMessage) + 'static) {
    #[cfg(feature = "hydrate")]
    socket::subscribe(topic, on);
    #[cfg(not(feature = "hydrate"))]
    drop((topic, on));
}

/// The state of the socket, for the indicator in the header.
pub fn connection() -> ArcReadSignal<Connection> {
    #[cfg(feature = "hydrate")]
    return socket::connection();
    #[cfg(not(feature = "hydrate"))]
    ArcRwSignal::new(Connection::Connecting).read_only()
}

/// Tries at once to follow again.
pub fn retry() {
    #[cfg(feature = "hydrate")]
    socket::retry();
}
