//! Four numbers: how they are, how they have gone, and how they were before.

use api::{
    money::Usd,
    telemetry::{UsageRow, Window},
    traces::TraceSummary,
};
use leptos::prelude::*;

use crate::{components::sparkline::Sparkline, format};

/// Pieces of a sparkline.
pub(super) const PIECES: u32 = 12;

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    label: &'static str,
    value: String,
    /// What it was in the time before, in words.
    before: String,
    /// What the line shows, in words.
    line: String,
    values: Vec<Option<f64>>,
}

/// Runs of a span of time, summed up.
struct Sum {
    n: u64,
    n_failed: u64,
    p95_ns: Option<u64>,
}

impl Sum {
    fn of<'a>(runs: impl IntoIterator<Item = &'a TraceSummary>) -> Self {
        let (mut n_failed, mut durations) = (0, Vec::new());
        for run in runs {
            n_failed += u64::from(run.n_errors > 0);
            durations.push(run.duration_ns());
        }
        durations.sort_unstable();
        Self {
            n: u64::try_from(durations.len()).unwrap_or(u64::MAX),
            n_failed,
            p95_ns: quantile(&durations, 95),
        }
    }

    fn errors(&self) -> String {
        format::share(self.n_failed, self.n).unwrap_or_else(none)
    }

    fn p95(&self) -> String {
        self.p95_ns.map_or_else(none, format::duration)
    }
}

fn none() -> String {
    "no runs".to_owned()
}

/// Runs, their errors and their durations in `hour`, and in the hour before. `None` when there are no
/// runs in it: nothing is not zero.
pub(super) fn of_runs(
    hour: Window,
    runs: &[TraceSummary],
    before: &[TraceSummary],
    most: usize,
) -> Option<[Number; 3]> {
    if runs.is_empty() {
        return None;
    }
    let piece = |piece: usize| {
        let in_piece = |run: &&TraceSummary| hour.piece(run.start_ns, PIECES) == Some(piece);
        Sum::of(runs.iter().filter(in_piece))
    };
    let pieces: Vec<_> = (0..PIECES as usize).map(piece).collect();
    let (now, earlier) = (Sum::of(runs), Sum::of(before));
    // A search gives so many at most; what it leaves out is not counted as if it were not there.
    let count = |sum: &Sum| match usize::try_from(sum.n) {
        Ok(n) if n < most => format::count(sum.n),
        _ => format!("at least {}", format::count(sum.n)),
    };
    let number = |label, show: &dyn Fn(&Sum) -> String, value: &dyn Fn(&Sum) -> Option<f64>| {
        let mut spoken = pieces.iter().filter(|piece| piece.n > 0);
        let first = spoken.next();
        let ends = [first, spoken.next_back().or(first)];
        let ends = ends.map(|piece| piece.map_or_else(none, show));
        Number {
            label,
            value: show(&now),
            before: format!("{} the hour before", show(&earlier)),
            line: format!("In pieces of five minutes from {} to {}", ends[0], ends[1]),
            values: pieces.iter().map(value).collect(),
        }
    };
    Some([
        number("runs in the last hour", &count, &|sum| Some(float(sum.n))),
        number("P95 duration", &Sum::p95, &|sum| sum.p95_ns.map(float)),
        number("runs with errors", &Sum::errors, &|sum| {
            (sum.n > 0).then(|| float(sum.n_failed) / float(sum.n))
        }),
    ])
}

/// What models cost in the day, from sums of pieces of two days; only the last [`PIECES`] are of this
/// one. `day_ns` is when it began.
pub(super) fn of_cost(rows: &[UsageRow], day: Window) -> Number {
    let (mut now, mut earlier) = ((Usd::ZERO, 0), (Usd::ZERO, 0));
    let mut pieces = [Usd::ZERO; PIECES as usize];
    for row in rows {
        let piece = day.piece(row.time_ns, PIECES);
        let sum = if piece.is_some() {
            &mut now
        } else {
            &mut earlier
        };
        *sum = (sum.0 + row.cost, sum.1 + row.n_without_price);
        if let Some(piece) = piece {
            pieces[piece] = pieces[piece] + row.cost;
        }
    }
    let show = |(cost, n_without_price)| format::cost(cost, n_without_price);
    let ends = [pieces[0], pieces[PIECES as usize - 1]].map(format::dollars);
    Number {
        label: "cost in 24 hours",
        value: show(now),
        before: format!("{} the day before", show(earlier)),
        line: format!("In pieces of two hours from {} to {}", ends[0], ends[1]),
        values: pieces.iter().map(|cost| Some(cost.dollars())).collect(),
    }
}

/// The cost, where nothing can tell it.
pub(super) fn no_cost(why: &str) -> Number {
    Number {
        label: "cost in 24 hours",
        value: "not reported".to_owned(),
        before: why.to_owned(),
        line: String::new(),
        values: Vec::new(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a line is not drawn to the nanosecond"
)]
fn float(number: u64) -> f64 {
    number as f64
}

/// The smallest value that at least `percent` of the values do not exceed.
pub(crate) fn quantile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// Numbers beside each other, each with what is behind it; or the sentence that nothing ran.
#[component]
pub(super) fn Numbers(
    runs: Option<[Number; 3]>,
    cost: Number,
    /// The list behind the numbers of runs, the one of those that failed, and the page of costs.
    hrefs: [String; 3],
) -> impl IntoView {
    let Some([n, p95, errors]) = runs else {
        return view! {
            <section class="numbers numbers--none" aria-label="The last hour">
                <p>"No runs in the last hour."</p>
            </section>
        }
        .into_any();
    };
    let [all, failed, costs] = hrefs;
    let numbers = [
        (n, all.clone()),
        (p95, all),
        (errors, failed),
        (cost, costs),
    ];
    view! {
        <section class="numbers" aria-label="The last hour">
            {numbers.map(one).collect_view()}
        </section>
    }
    .into_any()
}

fn one((number, href): (Number, String)) -> impl IntoView {
    let Number {
        label,
        value,
        before,
        line,
        values,
    } = number;
    let line = (!values.is_empty()).then(|| view! { <Sparkline label=line values /> });
    view! {
        <a href=href>
            <strong>{value}</strong>
            {line}
            <span>{label}</span>
            <span class="numbers-before">{before}</span>
        </a>
    }
}

#[cfg(test)]
mod tests {
    use api::traces::TraceId;

    use super::*;

    const HOUR: Window = Window {
        from_ns: 1_200,
        to_ns: 2_400,
    };

    fn run(start_ns: u64, duration_ns: u64, n_errors: u64) -> TraceSummary {
        TraceSummary {
            id: TraceId([1; 16]),
            root_service: "coordinator".to_owned(),
            root_name: "agent.agentic_loop".to_owned(),
            start_ns,
            end_ns: start_ns + duration_ns,
            n_spans: 3,
            n_errors,
            n_orphans: 0,
            services: Vec::new(),
            work: None,
        }
    }

    #[test]
    fn without_runs_there_are_no_numbers() {
        assert_eq!(of_runs(HOUR, &[], &[run(1, 1, 0)], 1_000), None);
    }

    #[test]
    fn of_twenty_runs_the_nineteenth_is_the_95th_percentile() {
        let runs: Vec<_> = (1..=20)
            .rev()
            .map(|n| run(1_250, n * 1_000_000, u64::from(n == 3)))
            .collect();
        let before = [run(1, 5_000_000, 0)];
        let [n, p95, errors] = of_runs(HOUR, &runs, &before, 1_000).unwrap();
        let said =
            [&n, &p95, &errors].map(|number| (number.value.as_str(), number.before.as_str()));
        assert_eq!(
            said,
            [
                ("20", "1 the hour before"),
                ("19 ms", "5 ms the hour before"),
                ("5.0 %", "0 % the hour before"),
            ]
        );
    }

    #[test]
    fn a_line_has_a_gap_where_nothing_ran_and_nothing_is_not_zero() {
        let runs = [run(1_200, 7, 0), run(2_399, 9, 1)];
        let [n, p95, errors] = of_runs(HOUR, &runs, &[], 1_000).unwrap();
        assert_eq!((n.values[0], n.values[1]), (Some(1.0), Some(0.0)));
        assert_eq!((p95.values[0], p95.values[1]), (Some(7.0), None));
        assert_eq!((errors.values[1], errors.values[11]), (None, Some(1.0)));
        assert_eq!(errors.before, "no runs the hour before");
    }

    #[test]
    fn a_search_that_was_cut_is_not_taken_for_all() {
        let [n, ..] = of_runs(HOUR, &[run(1_200, 7, 0)], &[], 1).unwrap();
        assert_eq!(n.value, "at least 1");
    }

    #[test]
    fn cost_is_of_the_day_and_the_day_before_stands_beside_it() {
        let row = |time_ns, dollars, n_without_price| UsageRow {
            time_ns,
            cost: Usd::from_dollars(dollars),
            n_without_price,
            ..UsageRow::default()
        };
        let rows = [row(0, 0.5, 0), row(1_200, 1.0, 0), row(2_300, 0.25, 0)];
        let cost = of_cost(&rows, HOUR);
        assert_eq!(
            (cost.value.as_str(), cost.before.as_str()),
            ("$1.250", "$0.500 the day before")
        );
        assert_eq!(of_cost(&[row(1_300, 0.0, 2)], HOUR).value, "no price set");
    }
}
