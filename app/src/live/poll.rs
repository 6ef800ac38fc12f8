//! What is left where no WebSocket gets through: asking, each time the socket was tried in vain.

use api::live::LiveMessage;
use leptos::task::spawn_local;

use super::socket;
use crate::browser;

/// Tries after which no more is hoped for from the socket alone.
pub(super) const AFTER_FAILURES: u32 = 3;

/// Asks for the snapshots of the topics once.
pub(super) fn ask(topics: Vec<String>) {
    let topics = topics
        .iter()
        .map(|topic| format!("topic={}", browser::encoded(topic)));
    let path = format!("/api/live/poll?{}", topics.collect::<Vec<_>>().join("&"));
    spawn_local(async move {
        let answer = browser::get(&path).await;
        let messages = answer.and_then(|answer| serde_json::from_str(&answer).ok());
        let messages: Vec<LiveMessage> = messages.unwrap_or_default();
        messages.iter().for_each(socket::tell);
    });
}
