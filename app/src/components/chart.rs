//! Lines over time, drawn by the server: with a legend of numbers, and as a table for who wants those.
//!
//! Lines differ in dash and name, not in colour alone.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use jiff::Timestamp;
use leptos::prelude::*;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 120.0;
/// Lines that are drawn; colours and dashes repeat after as many.
const MOST_LINES: usize = 12;
const DASHES: [&str; 4] = ["none", "6 3", "2 3", "9 3 2 3"];

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// Times in nanoseconds since the epoch and values, by time.
    pub points: Vec<(u64, f64)>,
}

/// Where a moment and a line of a chart lead: to what was measured there.
pub trait Leads {
    /// How long a point stands for, in nanoseconds.
    fn step_ns(&self) -> u64;

    /// What was measured in the step that begins at a moment, in nanoseconds since the epoch.
    fn step(&self, from_ns: u64) -> String;

    /// What was measured of a line; none where it is not of one thing.
    fn line(&self, label: &str) -> Option<String>;
}

/// Lines over a window of time.
#[component]
pub fn Chart(
    /// What they show.
    #[prop(into)]
    title: String,
    /// The window's beginning and end, in nanoseconds since the epoch.
    window: (u64, u64),
    /// The lines; the first twelve are drawn.
    lines: Vec<Line>,
    /// A value in words.
    show: fn(f64) -> String,
    /// Where its points and names lead, if anywhere.
    #[prop(optional)]
    leads: Option<Arc<dyn Leads>>,
) -> impl IntoView {
    let highest = highest(&lines);
    let drawn: Vec<_> = lines
        .iter()
        .take(MOST_LINES)
        .enumerate()
        .map(|(at, line)| path(at, line, window, highest))
        .collect();
    let label = format!("{title}: {}", summary(&lines, show));
    let leads = leads.as_deref();
    let steps = leads.map(|leads| steps(&lines, window, show, leads));
    let cut = lines.len().saturating_sub(MOST_LINES);
    view! {
        <figure class="chart">
            <div class="chart-plot">
                <span class="chart-top">{show(highest)}</span>
                <svg
                    role=if leads.is_some() { "group" } else { "img" }
                    aria-label=label
                    viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                    preserveAspectRatio="none"
                >
                    {drawn} {steps}
                </svg>
                <span class="chart-times">
                    <span>{clock(window.0)}</span>
                    <span>{clock(window.1)}</span>
                </span>
            </div>
            {legend(&lines, show, leads)}
            {(cut > 0).then(|| view! { <p class="chart-cut">{cut} " more are not drawn."</p> })}
            {table(&lines, show, leads)}
        </figure>
    }
    .into_any()
}

fn highest(lines: &[Line]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    let most = values.map(|(_, value)| *value).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

fn path(at: usize, line: &Line, window: (u64, u64), highest: f64) -> AnyView {
    let points: Vec<_> = line
        .points
        .iter()
        .map(|(time, value)| (x(*time, window), y(*value, highest)))
        .collect();
    // A single point is no line yet.
    let dots = (points.len() == 1).then(|| {
        let (x, y) = points[0];
        // Of no length, so that it stays round however wide the picture is.
        view! { <path class="chart-dot" d=format!("M{x:.1} {y:.1}h0")></path> }
    });
    let mut data = String::new();
    for (number, (x, y)) in points.iter().enumerate() {
        let pen = if number == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(data, "{pen}{x:.1} {y:.1}");
    }
    view! {
        <g style=colour(at)>
            <path d=data stroke-dasharray=DASHES[at % DASHES.len()]></path>
            {dots}
        </g>
    }
    .into_any()
}

/// A strip over each step in which something was measured: what was, in words, and the way there. They are
/// not on the way of the tab key: the table has the same ways.
fn steps(
    lines: &[Line],
    window: (u64, u64),
    show: fn(f64) -> String,
    leads: &dyn Leads,
) -> Vec<AnyView> {
    let mut at: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in lines.iter().take(MOST_LINES) {
        for (time, value) in &line.points {
            let words = format!("{} {}", line.label, show(*value));
            at.entry(*time).or_default().push(words);
        }
    }
    let strip = |(time, words): (u64, Vec<String>)| {
        let (left, right) = (
            x(time, window),
            x(time.saturating_add(leads.step_ns()), window),
        );
        let label = format!("{}: {}", clock(time), words.join(", "));
        view! {
            <a href=leads.step(time) aria-label=label.clone() tabindex="-1">
                <rect
                    class="chart-step"
                    x=format!("{left:.1}")
                    width=format!("{:.1}", (right - left).max(1.0))
                    y="0"
                    height=HEIGHT.to_string()
                >
                    <title>{label.clone()}</title>
                </rect>
            </a>
        }
        .into_any()
    };
    at.into_iter().map(strip).collect()
}

fn colour(at: usize) -> String {
    format!("--line-colour:var(--s{})", at % MOST_LINES + 1)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a pixel is wider than a millisecond"
)]
fn x(time: u64, (from, to): (u64, u64)) -> f64 {
    let length = to.saturating_sub(from).max(1);
    WIDTH * time.saturating_sub(from) as f64 / length as f64
}

/// A pixel of room, so that lines are not cut at the edges.
fn y(value: f64, highest: f64) -> f64 {
    HEIGHT - 1.0 - value / highest * (HEIGHT - 2.0)
}

fn clock(ns: u64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    time.strftime("%m-%d %H:%M").to_string()
}

/// What of a line is told in numbers.
struct Numbers {
    least: f64,
    mean: f64,
    most: f64,
    last: f64,
}

impl Numbers {
    /// `None` when nothing was measured.
    fn of(line: &Line) -> Option<Self> {
        let values = || line.points.iter().map(|(_, value)| *value);
        let count = u32::try_from(line.points.len())
            .ok()
            .filter(|count| *count > 0)?;
        Some(Self {
            least: values().fold(f64::INFINITY, f64::min),
            mean: values().sum::<f64>() / f64::from(count),
            most: values().fold(f64::NEG_INFINITY, f64::max),
            last: values().next_back()?,
        })
    }
}

fn summary(lines: &[Line], show: fn(f64) -> String) -> String {
    let one = |line: &Line| {
        let last = Numbers::of(line)?.last;
        Some(format!("{} last {}", line.label, show(last)))
    };
    let all: Vec<_> = lines.iter().take(MOST_LINES).filter_map(one).collect();
    all.join(", ")
}

fn legend(lines: &[Line], show: fn(f64) -> String, leads: Option<&dyn Leads>) -> AnyView {
    let row = |(at, line): (usize, &Line)| {
        let numbers = Numbers::of(line)?;
        let Numbers {
            least,
            mean,
            most,
            last,
        } = numbers;
        let cell = |value| view! { <td class="table-number">{show(value)}</td> };
        let label = match leads.and_then(|leads| leads.line(&line.label)) {
            Some(href) => view! { <a href=href>{line.label.clone()}</a> }.into_any(),
            None => line.label.clone().into_any(),
        };
        Some(view! {
            <tr>
                <th scope="row">
                    <svg class="chart-swatch" aria-hidden="true" viewBox="0 0 24 4" style=colour(at)>
                        <path d="M0 2H24" stroke-dasharray=DASHES[at % DASHES.len()]></path>
                    </svg>
                    {label}
                </th>
                {[least, mean, most, last].map(cell).collect_view()}
            </tr>
        })
    };
    let rows = lines.iter().take(MOST_LINES).enumerate().filter_map(row);
    view! {
        <table class="chart-legend">
            <thead>
                <tr>
                    <td></td>
                    {["min", "avg", "max", "last"]
                        .map(|word| {
                            view! {
                                <th scope="col" class="table-number">
                                    {word}
                                </th>
                            }
                        })
                        .collect_view()}
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn table(lines: &[Line], show: fn(f64) -> String, leads: Option<&dyn Leads>) -> AnyView {
    let row = |label: &str, (time, value): &(u64, f64)| {
        view! {
            <tr>
                <td>
                    {moment(*time, leads)}
                </td>
                <td>{label.to_owned()}</td>
                <td class="table-number">{show(*value)}</td>
            </tr>
        }
    };
    let rows = lines
        .iter()
        .take(MOST_LINES)
        .flat_map(|line| line.points.iter().map(move |point| row(&line.label, point)));
    view! {
        <details class="chart-table">
            <summary>"Show as table"</summary>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Time (UTC)"</th>
                        <th scope="col">"Line"</th>
                        <th scope="col" class="table-number">
                            "Value"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </details>
    }
    .into_any()
}

/// A moment, as a link where it leads somewhere.
fn moment(time: u64, leads: Option<&dyn Leads>) -> AnyView {
    match leads.map(|leads| leads.step(time)) {
        Some(href) => view! { <a href=href>{clock(time)}</a> }.into_any(),
        None => clock(time).into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_as_wide_and_the_highest_value_as_high_as_the_chart() {
        assert_eq!((x(100, (100, 200)), x(200, (100, 200))), (0.0, WIDTH));
        assert_eq!((y(0.0, 5.0), y(5.0, 5.0)), (HEIGHT - 1.0, 1.0));
    }

    #[test]
    fn a_line_is_summed_up_in_four_numbers() {
        let line = Line {
            label: "a".to_owned(),
            points: vec![(1, 2.0), (2, 6.0), (3, 1.0)],
        };
        let numbers = Numbers::of(&line).unwrap();
        assert_eq!(
            (numbers.least, numbers.most, numbers.mean, numbers.last),
            (1.0, 6.0, 3.0, 1.0)
        );
        let nothing = Line {
            points: Vec::new(),
            ..line
        };
        assert!(Numbers::of(&nothing).is_none());
    }
}
