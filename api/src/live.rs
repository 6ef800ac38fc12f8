//! What the dashboard's one WebSocket carries.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveMessage {
    /// `k8s/{namespace}/{plural}` or `runs/{namespace}`; the namespace `_all` stands for all.
    pub topic: String,
    /// Counts up per topic.
    pub seq: u64,
    /// What to do with `data`.
    pub op: LiveOp,
    /// The object, or the list of them in a snapshot.
    pub data: Value,
}

/// What to do with the data of a [`LiveMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveOp {
    /// Replace everything known about the topic.
    Snapshot,
    /// Add or replace one object.
    Upsert,
    /// Remove one object.
    Delete,
}

/// A message from the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the fields say themselves what they are")]
pub enum LiveRequest {
    /// Start sending a topic.
    Subscribe { topic: String },
    /// Stop sending it.
    Unsubscribe { topic: String },
}
