//! What stands in a region instead of, or beside, its data: one picture per state, so that "none",
//! "not allowed" and "failed" never look alike.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// Why a region does not show what it is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is on its way. Shown only after 300 ms.
    Loading {
        /// Lines it will have, about.
        lines: usize,
    },
    /// There is none.
    Empty {
        /// What there is none of, such as "No agents in team-a".
        title: String,
    },
    /// Some of it is here; a source failed.
    Partial {
        /// What is missing.
        what: String,
        /// The source's own message.
        message: String,
    },
    /// It cannot be shown.
    Failed {
        /// What is not shown, such as "Agents".
        what: String,
        /// The source's own message, with its status.
        message: String,
    },
    /// The reader may not see it.
    Denied {
        /// What may not be done, such as "list agents in team-a".
        what: String,
        /// The source's own message.
        message: String,
        /// A command that shows the same in a terminal.
        command: String,
    },
    /// It is what it was some time ago.
    Stale {
        /// Of when it is.
        since: String,
    },
}

impl Why {
    fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::Loading { .. } | Self::Empty { .. } => None,
            Self::Partial { .. } => Some(Symbol::StateDegraded),
            Self::Failed { .. } => Some(Symbol::StateFailed),
            Self::Denied { .. } => Some(Symbol::Lock),
            Self::Stale { .. } => Some(Symbol::Clock),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Loading { .. } => "instead instead--loading",
            Self::Empty { .. } => "instead instead--empty",
            Self::Partial { .. } => "instead instead--partial",
            Self::Failed { .. } => "instead instead--failed",
            Self::Denied { .. } => "instead instead--denied",
            Self::Stale { .. } => "instead instead--stale",
        }
    }
}

/// Draws one of the states; children say what to do next.
#[component]
pub fn Instead(
    /// Which.
    why: Why,
    /// The next step.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (class, symbol) = (why.class(), why.symbol());
    let children = children.map(|children| children());
    if let Why::Loading { lines } = why {
        let bars = (0..lines).map(|_| view! { <span class="skeleton"></span> });
        return view! {
            <div class=class aria-busy="true">
                <span class="visually-hidden">"Loading"</span>
                {bars.collect_view()}
            </div>
        }
        .into_any();
    }
    let role = matches!(why, Why::Failed { .. }).then_some("alert");
    view! {
        <div class=class role=role>
            {symbol.map(|symbol| view! { <Icon symbol /> })}
            <div class="instead-words">{words(why)} {children}</div>
        </div>
    }
    .into_any()
}

fn words(why: Why) -> AnyView {
    match why {
        Why::Loading { .. } => ().into_any(),
        Why::Empty { title } => view! { <strong>{title}</strong> }.into_any(),
        Why::Partial { what, message } => view! {
            <strong>{what} " is missing here"</strong>
            <p>{message}</p>
        }
        .into_any(),
        Why::Failed { what, message } => view! {
            <strong>{what} " cannot be shown"</strong>
            <p>{message}</p>
            <p>
                <a href="">"Try again"</a>
            </p>
        }
        .into_any(),
        Why::Denied {
            what,
            message,
            command,
        } => view! {
            <strong>"You cannot " {what}</strong>
            <p>{message}</p>
            <p>
                "The same in a terminal: " <code>{command}</code>
            </p>
        }
        .into_any(),
        Why::Stale { since } => view! {
            <strong>"This is how it was at " {since}</strong>
        }
        .into_any(),
    }
}
