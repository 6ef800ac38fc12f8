//! What the browser's lists of logs show of a line.

use api::traces::LogRecord;
use jiff::Timestamp;
use leptos::prelude::*;

/// The time of day, in UTC.
pub(super) fn time(log: &LogRecord) -> String {
    let time = Timestamp::from_nanosecond(i128::from(log.time_ns)).unwrap_or_default();
    time.strftime("%H:%M:%S%.3f").to_string()
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
