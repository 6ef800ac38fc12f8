//! Lines of logs in a window that scrolls evenly however many there are: only those in view are drawn.

#[cfg(feature = "hydrate")]
mod browser;

use std::ops::Range;

use api::traces::LogRecord;
use leptos::{html, prelude::*};

use crate::untrusted::{block, visible};

#[cfg(feature = "hydrate")]
pub(super) use browser::look_soon;

/// Height of a line, in pixels; as in `log_window.css`.
const LINE: usize = 24;
/// Lines above and below the window that are there already.
const SPARE: usize = 8;

/// The part of the lines that is in view.
#[derive(Clone, Copy)]
pub(super) struct LogWindow {
    /// The first line in view, and how many there is room for.
    in_view: RwSignal<(usize, usize)>,
    scroller: NodeRef<html::Div>,
}

impl LogWindow {
    pub(super) fn new() -> Self {
        Self {
            in_view: RwSignal::new((0, 0)),
            scroller: NodeRef::new(),
        }
    }

    /// The numbers of the lines that are drawn, of so many, from 0.
    fn shown(self, n: usize) -> Range<usize> {
        let (first, room) = self.in_view.get();
        first.saturating_sub(SPARE).min(n)..(first + room + SPARE).min(n)
    }

    /// Draws them, at most `highest` high, a length of CSS. `record` is asked for a line by its number.
    pub(super) fn view(
        self,
        (label, highest): (&'static str, &'static str),
        count: Signal<usize>,
        record: impl Fn(usize) -> Option<LogRecord> + Copy + Send + Sync + 'static,
    ) -> AnyView {
        let height = move || count.get() * LINE;
        let space = move || format!("height:{}px", height());
        // With room for the frame, as a browser counts it.
        let most = move || format!("height:min({highest}, {}px)", height() + 2);
        let lines = move || {
            let shown = self.shown(count.get());
            shown.filter_map(move |number| Some((number, record(number)?)))
        };
        view! {
            <div
                class="log-window"
                role="region"
                aria-label=label
                tabindex="0"
                style=most
                node_ref=self.scroller
                on:scroll=move |_| {
                    #[cfg(feature = "hydrate")]
                    browser::look(self);
                }
            >
                <div class="log-window-space" role="list" style=space>
                    <For
                        each=lines
                        key=|(number, log)| (*number, log.position)
                        children=|(number, log)| line(number, log)
                    />
                </div>
            </div>
        }
        .into_any()
    }
}

fn line(number: usize, log: LogRecord) -> AnyView {
    let message = block(&log.body).text.into_owned();
    let title = message.clone();
    view! {
        <div
            class="log-line"
            role="listitem"
            data-testid="log-row"
            data-span-id=log.span_id.map(|id| id.to_string())
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

/// The time of day, in UTC. By hand: a library of calendars is a tenth of the browser's program.
fn time(log: &LogRecord) -> String {
    let ms = log.time_ns / 1_000_000;
    let (hour, minute) = (ms / 3_600_000 % 24, ms / 60_000 % 60);
    let (second, ms) = (ms / 1_000 % 60, ms % 1_000);
    format!("{hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// The way to the span that said it, where there is one.
fn span_link(log: &LogRecord) -> Option<AnyView> {
    let id = log.trace_id?;
    let href = match log.span_id {
        Some(span) => format!("/traces/{id}?span={span}&side=logs"),
        None => format!("/traces/{id}"),
    };
    Some(view! { <a href=href>"Open span"</a> }.into_any())
}
