//! A state, by shape, word and colour.

use api::resources::Phase;
use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// The states there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Mark {
    Ready,
    Working,
    Pending,
    Degraded,
    Failed,
    Cancelled,
}

impl Mark {
    /// Its shape.
    pub fn symbol(self) -> Symbol {
        match self {
            Self::Ready => Symbol::StateReady,
            Self::Working => Symbol::StateWorking,
            Self::Pending => Symbol::StatePending,
            Self::Degraded => Symbol::StateDegraded,
            Self::Failed => Symbol::StateFailed,
            Self::Cancelled => Symbol::StateCancelled,
        }
    }

    /// The word for its colour in class names.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Pending => "pending",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<Phase> for Mark {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Pending => Self::Pending,
            Phase::Waiting => Self::Working,
            Phase::Ready => Self::Ready,
            Phase::Failed => Self::Failed,
        }
    }
}

/// Shape, word and colour of a state.
#[component]
pub fn StatusMark(
    /// Which state.
    mark: Mark,
    /// The word beside the shape.
    #[prop(into)]
    word: String,
) -> impl IntoView {
    view! {
        <span class=format!("status-mark status-mark--{}", mark.tone())>
            <Icon symbol=mark.symbol() />
            <span>{word}</span>
        </span>
    }
    .into_any()
}
