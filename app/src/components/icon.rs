//! Pictures from the one sprite, `public/icons.svg`.

use leptos::prelude::*;

/// The pictures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the picture of its name")]
pub enum Symbol {
    Mark,
    Overview,
    Agents,
    Traces,
    Info,
    Down,
    Plus,
    ThemeSystem,
    ThemeDark,
    ThemeLight,
    StateReady,
    StateWorking,
    StatePending,
    StateDegraded,
    StateFailed,
    StateCancelled,
}

impl Symbol {
    fn id(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Overview => "overview",
            Self::Agents => "agents",
            Self::Traces => "traces",
            Self::Info => "info",
            Self::Down => "down",
            Self::Plus => "plus",
            Self::ThemeSystem => "theme-system",
            Self::ThemeDark => "theme-dark",
            Self::ThemeLight => "theme-light",
            Self::StateReady => "state-ready",
            Self::StateWorking => "state-working",
            Self::StatePending => "state-pending",
            Self::StateDegraded => "state-degraded",
            Self::StateFailed => "state-failed",
            Self::StateCancelled => "state-cancelled",
        }
    }
}

/// A picture beside a word; screen readers skip it.
#[component]
pub fn Icon(
    /// Which picture.
    symbol: Symbol,
) -> impl IntoView {
    view! {
        <svg class="icon" aria-hidden="true" focusable="false" viewBox="0 0 16 16">
            <use_ href=format!("/icons.svg#{}", symbol.id())></use_>
        </svg>
    }
}
