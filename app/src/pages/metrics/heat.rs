//! How long runs took, over time: where two speeds are, a percentile shows one that no run had.

use api::{
    attributes::metric,
    telemetry::{Aggregate, MetricQuery, TelemetryReader, Window},
};
use leptos::prelude::*;

use super::{panel::Asked, runs, unit::whole};
use crate::{
    components::{
        heat_map::{Band, Heat, HeatMap},
        page_head::Panel,
    },
    format,
    pages::{
        params::namespace_filter,
        period::{Period, moment_in_words},
        traces::query::{Bound, Condition, Side},
    },
    site::Failure,
};

/// Fields of a line.
const STEPS: u64 = 30;

/// Between these durations, in milliseconds, are the lines. All are bounds of what agents measure, so
/// that counts are exact.
const BOUNDS_MS: [u64; 9] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// How many runs of each step took at most as long as each bound, and how many there were.
pub(super) struct Counts {
    /// A list of steps for each bound, and one for all.
    at_most: Vec<Vec<u64>>,
}

/// Counts the runs of what is asked for.
pub(super) async fn counts(
    telemetry: &dyn TelemetryReader,
    asked: &Asked,
) -> Result<Counts, Failure> {
    let bounds = BOUNDS_MS.map(|bound| Aggregate::AtMost(as_f64(bound)));
    let aggregates = bounds.into_iter().chain([Aggregate::Sum]);
    let read = aggregates.map(|aggregate| {
        let query = MetricQuery {
            name: metric::REQUEST_DURATION.to_owned(),
            service: Some(asked.agent.clone()).filter(|agent| !agent.is_empty()),
            namespace: namespace_filter(&asked.namespace),
            attributes: Vec::new(),
            window: asked.window,
            step_ns: step_ns(asked.window),
            by: Vec::new(),
            aggregate,
        };
        async move { telemetry.metric(&query).await }
    });
    let series = futures::future::try_join_all(read).await?;
    let at_most = series.into_iter().map(|series| {
        let mut steps = vec![0; usize::try_from(STEPS).unwrap_or(0)];
        for point in series.iter().flat_map(|series| &series.points) {
            let step = point.time_ns.saturating_sub(asked.window.from_ns) / step_ns(asked.window);
            // What is left of the division belongs to the last.
            let step = usize::try_from(step.min(STEPS - 1)).ok();
            if let Some(n) = step.and_then(|step| steps.get_mut(step)) {
                *n += whole(point.value);
            }
        }
        steps
    });
    Ok(Counts {
        at_most: at_most.collect(),
    })
}

/// Draws them; nothing when nothing was measured.
pub(super) fn view(counts: &Counts, asked: &Asked) -> Option<AnyView> {
    let mut bands: Vec<_> = (0..=BOUNDS_MS.len())
        .rev()
        .map(|place| band(counts, place, asked))
        .collect();
    let is_empty = |band: &Band| band.fields.iter().all(|field| field.n == 0);
    // Lines above the slowest run and below the quickest say nothing.
    let first = bands.iter().position(|band| !is_empty(band))?;
    let last = bands.iter().rposition(|band| !is_empty(band))?;
    let bands: Vec<_> = bands.drain(first..=last).collect();
    let ends = (
        moment_in_words(asked.window.from_ns),
        moment_in_words(asked.window.to_ns),
    );
    Some(
        view! {
            <Panel title="How long runs took">
                <HeatMap label="Runs by time and duration" bands ends />
                <p class="panel-note">"The stronger its colour, the more runs a field counts and leads to."</p>
            </Panel>
        }
        .into_any(),
    )
}

/// The runs that took longer than the bound below and at most as long as the one above.
fn band(counts: &Counts, place: usize, asked: &Asked) -> Band {
    let below = place.checked_sub(1).map(|below| BOUNDS_MS[below]);
    let above = BOUNDS_MS.get(place).copied();
    let fields = (0..STEPS).map(|step| {
        let column = usize::try_from(step).unwrap_or(0);
        let upto = |place: usize| counts.at_most.get(place).and_then(|all| all.get(column));
        let n = upto(place).copied().unwrap_or(0);
        let shorter = place.checked_sub(1).and_then(upto).copied().unwrap_or(0);
        let from_ns = asked.window.from_ns + step * step_ns(asked.window);
        let to_ns = from_ns + step_ns(asked.window);
        Heat {
            n: n.saturating_sub(shorter),
            when: moment_in_words(from_ns),
            href: href(asked, (below, above), Window { from_ns, to_ns }),
        }
    });
    Band {
        label: words(below, above),
        fields: fields.collect(),
    }
}

fn words(below: Option<u64>, above: Option<u64>) -> String {
    let shown = |ms: u64| format::duration(ms * 1_000_000);
    match (below, above) {
        (Some(below), Some(above)) => format!("{} to {}", shown(below), shown(above)),
        (None, Some(above)) => format!("up to {}", shown(above)),
        (Some(below), None) => format!("over {}", shown(below)),
        (None, None) => String::new(),
    }
}

fn href(asked: &Asked, (below, above): (Option<u64>, Option<u64>), window: Window) -> String {
    let bound = |side, ms: u64| {
        Condition::Duration(Bound {
            side,
            value: ms * 1_000_000,
        })
    };
    let below = below.map(|ms| bound(Side::Above, ms));
    let above = above.map(|ms| bound(Side::AtMost, ms));
    runs(
        asked,
        below.into_iter().chain(above),
        Period::Between(window),
    )
}

fn step_ns(window: Window) -> u64 {
    (window.length_ns() / STEPS).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "bounds are small numbers")]
fn as_f64(ms: u64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_in_one_field_and_empty_lines_around_them_are_left_out() {
        let mut at_most = vec![vec![0; 30]; BOUNDS_MS.len() + 1];
        // One run of 400 ms, two of 4 s.
        for (place, bound) in BOUNDS_MS.iter().enumerate() {
            at_most[place][7] = u64::from(*bound >= 500) + 2 * u64::from(*bound >= 5_000);
        }
        at_most[BOUNDS_MS.len()][7] = 3;
        let counts = Counts { at_most };
        let asked = Asked::of("team", &[], 3_600_000_000_000);
        let n = |place| band(&counts, place, &asked).fields[7].n;
        assert_eq!(
            (0..=9).map(n).collect::<Vec<_>>(),
            [0, 0, 1, 0, 0, 2, 0, 0, 0, 0]
        );
        let html = view(&counts, &asked).unwrap().to_html();
        assert!(
            html.contains("250 ms to 500 ms") && html.contains("2.50 s to 5.00 s"),
            "{html}"
        );
        assert!(
            !html.contains("5.00 s to 10") && !html.contains("up to 100"),
            "{html}"
        );
    }

    #[test]
    fn a_field_leads_to_its_runs() {
        let asked = Asked::of("team", &[], 3_600_000_000_000);
        let window = Window {
            from_ns: 0,
            to_ns: 120_000_000_000,
        };
        let href = href(&asked, (Some(1_000), Some(2_500)), window);
        assert!(
            href.contains("duration%3A%3E1s") && href.contains("duration%3A%3C%3D2500ms"),
            "{href}"
        );
    }
}
