//! Points in time.

use jiff::Timestamp;
use leptos::prelude::*;

use crate::format;

/// How long ago something was; the exact time is in the title.
#[component]
pub fn Ago(
    /// The time, in nanoseconds since the epoch.
    time_ns: u64,
    /// The time the page is drawn at.
    now: Timestamp,
) -> impl IntoView {
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(now);
    let seconds = now.as_second() - time.as_second();
    let exact = time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    view! {
        <time datetime=time.to_string() title=exact>
            {format::ago(seconds)}
        </time>
    }
    .into_any()
}
