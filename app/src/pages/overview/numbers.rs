//! The four numbers of the last hour.

use api::traces::TraceSummary;
use leptos::prelude::*;

use crate::format;

/// What the runs of the last hour come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunNumbers {
    n_runs: u64,
    n_with_errors: u64,
    median_ns: u64,
    p95_ns: u64,
}

impl RunNumbers {
    /// `None` when there are no runs: nothing is not zero.
    pub(super) fn of(runs: &[TraceSummary]) -> Option<Self> {
        let mut durations: Vec<_> = runs.iter().map(TraceSummary::duration_ns).collect();
        durations.sort_unstable();
        let n_runs = u64::try_from(runs.len()).unwrap_or(u64::MAX);
        let n_with_errors = runs.iter().filter(|run| run.n_errors > 0).count();
        Some(Self {
            n_runs,
            n_with_errors: u64::try_from(n_with_errors).unwrap_or(u64::MAX),
            median_ns: quantile(&durations, 50)?,
            p95_ns: quantile(&durations, 95)?,
        })
    }
}

/// The smallest value that at least `percent` of the values do not exceed.
pub(crate) fn quantile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// Four numbers, or the sentence that there are none.
#[component]
pub(super) fn Numbers(
    numbers: Option<RunNumbers>,
    /// The list behind the numbers.
    href: String,
) -> impl IntoView {
    let Some(numbers) = numbers else {
        return view! {
            <section class="numbers numbers--none" aria-label="The last hour">
                <p>"No runs in the last hour."</p>
            </section>
        }
        .into_any();
    };
    let errors = format::share(numbers.n_with_errors, numbers.n_runs).unwrap_or_default();
    let rows = [
        ("runs in the last hour", format::count(numbers.n_runs)),
        ("runs with errors", errors),
        ("median duration", format::duration(numbers.median_ns)),
        ("P95 duration", format::duration(numbers.p95_ns)),
    ];
    let number = |(label, value)| {
        view! {
            <a href=href.clone()>
                <strong>{value}</strong>
                <span>{label}</span>
            </a>
        }
    };
    view! {
        <section class="numbers" aria-label="The last hour">
            {rows.map(number).collect_view()}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use api::traces::TraceId;

    use super::*;

    fn run(duration_ns: u64, n_errors: u64) -> TraceSummary {
        TraceSummary {
            id: TraceId([1; 16]),
            root_service: "coordinator".to_owned(),
            root_name: "agent.agentic_loop".to_owned(),
            start_ns: 1_000,
            end_ns: 1_000 + duration_ns,
            n_spans: 3,
            n_errors,
            n_orphans: 0,
            services: Vec::new(),
            work: None,
        }
    }

    #[test]
    fn without_runs_there_are_no_numbers() {
        assert_eq!(RunNumbers::of(&[]), None);
    }

    #[test]
    fn of_twenty_runs_the_nineteenth_is_the_95th_percentile() {
        let runs: Vec<_> = (1..=20).rev().map(|n| run(n, u64::from(n == 3))).collect();
        let numbers = RunNumbers::of(&runs).unwrap();
        assert_eq!((numbers.n_runs, numbers.n_with_errors), (20, 1));
        assert_eq!((numbers.median_ns, numbers.p95_ns), (10, 19));
    }

    #[test]
    fn one_run_is_every_percentile() {
        let numbers = RunNumbers::of(&[run(7, 0)]).unwrap();
        assert_eq!((numbers.median_ns, numbers.p95_ns), (7, 7));
    }
}
