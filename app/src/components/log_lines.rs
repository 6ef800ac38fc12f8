//! All lines of logs that a page stands for, in one window that scrolls evenly however many there are.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;

use std::ops::Range;

use api::traces::LogRecord;
use leptos::{html, prelude::*};

use super::log_line::{span_link, time};
use crate::{
    format,
    untrusted::{block, visible},
};

/// Height of a line, in pixels; as in `log_lines.css`.
const LINE: usize = 24;
/// Lines above and below the window that are there already.
const SPARE: usize = 8;

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
    /// The first line in view, and how many there is room for.
    in_view: RwSignal<(usize, usize)>,
    scroller: NodeRef<html::Div>,
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
        in_view: RwSignal::new((0, 0)),
        scroller: NodeRef::new(),
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
        <section class="log-lines" aria-label="All lines" data-testid="log-lines" data-state=state>
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
    let height = move || lines.count.get() * LINE;
    let space = move || format!("height:{}px", height());
    // With room for the frame, as a browser counts it.
    let most = move || format!("height:min(60vh, {}px)", height() + 2);
    view! {
        <div
            class="log-lines-window"
            role="region"
            aria-label="Lines"
            tabindex="0"
            style=most
            node_ref=lines.scroller
            on:scroll=move |_| {
                #[cfg(feature = "hydrate")]
                browser::look(lines);
            }
        >
            <div class="log-lines-space" role="list" style=space>
                <For each=move || shown(lines) key=|number| *number children=move |number| line(lines, number) />
            </div>
        </div>
    }
    .into_any()
}

/// The numbers of the lines that are drawn, from 0.
fn shown(lines: Lines) -> Range<usize> {
    let (first, room) = lines.in_view.get();
    let n = lines.count.get();
    first.saturating_sub(SPARE).min(n)..(first + room + SPARE).min(n)
}

fn line(lines: Lines, number: usize) -> AnyView {
    let log: Option<LogRecord> = lines.texts.with_value(|texts| {
        let text = texts.get(number)?;
        serde_json::from_str(text).ok()
    });
    let Some(log) = log else {
        return ().into_any();
    };
    let message = block(&log.body).text.into_owned();
    let title = message.clone();
    view! {
        <div
            class="log-line"
            role="listitem"
            data-testid="log-line"
            data-severity=log.severity.clone()
            style=format!("top:{}px", number * LINE)
            aria-posinset=(number + 1).to_string()
            aria-setsize="-1"
        >
            <span class="logs-time">{time(&log)}</span>
            <span class="logs-severity">{visible(&log.severity).into_owned()}</span>
            <span class="log-line-service">{visible(&log.service).into_owned()}</span>
            <span class="log-line-message" title=title>{message}</span>
            <span>{span_link(&log)}</span>
        </div>
    }
    .into_any()
}
