//! Pictures from the one sprite, `public/icons.svg`.

use leptos::prelude::*;

/// The pictures there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the picture of its name")]
pub enum Symbol {
    Mark,
    Overview,
    Map,
    Agents,
    Tools,
    Models,
    Secrets,
    Sessions,
    Traces,
    Logs,
    Exceptions,
    Metrics,
    Alerts,
    Pods,
    System,
    Settings,
    Namespace,
    Search,
    More,
    Close,
    Check,
    Copy,
    Edit,
    Trash,
    Play,
    Stop,
    Refresh,
    Up,
    Down,
    Left,
    Right,
    Plus,
    Minus,
    Fit,
    Filter,
    Columns,
    List,
    Rail,
    Keyboard,
    External,
    Download,
    Send,
    Lock,
    Clock,
    Info,
    User,
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
    /// All of them.
    pub const ALL: [Self; 55] = [
        Self::Mark,
        Self::Overview,
        Self::Map,
        Self::Agents,
        Self::Tools,
        Self::Models,
        Self::Secrets,
        Self::Sessions,
        Self::Traces,
        Self::Logs,
        Self::Exceptions,
        Self::Metrics,
        Self::Alerts,
        Self::Pods,
        Self::System,
        Self::Settings,
        Self::Namespace,
        Self::Search,
        Self::More,
        Self::Close,
        Self::Check,
        Self::Copy,
        Self::Edit,
        Self::Trash,
        Self::Play,
        Self::Stop,
        Self::Refresh,
        Self::Up,
        Self::Down,
        Self::Left,
        Self::Right,
        Self::Plus,
        Self::Minus,
        Self::Fit,
        Self::Filter,
        Self::Columns,
        Self::List,
        Self::Rail,
        Self::Keyboard,
        Self::External,
        Self::Download,
        Self::Send,
        Self::Lock,
        Self::Clock,
        Self::Info,
        Self::User,
        Self::ThemeSystem,
        Self::ThemeDark,
        Self::ThemeLight,
        Self::StateReady,
        Self::StateWorking,
        Self::StatePending,
        Self::StateDegraded,
        Self::StateFailed,
        Self::StateCancelled,
    ];

    /// Its name in the sprite.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Overview => "overview",
            Self::Map => "map",
            Self::Agents => "agents",
            Self::Tools => "tools",
            Self::Models => "models",
            Self::Secrets => "secrets",
            Self::Sessions => "sessions",
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Exceptions => "exceptions",
            Self::Metrics => "metrics",
            Self::Alerts => "alerts",
            Self::Pods => "pods",
            Self::System => "system",
            Self::Settings => "settings",
            Self::Namespace => "namespace",
            Self::Search => "search",
            Self::More => "more",
            Self::Close => "close",
            Self::Check => "check",
            Self::Copy => "copy",
            Self::Edit => "edit",
            Self::Trash => "trash",
            Self::Play => "play",
            Self::Stop => "stop",
            Self::Refresh => "refresh",
            Self::Up => "up",
            Self::Down => "down",
            Self::Left => "left",
            Self::Right => "right",
            Self::Plus => "plus",
            Self::Minus => "minus",
            Self::Fit => "fit",
            Self::Filter => "filter",
            Self::Columns => "columns",
            Self::List => "list",
            Self::Rail => "rail",
            Self::Keyboard => "keyboard",
            Self::External => "external",
            Self::Download => "download",
            Self::Send => "send",
            Self::Lock => "lock",
            Self::Clock => "clock",
            Self::Info => "info",
            Self::User => "user",
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
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_in_the_sprite() {
        const SPRITE: &str = include_str!("../../../public/icons.svg");
        for symbol in Symbol::ALL {
            let id = format!("id=\"{}\"", symbol.id());
            assert!(SPRITE.contains(&id), "{id}");
        }
    }
}
