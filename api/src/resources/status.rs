//! What a reconciler reports, alike for all kinds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a resource has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum Phase {
    /// Seen, nothing runs yet.
    #[default]
    Pending,
    /// Something it refers to is missing or not ready.
    Waiting,
    /// Serving.
    Ready,
    /// Cannot serve until something is changed; the message says what.
    Failed,
}

impl Phase {
    /// The word users see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Waiting => "Waiting",
            Self::Ready => "Ready",
            Self::Failed => "Failed",
        }
    }
}

/// A Kubernetes condition, so that `kubectl wait --for=condition=Ready` works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub struct Condition {
    /// `Ready`, `DependenciesReady` or `Progressing`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word for programs.
    pub reason: String,
    /// One sentence for people.
    pub message: String,
    /// When `status` last changed.
    #[cfg_attr(feature = "crd", schemars(with = "String"))]
    pub last_transition_time: Timestamp,
    /// The generation this was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
