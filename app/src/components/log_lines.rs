//! All lines of logs that a page stands for, in one window that scrolls evenly however many there are.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;

use api::traces::LogRecord;
use leptos::prelude::*;

use super::log_window::LogWindow;
use crate::format;

/// How far reading has got.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser reads")
)]
enum Phase {
    NotAsked,
    Reading,
    Read,
    /// The answer ended too early.
    Broken,
}

/// What the island knows.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser reads and scrolls")
)]
struct Lines {
    /// Where the lines are to be had.
    href: StoredValue<String>,
    /// Each as it came: those in view are understood, the others only kept.
    texts: StoredValue<Vec<Box<str>>>,
    count: RwSignal<usize>,
    phase: RwSignal<Phase>,
    window: LogWindow,
}

/// Reads all lines once it is asked to, and shows those in view.
#[island(lazy)]
pub fn LogLines(
    /// The file's address, with the conditions of the page.
    href: String,
) -> impl IntoView {
    let lines = Lines {
        href: StoredValue::new(href),
        texts: StoredValue::new(Vec::new()),
        count: RwSignal::new(0),
        phase: RwSignal::new(Phase::NotAsked),
        window: LogWindow::new(),
    };
    let ask = move |_| {
        #[cfg(feature = "hydrate")]
        browser::read(lines);
    };
    let state = move || match lines.phase.get() {
        Phase::NotAsked => "not-asked",
        Phase::Reading => "reading",
        Phase::Read => "read",
        Phase::Broken => "broken",
    };
    let is_asked = Memo::new(move |_| lines.phase.get() != Phase::NotAsked);
    let is_reading = move || lines.phase.get() == Phase::Reading;
    view! {
        <section class="log-lines needs-scripts" aria-label="All lines" data-testid="log-lines" data-state=state>
            <p class="log-tail-head">
                <button class="button" type="button" disabled=is_reading on:click=ask>
                    "Scroll through all lines"
                </button>
                <span aria-live="polite">{move || words(lines)}</span>
            </p>
            {move || is_asked.get().then(|| window(lines))}
        </section>
    }
}

fn words(lines: Lines) -> String {
    let n = format::counted(lines.count.get() as u64, "line", "lines");
    match lines.phase.get() {
        Phase::NotAsked => "At most 100,000 at a time.".to_owned(),
        Phase::Reading => format!("Reading: {n} so far."),
        Phase::Read => format!("{n}."),
        Phase::Broken => format!("{n}; then the server broke off. Ask again for all."),
    }
}

fn window(lines: Lines) -> AnyView {
    let record = move |number: usize| -> Option<LogRecord> {
        lines.texts.with_value(|texts| {
            let text = texts.get(number)?;
            serde_json::from_str(text).ok()
        })
    };
    let shape = ("Lines", "60vh");
    lines.window.view(shape, lines.count.into(), record)
}
