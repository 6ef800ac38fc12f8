//! What runs now.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use api::run::Doing;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::status_mark::{Mark, StatusMark};
use crate::{live, untrusted::visible};

/// What is shown of a run: some of the fields of `/api/runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunUnderWay {
    namespace: String,
    agent: String,
    session_id: String,
    trace_id: String,
    /// A time as RFC 3339 writes it; browsers read it without a library of calendars.
    started_at: String,
    doing: Option<Doing>,
}

impl RunUnderWay {
    /// When it began, in milliseconds since the epoch; 0 when nobody can tell.
    #[cfg(feature = "hydrate")]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is no number becomes 0"
    )]
    fn began_ms(&self) -> i64 {
        js_sys::Date::parse(&self.started_at) as i64
    }

    #[cfg(not(feature = "hydrate"))]
    fn began_ms(&self) -> i64 {
        let time = self.started_at.parse::<jiff::Timestamp>();
        time.map_or(0, jiff::Timestamp::as_millisecond)
    }
}

/// Runs under way in a namespace, newest first; follows them.
#[island]
pub fn Running(
    /// The namespace it follows; `_all` for all.
    namespace: String,
    /// What ran when the page was drawn.
    runs: Vec<RunUnderWay>,
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

fn line(run: RunUnderWay, now_ms: Signal<i64>) -> impl IntoView {
    let began_ms = run.began_ms();
    let RunUnderWay {
        namespace,
        agent,
        session_id,
        trace_id,
        doing,
        started_at: _,
    } = run;
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
