//! What a rule measures, and when it would have been told.

use std::collections::BTreeMap;

use super::{Alert, AlertMeasure, AlertRule, AlertState};
use crate::{
    attributes::{key, metric},
    telemetry::{Aggregate, MetricPoint, MetricQuery, MetricReader, Window},
    traces::ReadError,
};

/// Steps of a longer window may not be shorter: a question has 1,000 of them at most.
const LEAST_STEP_SECONDS: u64 = 120;

/// What was measured, by agent; a step in which nothing happened has no point.
pub type Measured = BTreeMap<String, Vec<MetricPoint>>;

/// A time for which a rule would have fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// The agent.
    pub agent: String,
    /// When somebody would have been told, in nanoseconds since the epoch.
    pub from_ns: u64,
    /// When it would have been over; none when it would still fire at the end.
    pub to_ns: Option<u64>,
}

impl AlertRule {
    /// Measures what the rule is about, for each agent and each step of the window; once when `step_ns`
    /// is 0.
    pub async fn measured(
        &self,
        reader: &(impl MetricReader + ?Sized),
        window: Window,
        step_ns: u64,
    ) -> Result<Measured, ReadError> {
        let ask = async |name: &str, success: Option<&str>, aggregate| {
            let wanted = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            let agent = self.agent.as_deref();
            let agent = agent.map(|agent| wanted(key::AGENT_NAME, agent));
            let success = success.map(|success| wanted(key::SUCCESS, success));
            let query = MetricQuery {
                name: name.to_owned(),
                service: None,
                namespace: None,
                attributes: agent.into_iter().chain(success).collect(),
                window,
                step_ns,
                by: vec![key::AGENT_NAME.to_owned()],
                aggregate,
            };
            let series = reader.metric(&query).await?;
            let series = series.into_iter().filter_map(|series| {
                let (_, agent) = series.labels.into_iter().next()?;
                Some((agent, series.points))
            });
            Ok::<Measured, ReadError>(series.collect())
        };
        let counter = match self.measure {
            AlertMeasure::RequestLatency => {
                let quantile = Aggregate::Quantile(0.95);
                let mut measured = ask(metric::REQUEST_DURATION, None, quantile).await?;
                for point in measured.values_mut().flatten() {
                    point.value /= 1_000.0;
                }
                return Ok(measured);
            }
            AlertMeasure::ErrorRate => metric::REQUESTS,
            AlertMeasure::ModelFailures => metric::MODEL_CALLS,
        };
        let all = ask(counter, None, Aggregate::Sum).await?;
        let failed = ask(counter, Some("false"), Aggregate::Sum).await?;
        let shares = all.into_iter().map(|(agent, points)| {
            let failed = failed.get(&agent).map(Vec::as_slice).unwrap_or_default();
            let n_failed = |time_ns| {
                let found = failed.iter().find(|point| point.time_ns == time_ns);
                found.map_or(0.0, |point| point.value)
            };
            let done = points.into_iter().filter(|point| point.value > 0.0);
            let share = done.map(|point| MetricPoint {
                value: n_failed(point.time_ns) / point.value,
                ..point
            });
            (agent, share.collect())
        });
        Ok(shares.collect())
    }

    /// Between two looks at the past, in nanoseconds.
    pub fn step_ns(&self) -> u64 {
        let seconds = self.window_seconds.max(LEAST_STEP_SECONDS);
        seconds.saturating_mul(1_000_000_000)
    }

    /// When it would have fired in the window, by time, had it looked at the end of each step of
    /// [`Self::step_ns`].
    pub fn backtest(&self, measured: &Measured, window: Window) -> Vec<Episode> {
        let mut episodes = Vec::new();
        for (agent, points) in measured {
            let mut alert = Alert::new(self, agent);
            let mut points = points.iter().peekable();
            let mut step = window.from_ns;
            while step < window.to_ns {
                let end = step.saturating_add(self.step_ns());
                let point = points.next_if(|point| point.time_ns < end);
                if alert.measure(self, point.map(|point| point.value), end.min(window.to_ns)) {
                    match alert.state {
                        AlertState::Firing => episodes.push(Episode {
                            agent: agent.clone(),
                            from_ns: alert.since_ns,
                            to_ns: None,
                        }),
                        AlertState::Resolved | AlertState::Pending | AlertState::Inactive => {
                            if let Some(last) = episodes.last_mut() {
                                last.to_ns = Some(alert.since_ns);
                            }
                        }
                    }
                }
                step = end;
            }
        }
        episodes
            .sort_by(|one, other| (one.from_ns, &one.agent).cmp(&(other.from_ns, &other.agent)));
        episodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_would_have_fired_whenever_it_was_bad_for_long_enough() {
        let rule = AlertRule {
            for_seconds: 300,
            ..AlertRule::defaults().remove(0)
        };
        let step_ns = rule.step_ns();
        let window = Window {
            from_ns: 1_000,
            to_ns: 1_000 + 12 * step_ns,
        };
        // Nothing happened in the fourth step.
        let values = [
            (0, 31.0),
            (1, 31.0),
            (2, 31.0),
            (4, 2.0),
            (6, 31.0),
            (8, 31.0),
            (9, 40.0),
            (10, 40.0),
        ];
        let points = values.map(|(step, value)| MetricPoint {
            time_ns: window.from_ns + step * step_ns,
            value,
        });
        let measured = Measured::from([
            ("a".to_owned(), points.to_vec()),
            ("b".to_owned(), points[5..].to_vec()),
        ]);
        let at = |step| window.from_ns + step * step_ns;
        let episode = |agent: &str, from_ns, to_ns| Episode {
            agent: agent.to_owned(),
            from_ns,
            to_ns,
        };
        assert_eq!(
            rule.backtest(&measured, window),
            [
                episode("a", at(2), Some(at(5))),
                episode("a", at(10), None),
                episode("b", at(10), None),
            ]
        );
    }
}
