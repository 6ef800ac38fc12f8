//! The rows: two lines for each trace.

use std::collections::HashMap;

use api::{
    money::Usd,
    traces::{TraceSummary, Work},
};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    super::{
        layout::{fraction, operation},
        url::TraceUrl,
    },
    asked::{Asked, Order, SortBy},
    glance::Glance,
    load::{Found, ROWS},
    matching::tokens,
};
use crate::{
    components::status_mark::{Mark, StatusMark},
    format,
    untrusted::visible,
};

/// Letters of a question that are shown.
const LONGEST_QUESTION: usize = 160;

/// The rows of the page.
pub(super) fn table(found: &Found, asked: &Asked) -> AnyView {
    let usual = usual_durations(&found.matches);
    let rows = found.matches.iter().skip(asked.row).take(ROWS);
    let lines = rows.map(|trace| {
        let p95 = usual.get(trace.root_service.as_str()).copied();
        line(trace, found.glances.get(&trace.id), p95.unwrap_or(0))
    });
    let lines = lines.collect_view();
    let sorted = |by, word| header(asked, by, word);
    view! {
        <form method="get" action="/traces/compare" aria-label="Compare two runs">
            <div class="table-scroll" role="region" aria-label="List of traces" tabindex="0">
                <table class="table traces-table">
                    <thead>
                        <tr>
                            <th scope="col">
                                <span class="visually-hidden">"Choose"</span>
                            </th>
                            <th scope="col">"Status"</th>
                            {sorted(SortBy::Started, "Started (UTC)")}
                            <th scope="col">"Run"</th>
                            {sorted(SortBy::Duration, "Duration")}
                            <th scope="col" class="table-number">
                                "Steps"
                            </th>
                            <th scope="col" class="table-number" title="Calls of models, tools and other agents">
                                "Calls"
                            </th>
                            {sorted(SortBy::Tokens, "Tokens")}
                            {sorted(SortBy::Cost, "Cost")}
                            {sorted(SortBy::Errors, "Errors")}
                            {sorted(SortBy::Spans, "Spans")}
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
            <p class="traces-actions">
                <button class="button" type="submit">
                    "Compare"
                </button>
                " Choose two runs to see what differs."
            </p>
        </form>
    }
    .into_any()
}

fn header(asked: &Asked, by: SortBy, word: &'static str) -> AnyView {
    let order = (asked.sort.by == by).then_some(asked.sort.order);
    let (sort, arrow) = match order {
        None => ("none", ""),
        Some(Order::Up) => ("ascending", " ↑"),
        Some(Order::Down) => ("descending", " ↓"),
    };
    let class = match by {
        SortBy::Started | SortBy::Duration => "",
        SortBy::Tokens | SortBy::Cost | SortBy::Errors | SortBy::Spans => "table-number",
    };
    let href = asked.with_sort(asked.sort.pressed(by)).href();
    view! {
        <th scope="col" class=class aria-sort=sort>
            <a class="table-sort" href=href>
                {word}
                <span aria-hidden="true">{arrow}</span>
            </a>
        </th>
    }
    .into_any()
}

/// The duration that 95 of 100 runs do not exceed, by the service that began them.
fn usual_durations(traces: &[TraceSummary]) -> HashMap<&str, u64> {
    let mut durations = HashMap::<&str, Vec<u64>>::new();
    for trace in traces {
        let of_service = durations.entry(&trace.root_service).or_default();
        of_service.push(trace.duration_ns());
    }
    let p95 = |mut all: Vec<u64>| {
        all.sort_unstable();
        all[(all.len() * 95).div_ceil(100) - 1]
    };
    let durations = durations.into_iter();
    durations
        .map(|(service, all)| (service, p95(all)))
        .collect()
}

fn line(trace: &TraceSummary, glance: Option<&Glance>, p95_ns: u64) -> impl IntoView + use<> {
    let id = trace.id.to_string();
    let (mark, state) = match (trace.n_errors, trace.n_orphans) {
        (0, 0) => (Mark::Ready, "Completed"),
        (0, _) => (Mark::Pending, "Incomplete"),
        (_, _) => (Mark::Failed, "Errors"),
    };
    let work = trace.work.as_ref();
    let steps = glance.map(|glance| glance.n_steps as u64);
    let choose = format!("Choose the run of {}", started(trace.start_ns));
    view! {
        <tr data-testid="trace-row" data-trace-id=id.clone()>
            <td>
                <input type="checkbox" name="run" value=id.clone() aria-label=choose />
            </td>
            <td>
                <StatusMark mark word=state />
            </td>
            <td>{time(trace.start_ns)}</td>
            <td class="traces-run">{run(trace, glance)}</td>
            <td>{duration(trace, p95_ns)}</td>
            <td class="table-number">{steps.map(format::count)}</td>
            <td class="table-number">{work.map(calls)}</td>
            <td class="table-number">{work.map(|work| format::count(tokens(work)))}</td>
            <td class="table-number">{work.map(cost)}</td>
            <td class="table-number">{format::count(trace.n_errors)}</td>
            <td class="table-number">{format::count(trace.n_spans)}</td>
        </tr>
    }
}

/// What was asked of whom; below it who took part and what took longest.
fn run(trace: &TraceSummary, glance: Option<&Glance>) -> impl IntoView + use<> {
    let url = TraceUrl::of(trace.id);
    let agent = visible(&trace.root_service).into_owned();
    let question = glance.and_then(|glance| glance.question.as_deref());
    let question = match question {
        Some(question) => one_line(question),
        None => visible(operation(&trace.root_name)).into_owned(),
    };
    let agents = match glance {
        Some(glance) if !glance.agents.is_empty() => glance.agents.clone(),
        Some(_) | None => trace
            .services
            .iter()
            .map(|service| service.name.clone())
            .collect(),
    };
    let chip = |name: String| {
        let failed = trace
            .services
            .iter()
            .any(|of| of.name == name && of.n_errors > 0);
        let (class, mark) = if failed {
            ("traces-chip traces-chip--error", "▲ ")
        } else {
            ("traces-chip", "")
        };
        view! {
            <span class=class>
                {mark} {visible(&name).into_owned()}
            </span>
        }
    };
    let slowest = glance.and_then(|glance| glance.slowest.clone());
    let slowest = slowest.map(|slowest| {
        let words = format!(
            "{} {}",
            visible(&slowest.title),
            format::duration(slowest.length_ns)
        );
        view! {
            <span class="traces-slowest" title="The longest step">
                {words}
            </span>
        }
    });
    view! {
        <a class="traces-question" href=url.to_string()>
            <strong>{agent}</strong>
            " "
            {question}
        </a>
        <span class="traces-second">
            {agents.into_iter().map(chip).collect_view()} {slowest}
        </span>
    }
}

/// The beginning of a text, on one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let shown: String = line.chars().take(LONGEST_QUESTION).collect();
    let more = if shown.len() < line.len() { "…" } else { "" };
    format!("{}{more}", visible(&shown))
}

fn duration(trace: &TraceSummary, p95_ns: u64) -> impl IntoView + use<> {
    let length = trace.duration_ns();
    let width = fraction(length, p95_ns) * 100.0;
    let title = format!(
        "95 of 100 runs of {} here take at most {}",
        visible(&trace.root_service),
        format::duration(p95_ns)
    );
    let class = if length > p95_ns {
        "traces-bar traces-bar--over"
    } else {
        "traces-bar"
    };
    view! {
        <span class="traces-duration" title=title>
            <span class=class style=format!("--share:{width:.2}%")></span>
            <span class="traces-length">{format::duration(length)}</span>
        </span>
    }
}

/// Calls of models, tools and other agents, as `6 · 2 · 2`, with words for who cannot see the heading.
fn calls(work: &Work) -> impl IntoView + use<> {
    let Work {
        n_model_calls,
        n_tool_calls,
        n_delegations,
        ..
    } = work;
    let words = [
        format::counted(*n_model_calls, "model call", "model calls"),
        format::counted(*n_tool_calls, "tool call", "tool calls"),
        format::counted(*n_delegations, "delegation", "delegations"),
    ]
    .join(", ");
    view! {
        <span title=words.clone()>
            <span class="visually-hidden">{words.clone()}</span>
            <span aria-hidden="true">
                {format!("{n_model_calls} M · {n_tool_calls} T · {n_delegations} D")}
            </span>
        </span>
    }
}

/// What it cost; that a price is not known is said, and is not nothing.
fn cost(work: &Work) -> String {
    match (work.cost > Usd::ZERO, work.n_without_price) {
        (true, 0) => format::dollars(work.cost),
        (true, _) => format!("{} +?", format::dollars(work.cost)),
        (false, 0) if work.n_model_calls == 0 => String::new(),
        (false, 0) => "$0".to_owned(),
        (false, _) => "no price".to_owned(),
    }
}

fn time(ns: u64) -> impl IntoView {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    view! { <time datetime=time.to_string() title=time.to_string()>{started(ns)}</time> }
}

fn started(ns: u64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_shown_on_one_line_and_cut() {
        assert_eq!(one_line("  a\n b\u{202E} "), "a b⟨U+202E⟩");
        let long = one_line(&"x".repeat(500));
        assert_eq!(long.chars().count(), LONGEST_QUESTION + 1);
    }

    #[test]
    fn a_price_that_is_not_known_is_not_nothing() {
        let work = |cost, n_without_price| Work {
            n_model_calls: 2,
            cost: Usd::from_dollars(cost),
            n_without_price,
            ..Work::default()
        };
        assert_eq!(cost(&work(0.0, 2)), "no price");
        assert_eq!(cost(&work(0.25, 1)), "$0.250 +?");
        assert_eq!(cost(&work(0.0, 0)), "$0");
        assert_eq!(cost(&Work::default()), "");
    }
}
