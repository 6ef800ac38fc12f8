//! The panels of the page: which metric each draws, and how its answers become lines.

use std::collections::BTreeMap;

use api::{
    attributes::{key, metric},
    telemetry::{Aggregate, MetricQuery, MetricSeries, TelemetryReader, Window},
};

use super::unit::Unit;
use crate::{
    components::chart::Line,
    pages::{
        params::namespace_filter,
        period::Period,
        range::Range,
        traces::query::{Condition, Name},
    },
    site::Failure,
    untrusted::visible,
};

/// Points of a line.
const POINTS: u64 = 60;

/// What the page is asked for.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(super) namespace: String,
    /// Empty for all.
    pub(super) agent: String,
    pub(super) period: Period,
    pub(super) window: Window,
    pub(super) before: Before,
}

impl Asked {
    /// What a query asks for. Without a beginning there are no steps to draw: then it is the last week.
    pub(crate) fn of(namespace: &str, pairs: &[(String, String)], now_ns: u64) -> Self {
        let value = |name: &str| {
            let mut of_name = pairs.iter().filter(|(key, _)| key == name);
            let value = of_name.next().map(|(_, value)| value.clone());
            value.unwrap_or_default()
        };
        let asked = Period::of_pairs(pairs, "1h");
        let period = if asked.has_beginning() {
            asked
        } else {
            Period::Last(Range::called("7d", "7d"))
        };
        Self {
            namespace: namespace.to_owned(),
            agent: value("agent"),
            window: period.window_at(now_ns),
            period,
            before: match value("compare").as_str() {
                "prev" => Before::Shown,
                _ => Before::Hidden,
            },
        }
    }

    /// The time between two points, in nanoseconds.
    pub(crate) fn step_ns(&self) -> u64 {
        (self.window.length_ns() / POINTS).max(1)
    }

    /// The same of the time of equal length before.
    fn earlier(&self) -> Self {
        let Window { from_ns, .. } = self.window;
        Self {
            window: Window {
                from_ns: from_ns.saturating_sub(self.window.length_ns()),
                to_ns: from_ns,
            },
            before: Before::Hidden,
            ..self.clone()
        }
    }
}

/// Whether the time of equal length before is drawn, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Shown,
    Hidden,
}

/// One chart.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(super) unit: Unit,
    metric: &'static str,
    draws: Draws,
    /// What a rule calls it that watches it.
    pub(super) alert: Option<&'static str>,
}

/// How a metric becomes lines.
#[derive(Clone, Copy)]
enum Draws {
    /// How often a minute, a line per value of the attribute.
    PerMinute(&'static str),
    /// The share of those that failed, a line per value of the attribute.
    Failed(&'static str),
    /// P50, P95 and P99.
    Quantiles,
    /// P95, a line per value of the attribute.
    P95(&'static str),
    /// The mean, a line per value of the attribute.
    Mean(&'static str),
}

/// All of them, in the order of the page.
pub(crate) const PANELS: [Panel; 12] = [
    panel(
        "Runs per minute, by agent",
        Unit::Number,
        metric::REQUESTS,
        Draws::PerMinute(key::AGENT_NAME),
    ),
    watched(
        panel(
            "Duration of runs",
            Unit::Milliseconds,
            metric::REQUEST_DURATION,
            Draws::Quantiles,
        ),
        "requestLatency",
    ),
    watched(
        panel(
            "Runs that failed, by agent",
            Unit::Share,
            metric::REQUESTS,
            Draws::Failed(key::AGENT_NAME),
        ),
        "errorRate",
    ),
    panel(
        "Steps of a run, mean by agent",
        Unit::Number,
        metric::REQUEST_STEPS,
        Draws::Mean(key::AGENT_NAME),
    ),
    panel(
        "Model calls per minute, by model",
        Unit::Number,
        metric::MODEL_CALLS,
        Draws::PerMinute(key::MODEL),
    ),
    panel(
        "Duration of model calls",
        Unit::Milliseconds,
        metric::MODEL_DURATION,
        Draws::Quantiles,
    ),
    watched(
        panel(
            "Model calls that failed, by model",
            Unit::Share,
            metric::MODEL_CALLS,
            Draws::Failed(key::MODEL),
        ),
        "modelFailures",
    ),
    panel(
        "Time to first token, P95 by model",
        Unit::Seconds,
        metric::TIME_TO_FIRST_CHUNK,
        Draws::P95(key::REQUEST_MODEL),
    ),
    panel(
        "Tokens per minute",
        Unit::Number,
        metric::TOKENS,
        Draws::PerMinute(key::TOKEN_TYPE),
    ),
    panel(
        "Tool calls per minute, by tool",
        Unit::Number,
        metric::TOOL_CALLS,
        Draws::PerMinute(key::TOOL),
    ),
    panel(
        "Duration of tool calls, P95 by tool",
        Unit::Milliseconds,
        metric::TOOL_DURATION,
        Draws::P95(key::TOOL),
    ),
    panel(
        "Delegations per minute, by target",
        Unit::Number,
        metric::DELEGATIONS,
        Draws::PerMinute(key::TARGET),
    ),
];

const fn panel(title: &'static str, unit: Unit, metric: &'static str, draws: Draws) -> Panel {
    Panel {
        title,
        unit,
        metric,
        draws,
        alert: None,
    }
}

/// One that a rule of alerts can watch.
const fn watched(panel: Panel, measure: &'static str) -> Panel {
    Panel {
        alert: Some(measure),
        ..panel
    }
}

/// A panel with what was measured.
pub(crate) struct Drawn {
    pub(crate) panel: Panel,
    pub(crate) lines: Vec<Line>,
}

impl Panel {
    /// What asks for the runs behind a line of this name, as far as it is of one thing.
    pub(super) fn condition(&self, label: &str) -> Option<Condition> {
        let by = match self.draws {
            Draws::PerMinute(by) | Draws::Failed(by) | Draws::P95(by) | Draws::Mean(by) => by,
            Draws::Quantiles => return None,
        };
        let name = match by {
            key::AGENT_NAME | key::TARGET => Name::Agent,
            key::MODEL | key::REQUEST_MODEL => Name::Model,
            key::TOOL => Name::Tool,
            _ => return None,
        };
        Some(Condition::Name(name, label.to_owned()))
    }

    /// What was measured; with the time before, if that is asked for, moved onto it.
    pub(crate) async fn drawn(
        &self,
        telemetry: &dyn TelemetryReader,
        asked: &Asked,
    ) -> Result<Drawn, Failure> {
        let mut drawn = self.read(telemetry, asked).await?;
        if asked.before == Before::Shown {
            let before = self.read(telemetry, &asked.earlier()).await?;
            let moved = before.lines.into_iter().map(|line| Line {
                label: format!("{}, before", line.label),
                points: line
                    .points
                    .into_iter()
                    .map(|(time, value)| (time + asked.window.length_ns(), value))
                    .collect(),
            });
            drawn.lines.extend(moved);
        }
        Ok(drawn)
    }

    /// Asks for what the panel shows.
    async fn read(&self, telemetry: &dyn TelemetryReader, asked: &Asked) -> Result<Drawn, Failure> {
        let ask = |by: &'static str, aggregate, attributes: &[(&str, &str)]| {
            let query = self.query(asked, by, aggregate, attributes);
            async move { telemetry.metric(&query).await }
        };
        let lines = match self.draws {
            Draws::PerMinute(by) => lines(ask(by, Aggregate::Rate, &[]).await?, 60.0),
            Draws::P95(by) => lines(ask(by, Aggregate::Quantile(0.95), &[]).await?, 1.0),
            Draws::Mean(by) => lines(ask(by, Aggregate::Mean, &[]).await?, 1.0),
            Draws::Failed(by) => {
                let failed = ask(by, Aggregate::Sum, &[(key::SUCCESS, "false")]).await?;
                shares(&failed, ask(by, Aggregate::Sum, &[]).await?)
            }
            Draws::Quantiles => {
                let mut all = Vec::new();
                for (name, quantile) in [("P50", 0.5), ("P95", 0.95), ("P99", 0.99)] {
                    let series = ask("", Aggregate::Quantile(quantile), &[]).await?;
                    all.extend(lines(series, 1.0).into_iter().map(|line| Line {
                        label: name.to_owned(),
                        ..line
                    }));
                }
                all
            }
        };
        Ok(Drawn {
            panel: *self,
            lines,
        })
    }

    fn query(
        &self,
        asked: &Asked,
        by: &str,
        aggregate: Aggregate,
        attributes: &[(&str, &str)],
    ) -> MetricQuery {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        MetricQuery {
            name: self.metric.to_owned(),
            service: some(&asked.agent),
            namespace: namespace_filter(&asked.namespace),
            attributes: attributes.iter().map(owned).collect(),
            window: asked.window,
            step_ns: asked.step_ns(),
            by: some(by).into_iter().collect(),
            aggregate,
        }
    }
}

/// A line per series, the one with the highest values first.
fn lines(series: Vec<MetricSeries>, scale: f64) -> Vec<Line> {
    let line = |series: MetricSeries| Line {
        label: name(&series),
        points: series
            .points
            .iter()
            .map(|point| (point.time_ns, point.value * scale))
            .collect(),
    };
    let mut lines: Vec<_> = series
        .into_iter()
        .map(line)
        .filter(|line| !line.points.is_empty())
        .collect();
    lines.sort_by(|one, other| highest(other).total_cmp(&highest(one)));
    lines
}

/// What part of each series the failed ones of it are, wherever there were any at all.
fn shares(failed: &[MetricSeries], all: Vec<MetricSeries>) -> Vec<Line> {
    let failed: BTreeMap<(String, u64), f64> = failed
        .iter()
        .flat_map(|series| {
            let name = name(series);
            let points = series.points.iter();
            points.map(move |point| ((name.clone(), point.time_ns), point.value))
        })
        .collect();
    let mut lines = lines(all, 1.0);
    for Line { label, points } in &mut lines {
        points.retain(|(_, all)| *all > 0.0);
        for (time, value) in points {
            let failed = failed.get(&(label.clone(), *time)).copied();
            *value = failed.unwrap_or(0.0) / *value;
        }
    }
    lines.retain(|line| !line.points.is_empty());
    lines
}

fn name(series: &MetricSeries) -> String {
    let values: Vec<_> = series
        .labels
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    match values.join(", ") {
        name if name.is_empty() => "all".to_owned(),
        name => visible(&name).into_owned(),
    }
}

fn highest(line: &Line) -> f64 {
    line.points
        .iter()
        .map(|(_, value)| *value)
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use api::telemetry::MetricPoint;

    use super::*;

    fn series(name: &str, points: &[(u64, f64)]) -> MetricSeries {
        MetricSeries {
            labels: vec![(key::AGENT_NAME.to_owned(), name.to_owned())],
            unit: "1".to_owned(),
            points: points
                .iter()
                .map(|(time_ns, value)| MetricPoint {
                    time_ns: *time_ns,
                    value: *value,
                })
                .collect(),
        }
    }

    #[test]
    fn the_share_of_failures_is_known_only_where_something_was_done() {
        let failed = [series("a", &[(1, 1.0)])];
        let all = vec![
            series("a", &[(1, 4.0), (2, 0.0), (3, 2.0)]),
            series("b", &[(1, 0.0)]),
        ];
        let lines = shares(&failed, all);
        assert_eq!(lines.len(), 1, "b did nothing");
        assert_eq!(lines[0].points, [(1, 0.25), (3, 0.0)]);
    }

    #[test]
    fn the_line_with_the_highest_value_comes_first() {
        let lines = lines(
            vec![series("a", &[(1, 1.0)]), series("b", &[(1, 2.0)])],
            60.0,
        );
        let names: Vec<_> = lines.iter().map(|line| line.label.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(lines[0].points, [(1, 120.0)]);
    }
}
