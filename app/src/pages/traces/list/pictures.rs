//! The picture above the list: how many runs there were over time, or how long each took.

use api::{telemetry::Window, traces::TraceSummary};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    super::url::TraceUrl,
    asked::{Asked, Picture},
};
use crate::{
    components::histogram::{Column, Histogram, Part},
    format,
    pages::period::Period,
    untrusted::visible,
};

/// Bars of the histogram.
const PIECES: u32 = 30;

/// Draws the picture that is asked for, and the links to the other one.
pub(super) fn picture(traces: &[TraceSummary], asked: &Asked) -> AnyView {
    let window = window(traces, asked.period);
    let drawn = match asked.picture {
        Picture::Histogram => histogram(traces, window, asked),
        Picture::Scatter => scatter(traces, window),
    };
    let link = |picture, word: &'static str| {
        let is_chosen = asked.picture == picture;
        let href = asked.with_picture(picture).href();
        view! {
            <a href=href aria-current=is_chosen.then_some("true")>
                {word}
            </a>
        }
    };
    view! {
        <div class="traces-picture">
            <nav class="traces-views" aria-label="Picture">
                {link(Picture::Histogram, "Runs over time")}
                {link(Picture::Scatter, "Durations over time")}
            </nav>
            {drawn}
        </div>
    }
    .into_any()
}

/// The time asked for; without a beginning, from the oldest trace on.
fn window(traces: &[TraceSummary], period: Period) -> Window {
    let window = period.window();
    if period.has_beginning() {
        return window;
    }
    let oldest = traces.iter().map(|trace| trace.start_ns).min();
    Window {
        from_ns: oldest.unwrap_or(0),
        ..window
    }
}

fn histogram(traces: &[TraceSummary], window: Window, asked: &Asked) -> AnyView {
    let mut counts = vec![(0, 0); PIECES as usize];
    for trace in traces {
        if let Some(at) = window.piece(trace.start_ns, PIECES) {
            let (well, failed) = &mut counts[at];
            *(if trace.n_errors > 0 { failed } else { well }) += 1;
        }
    }
    let column = |(at, (well, failed)): (usize, (u64, u64))| {
        let piece = piece(window, at as u64);
        let runs = format::counted(well + failed, "run", "runs");
        Column {
            label: format!(
                "{} to {}: {runs}, {} with errors",
                clock(piece.from_ns),
                clock(piece.to_ns),
                format::count(failed)
            ),
            href: asked.with_period(Period::Between(piece)).href(),
            parts: vec![(Part::Failed, failed), (Part::Plain, well)],
        }
    };
    let columns = counts.into_iter().enumerate().map(column).collect();
    let ends = (day(window.from_ns), day(window.to_ns));
    view! { <Histogram label="Runs over time; a bar leads to its runs" columns ends /> }.into_any()
}

/// The `at`-th of the equal pieces of a window.
fn piece(window: Window, at: u64) -> Window {
    let length = u128::from(window.length_ns());
    let cut = |at: u64| {
        // The first nanosecond of the piece, as `Window::piece` counts.
        let offset = (length * u128::from(at)).div_ceil(u128::from(PIECES));
        window.from_ns + u64::try_from(offset).unwrap_or(0)
    };
    Window {
        from_ns: cut(at),
        to_ns: cut(at + 1),
    }
}

const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 160.0;
const MILLISECOND: f64 = 1e6;

/// A point per run. Durations are drawn by their logarithm: a run of an hour leaves room for those of a
/// second.
fn scatter(traces: &[TraceSummary], window: Window) -> AnyView {
    let longest = traces.iter().map(TraceSummary::duration_ns).max();
    let longest = longest.unwrap_or(0);
    let top = height(longest).max(1.0);
    let point = |trace: &TraceSummary| {
        let x = share(
            trace.start_ns.saturating_sub(window.from_ns),
            window.length_ns(),
        ) * WIDTH;
        let y = HEIGHT - 6.0 - height(trace.duration_ns()) / top * (HEIGHT - 12.0);
        let failed = trace.n_errors > 0;
        let went = if failed { ", with errors" } else { "" };
        let label = format!(
            "{}, {}{went}, {}",
            visible(&trace.root_service),
            format::duration(trace.duration_ns()),
            clock(trace.start_ns)
        );
        // A failed run differs in its shape as well.
        let (class, shape) = if failed {
            ("scatter-point scatter-point--failed", "m-5 4h10l-5-9z")
        } else {
            ("scatter-point", "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z")
        };
        view! {
            <a href=TraceUrl::of(trace.id).to_string() aria-label=label.clone() tabindex="-1">
                <path class=class d=format!("M{x:.1} {y:.1}{shape}")>
                    <title>{label.clone()}</title>
                </path>
            </a>
        }
    };
    let points = traces.iter().map(point).collect_view();
    view! {
        <figure class="scatter">
            <span class="scatter-top">{format::duration(longest)}</span>
            <svg
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                role="group"
                aria-label="Durations of the runs over time; the list below has the same runs"
            >
                {points}
            </svg>
            <figcaption>
                <span>{day(window.from_ns)}</span>
                <span>"○ without errors, △ with errors; upwards on a logarithmic scale"</span>
                <span>{day(window.to_ns)}</span>
            </figcaption>
        </figure>
    }
    .into_any()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a point's place needs no more than 52 bits"
)]
fn height(duration_ns: u64) -> f64 {
    (duration_ns as f64 / MILLISECOND).ln_1p()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a point's place needs no more than 52 bits"
)]
fn share(part: u64, whole: u64) -> f64 {
    (part as f64 / whole.max(1) as f64).clamp(0.0, 1.0)
}

fn clock(ns: u64) -> String {
    time(ns).strftime("%m-%d %H:%M:%S").to_string()
}

fn day(ns: u64) -> String {
    time(ns).strftime("%Y-%m-%d %H:%M").to_string()
}

fn time(ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_leads_to_exactly_the_moments_it_counts() {
        let window = Window {
            from_ns: 100,
            to_ns: 100 + 7 * 60 + 13,
        };
        for ns in window.from_ns..window.to_ns {
            let at = window.piece(ns, PIECES).unwrap() as u64;
            assert!(piece(window, at).contains(ns), "{ns}");
        }
        assert_eq!(piece(window, 0).from_ns, window.from_ns);
        assert_eq!(piece(window, 29).to_ns, window.to_ns);
    }
}
