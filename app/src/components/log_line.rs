//! What the browser's lists of logs show of a line.

use api::traces::LogRecord;
use leptos::prelude::*;

/// The time of day, in UTC. By hand: a library of calendars is a tenth of the browser's program.
pub(super) fn time(log: &LogRecord) -> String {
    let ms = log.time_ns / 1_000_000;
    let (hour, minute) = (ms / 3_600_000 % 24, ms / 60_000 % 60);
    let (second, ms) = (ms / 1_000 % 60, ms % 1_000);
    format!("{hour:02}:{minute:02}:{second:02}.{ms:03}")
}

/// The way to the span that said it, where there is one.
pub(super) fn span_link(log: &LogRecord) -> Option<AnyView> {
    let id = log.trace_id?;
    let href = match log.span_id {
        Some(span) => format!("/traces/{id}?span={span}&side=logs"),
        None => format!("/traces/{id}"),
    };
    Some(view! { <a href=href>"Open span"</a> }.into_any())
}
