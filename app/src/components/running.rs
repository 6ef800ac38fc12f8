//! What runs now.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use api::run::RunSummary;
use leptos::prelude::*;

use super::status_mark::{Mark, StatusMark};
use crate::{live, untrusted::visible};

/// Runs under way in a namespace, newest first; follows them.
#[island]
pub fn Running(
    /// The namespace it follows; `_all` for all.
    namespace: String,
    /// What ran when the page was drawn.
    runs: Vec<RunSummary>,
    /// When that was, in milliseconds since the epoch.
    now_ms: i64,
) -> impl IntoView {
    let runs = RwSignal::new(runs);
    let now_ms = RwSignal::new(now_ms);
    Effect::new(move || {
        live::subscribe(format!("runs/{namespace}"), move |message| {
            runs.set(serde_json::from_value(message.data.clone()).unwrap_or_default());
        });
        #[cfg(feature = "hydrate")]
        keep_time(now_ms);
    });
    move || {
        let runs = runs.get();
        if runs.is_empty() {
            view! { <p class="running-none">"Nothing runs right now."</p> }.into_any()
        } else {
            let lines = runs.into_iter().map(|run| line(run, now_ms.into()));
            view! { <ol class="running">{lines.collect_view()}</ol> }.into_any()
        }
    }
}

/// Elapsed times go on while nothing else changes.
#[cfg(feature = "hydrate")]
fn keep_time(now_ms: RwSignal<i64>) {
    use std::time::Duration;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since the epoch fit for a long time"
    )]
    set_interval(
        move || now_ms.set(js_sys::Date::now() as i64),
        Duration::from_secs(1),
    );
}

fn line(run: RunSummary, now_ms: Signal<i64>) -> impl IntoView {
    let RunSummary {
        namespace,
        agent,
        session_id,
        trace_id,
        started_at,
        doing,
        ..
    } = run;
    let began_ms = started_at.as_millisecond();
    let elapsed = move || {
        let ms = u64::try_from(now_ms.get() - began_ms).unwrap_or(0);
        format!("{} s", ms / 1_000)
    };
    let doing = doing.map(|doing| {
        let what = visible(&doing.what).into_owned();
        format!("{} waits for {what}", visible(&doing.agent))
    });
    let chat = format!("/ns/{namespace}/agents/{agent}/chat/{session_id}");
    view! {
        <li>
            <StatusMark mark=Mark::Working word="Running" />
            <a href=chat>{agent}</a>
            <span class="running-doing">{doing.unwrap_or_else(|| "begins".to_owned())}</span>
            <span class="running-elapsed">{elapsed}</span>
            <a href=format!("/traces/{trace_id}")>"Trace"</a>
        </li>
    }
    .into_any()
}
