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
    fn symbol(self) -> Symbol {
        match self {
            Self::Ready => Symbol::StateReady,
            Self::Working => Symbol::StateWorking,
            Self::Pending => Symbol::StatePending,
            Self::Degraded => Symbol::StateDegraded,
            Self::Failed => Symbol::StateFailed,
            Self::Cancelled => Symbol::StateCancelled,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Ready => "status-mark status-mark--ready",
            Self::Working => "status-mark status-mark--working",
            Self::Pending => "status-mark status-mark--pending",
            Self::Degraded => "status-mark status-mark--degraded",
            Self::Failed => "status-mark status-mark--failed",
            Self::Cancelled => "status-mark status-mark--cancelled",
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
        <span class=mark.class()>
            <Icon symbol=mark.symbol() />
            <span>{word}</span>
        </span>
    }
}
