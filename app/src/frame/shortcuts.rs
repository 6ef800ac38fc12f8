//! The list of keys, behind `?`.

use leptos::prelude::*;

use crate::components::dialog::Dialog;

/// Keys and what they do, in groups.
const KEYS: [(&str, &[(&str, &str)]); 5] = [
    (
        "Anywhere",
        &[
            ("Ctrl K", "search, or run a command"),
            ("?", "this list"),
            ("/", "to the page's filter"),
            ("[", "navigation with or without words"),
            ("Esc", "close the top layer"),
        ],
    ),
    (
        "Go to",
        &[
            ("g o", "overview"),
            ("g m", "map"),
            ("g a", "agents"),
            ("g t", "MCP servers"),
            ("g d", "model APIs"),
            ("g k", "secrets"),
            ("g s", "sessions"),
            ("g r", "traces"),
            ("g l", "logs"),
            ("g e", "exceptions"),
            ("g x", "metrics"),
        ],
    ),
    (
        "Create",
        &[
            ("c a", "an agent"),
            ("c t", "an MCP server"),
            ("c d", "a model API"),
            ("c s", "a secret"),
        ],
    ),
    (
        "In a list",
        &[
            ("j k", "next row, previous row"),
            ("Enter", "open the row"),
            ("Space", "select the row"),
            (".", "the row's menu"),
        ],
    ),
    (
        "In the spans of a trace",
        &[
            ("↑ ↓ ← →", "row, close and open"),
            ("e E", "next and previous error"),
            ("s", "slowest on the critical path"),
            ("c", "the critical path alone"),
            ("x X", "close all, open all"),
            ("1 9", "open down to a depth"),
            ("z Z", "zoom to the span, and out"),
            ("+ -", "zoom in and out"),
            ("Enter", "into the panel"),
            ("l", "logs of the span"),
            ("y", "copy the link"),
            ("w t b v", "waterfall, steps, table, logs"),
        ],
    ),
];

/// The dialog, closed until it is asked for.
#[component]
pub(super) fn ShortcutsDialog() -> impl IntoView {
    view! {
        <Dialog id="shortcuts" title="Keyboard shortcuts">
            <KeyList />
            <p class="dialog-note">
                "Single keys do nothing inside fields. They can be switched off in the "
                <a href="/settings">"settings"</a> "."
            </p>
        </Dialog>
    }
    .into_any()
}

/// All groups of keys.
#[component]
pub(crate) fn KeyList() -> impl IntoView {
    let key = |(keys, what): &(&'static str, &'static str)| {
        view! {
            <div>
                <dt>{keys.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect_view()}</dt>
                <dd>{*what}</dd>
            </div>
        }
    };
    let group = |(word, keys): &(&'static str, &[(&'static str, &'static str)])| {
        view! {
            <section>
                <h3>{*word}</h3>
                <dl>{keys.iter().map(key).collect_view()}</dl>
            </section>
        }
    };
    view! { <div class="key-list">{KEYS.iter().map(group).collect_view()}</div> }
}
