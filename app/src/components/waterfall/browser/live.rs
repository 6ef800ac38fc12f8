//! Following a run: whenever it tells something, the spans are fetched again.
//!
//! So the picture is always the one that the server would draw, and the finished one the same as that
//! of a page loaded fresh.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use super::{Waterfall, is_compact, is_gone, load, moves, panel};

/// Between two looks at the run's clock.
const TICK: Duration = Duration::from_millis(100);
/// A run that tells nothing is looked at all the same: its last spans are exported after its end.
const QUIET_TICKS: u32 = 10;

/// What is going on.
#[derive(Clone, Copy)]
struct Following {
    waterfall: Waterfall,
    /// Whether something was told that is not shown yet.
    is_behind: StoredValue<bool>,
    is_fetching: StoredValue<bool>,
    ticks: StoredValue<u32>,
    /// When the spans were last fetched, on the reader's clock in milliseconds.
    fetched_ms: StoredValue<f64>,
}

/// Follows a run to its end.
pub(super) fn follow(waterfall: Waterfall, run: &str) {
    let following = Following {
        waterfall,
        is_behind: StoredValue::new(true),
        is_fetching: StoredValue::new(false),
        ticks: StoredValue::new(0),
        fetched_ms: StoredValue::new(js_sys::Date::now()),
    };
    // Without the stream it still looks once a second.
    if let Ok(events) = EventSource::new(&format!("/api/runs/{run}/events?after=0")) {
        let heard = events.clone();
        let told = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if is_gone(waterfall) {
                heard.close();
                return;
            }
            // Words of an answer begin and end no span.
            let told = event.data().as_string().unwrap_or_default();
            if told.contains("\"message.delta\"") {
                return;
            }
            following.is_behind.set_value(true);
            following.catch_up();
        });
        events.set_onmessage(Some(told.into_js_value().unchecked_ref()));
        let stream = events.clone();
        let failed = Closure::<dyn FnMut()>::new(move || {
            // A run that has ended and is forgotten would be asked for again for ever.
            if is_gone(waterfall) || !is_running(waterfall) {
                stream.close();
            }
        });
        events.set_onerror(Some(failed.into_js_value().unchecked_ref()));
    }
    following.tick();
}

fn is_running(waterfall: Waterfall) -> bool {
    waterfall.skeleton.with_untracked(|skeleton| {
        let skeleton = skeleton.as_ref();
        skeleton.is_some_and(|skeleton| skeleton.head.is_running)
    })
}

impl Following {
    /// Fetches the spans, unless that is under way: then again after it.
    fn catch_up(self) {
        if self.is_fetching.get_value() {
            return;
        }
        self.is_fetching.set_value(true);
        self.is_behind.set_value(false);
        self.ticks.set_value(0);
        spawn_local(async move {
            let was_running = is_running(self.waterfall);
            // What cannot be fetched now is fetched at the next tick; what is shown stays.
            let loaded = load(self.waterfall).await;
            if is_gone(self.waterfall) {
                return;
            }
            if loaded.is_ok() {
                self.fetched_ms.set_value(js_sys::Date::now());
                self.show_newest();
            }
            if was_running {
                let parts = [".trace-head", ".trace-session", ".trace-panel"];
                let parts = if is_running(self.waterfall) {
                    &parts[..1]
                } else {
                    &parts[..]
                };
                if !is_compact(self.waterfall) {
                    panel::exchange(self.waterfall, parts).await;
                }
            }
            if is_gone(self.waterfall) {
                return;
            }
            self.is_fetching.set_value(false);
            if self.is_behind.get_value() {
                self.catch_up();
            }
        });
    }

    /// Moves now, and looks again after a while without news.
    fn tick(self) {
        if is_gone(self.waterfall) || !is_running(self.waterfall) {
            return;
        }
        let since_ms = js_sys::Date::now() - self.fetched_ms.get_value();
        self.waterfall.since_ns.set(nanoseconds(since_ms));
        self.ticks.update_value(|ticks| *ticks += 1);
        if self.ticks.get_value() >= QUIET_TICKS {
            self.catch_up();
        }
        set_timeout(move || self.tick(), TICK);
    }

    /// Chooses the step that began last, when that is to be followed.
    fn show_newest(self) {
        if !self
            .waterfall
            .options
            .with_untracked(|options| options.follows)
        {
            return;
        }
        let Some(skeleton) = self.waterfall.skeleton.get_untracked() else {
            return;
        };
        let newest = skeleton
            .nodes
            .iter()
            .enumerate()
            .max_by_key(|(_, node)| node.start);
        if let Some(newest) = newest.and_then(|(place, _)| u32::try_from(place).ok()) {
            moves::go_to(self.waterfall, &skeleton, newest);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is positive, and no page is open for a hundred years"
)]
fn nanoseconds(ms: f64) -> u64 {
    (ms.max(0.0) * 1e6) as u64
}
