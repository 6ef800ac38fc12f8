//! Lines of logs as they arrive, above those that the server has drawn.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;

use std::collections::VecDeque;

use api::traces::LogRecord;
use leptos::prelude::*;

use super::log_window::LogWindow;

/// Lines that are kept; older ones are let go.
const MOST: usize = 500;

/// What the island knows.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser follows")
)]
struct Tail {
    /// Where the lines are to be had.
    href: StoredValue<String>,
    is_following: RwSignal<bool>,
    /// Counts the presses of the button: who asked before the last one asks no more.
    press: StoredValue<u32>,
    /// The newest last.
    lines: RwSignal<VecDeque<LogRecord>>,
    /// Lines that arrived, those that were let go included.
    n_arrived: RwSignal<usize>,
    /// Why no lines come, when they do not.
    trouble: RwSignal<Option<&'static str>>,
    window: LogWindow,
}

/// Follows the lines that a file of logs gets, once it is asked to.
#[island(lazy)]
pub fn LogTail(
    /// The file's address, with the conditions of the page.
    href: String,
) -> impl IntoView {
    let tail = Tail {
        href: StoredValue::new(href),
        is_following: RwSignal::new(false),
        press: StoredValue::new(0),
        lines: RwSignal::new(VecDeque::new()),
        n_arrived: RwSignal::new(0),
        trouble: RwSignal::new(None),
        window: LogWindow::new(),
    };
    let has_lines = Memo::new(move |_| tail.lines.with(|lines| !lines.is_empty()));
    let toggle = move |_| {
        #[cfg(feature = "hydrate")]
        browser::toggle(tail);
    };
    let word = move || {
        if tail.is_following.get() {
            "Pause"
        } else {
            "Follow live"
        }
    };
    let state = move || {
        if tail.is_following.get() {
            "live"
        } else {
            "paused"
        }
    };
    view! {
        <section class="log-tail needs-scripts" aria-label="Live lines" data-testid="log-tail" data-state=state>
            <p class="log-tail-head">
                <button class="button" type="button" on:click=toggle>
                    {word}
                </button>
                <span>{move || words(tail)}</span>
            </p>
            {move || has_lines.get().then(|| window(tail))}
        </section>
    }
}

fn words(tail: Tail) -> String {
    if let Some(trouble) = tail.trouble.get() {
        return trouble.to_owned();
    }
    let (n, shown) = (tail.n_arrived.get(), tail.lines.with(VecDeque::len));
    match (n, tail.is_following.get()) {
        (0, false) => "Shows lines as they arrive.".to_owned(),
        (0, true) => "Waiting for lines.".to_owned(),
        (n, _) if n > shown => format!("{n} lines arrived; the newest {shown} are shown."),
        (1, _) => "1 line arrived.".to_owned(),
        (n, _) => format!("{n} lines arrived."),
    }
}

/// The newest line first.
fn window(tail: Tail) -> AnyView {
    let count = Signal::derive(move || tail.lines.with(VecDeque::len));
    let record = move |number: usize| {
        tail.lines.with(|lines| {
            let from_oldest = lines.len().checked_sub(number + 1)?;
            lines.get(from_oldest).cloned()
        })
    };
    tail.window.view(("Live lines", "320px"), count, record)
}

/// Adds what arrived and lets go of what is too much.
#[cfg_attr(
    not(any(feature = "hydrate", test)),
    expect(dead_code, reason = "only a browser follows")
)]
fn keep(lines: &mut VecDeque<LogRecord>, arrived: Vec<LogRecord>) {
    lines.extend(arrived);
    let too_many = lines.len().saturating_sub(MOST);
    lines.drain(..too_many);
}

#[cfg(test)]
mod tests {
    use api::traces::LogPosition;

    use super::*;

    #[test]
    fn however_many_lines_arrive_the_newest_are_kept() {
        let log = |ordinal| LogRecord {
            time_ns: ordinal,
            service: "a".to_owned(),
            severity: "INFO".to_owned(),
            severity_number: 9,
            body: String::new(),
            trace_id: None,
            span_id: None,
            attributes: Vec::new(),
            position: LogPosition {
                segment: 1,
                ordinal,
            },
        };
        let mut lines = VecDeque::new();
        keep(&mut lines, (0..400).map(log).collect());
        keep(&mut lines, (400..900).map(log).collect());
        assert_eq!(lines.len(), MOST);
        assert_eq!(lines.front().map(|line| line.time_ns), Some(400));
    }
}
