//! Metrics as series over time.
//!
//! Of a counter only the last point before each step is read: the difference between two of them is what
//! it grew by, unless its program began again in between.

mod growth;
mod series;
mod spread;

use std::collections::{BTreeMap, BTreeSet};

use api::telemetry::{Aggregate, MetricPoint, MetricQuery, MetricReader, MetricSeries, Window};
use api::traces::ReadError;
use async_trait::async_trait;

use self::growth::{Point, Value};
use self::series::Series;
use self::spread::Spread;
use super::Store;
use super::request::SeriesKind;
use super::usage::step_ns;
use super::view::{QueryError, View};

#[cfg(test)]
pub(super) use self::series::{FIRST_TIME, LAST_POINT, LAST_TIME, POINTS, SERIES_OF_NAME};

pub(super) const METRIC_NAMES: &str = "SELECT DISTINCT name FROM series";

#[async_trait]
impl MetricReader for Store {
    async fn metric(&self, query: &MetricQuery) -> Result<Vec<MetricSeries>, ReadError> {
        let query = query.clone();
        let select = move |view: &View| metric(view, &query);
        self.readers.read("metrics", select).await
    }

    async fn metric_names(&self) -> Result<Vec<String>, ReadError> {
        self.readers.read("metrics", names).await
    }
}

fn names(view: &View) -> Result<Vec<String>, QueryError> {
    let mut names = BTreeSet::new();
    for snapshot in &view.snapshots {
        names.extend(snapshot.query(|db| {
            let mut select = db.prepare_cached(METRIC_NAMES)?;
            let names = select.query_map([], |row| row.get(0))?;
            names.collect::<rusqlite::Result<Vec<String>>>()
        })?);
    }
    Ok(names.into_iter().collect())
}

fn metric(view: &View, query: &MetricQuery) -> Result<Vec<MetricSeries>, QueryError> {
    let steps = Steps {
        window: query.window,
        step_ns: step_ns(query.window, query.step_ns),
    };
    let mut found: BTreeMap<Vec<String>, (String, BTreeMap<u64, Sum>)> = BTreeMap::new();
    for series in series::matching(view, query)? {
        let new = || (series.unit.clone(), BTreeMap::new());
        let (_, sums) = found.entry(series.labels.clone()).or_insert_with(new);
        match (query.aggregate, series.kind) {
            (Aggregate::Last, _) => last(view, &series, &steps, sums)?,
            (_, SeriesKind::Cumulative) => grow(view, &series, &steps, sums)?,
            (_, SeriesKind::Gauge | SeriesKind::Delta) => {
                for point in series.points(view, steps.window)? {
                    sums.entry(steps.of(point.time_ns))
                        .or_default()
                        .add(&point.value);
                }
            }
        }
    }
    let answers = found.into_iter().filter_map(|(labels, (unit, sums))| {
        let points: Vec<_> = sums
            .into_iter()
            .filter_map(|(time_ns, sum)| {
                let value = sum.value(query.aggregate, steps.step_ns)?;
                Some(MetricPoint { time_ns, value })
            })
            .collect();
        (!points.is_empty()).then(|| MetricSeries {
            labels: query.by.iter().cloned().zip(labels).collect(),
            unit,
            points,
        })
    });
    Ok(answers.collect())
}

/// A window in pieces.
struct Steps {
    window: Window,
    step_ns: u64,
}

impl Steps {
    /// When the step of a moment begins.
    fn of(&self, time_ns: u64) -> u64 {
        let from_ns = self.window.from_ns;
        from_ns + time_ns.saturating_sub(from_ns) / self.step_ns * self.step_ns
    }

    fn all(&self) -> impl Iterator<Item = Window> {
        let Self { window, step_ns } = *self;
        let begins = std::iter::successors(Some(window.from_ns), move |begin| {
            begin
                .checked_add(step_ns)
                .filter(|next| *next < window.to_ns)
        });
        begins.map(move |from_ns| Window {
            from_ns,
            to_ns: from_ns.saturating_add(step_ns).min(window.to_ns),
        })
    }
}

/// The last value of each step.
fn last(
    view: &View,
    series: &Series,
    steps: &Steps,
    sums: &mut BTreeMap<u64, Sum>,
) -> Result<(), QueryError> {
    for step in steps.all() {
        if let Some(point) = series.last(view, step)? {
            sums.entry(step.from_ns).or_default().add(&point.value);
        }
    }
    Ok(())
}

/// By how much a cumulative series grew in each step.
fn grow(
    view: &View,
    series: &Series,
    steps: &Steps,
    sums: &mut BTreeMap<u64, Sum>,
) -> Result<(), QueryError> {
    let mut before = series.last(
        view,
        Window {
            from_ns: 0,
            to_ns: steps.window.from_ns,
        },
    )?;
    for step in steps.all() {
        let Some(last) = series.last(view, step)? else {
            continue;
        };
        let sum = sums.entry(step.from_ns).or_default();
        match &before {
            Some(before) if last.counts_on(before) && last.start_ns > 0 => {
                if let Some(growth) = last.growth(Some(before)) {
                    sum.add(&growth);
                }
            }
            // It began, or began again, in this step.
            _ => {
                let mut earlier: Option<Point> = before.take();
                for point in series.points(view, step)? {
                    if let Some(growth) = point.growth(earlier.as_ref()) {
                        sum.add(&growth);
                    }
                    earlier = Some(point);
                }
            }
        }
        before = Some(last);
    }
    Ok(())
}

/// What the points of a step come to.
#[derive(Default)]
struct Sum {
    /// Of numbers; of histograms how often was measured.
    count: f64,
    /// Points that are numbers.
    n_numbers: u32,
    /// Of what histograms measured.
    total: f64,
    spread: Spread,
}

impl Sum {
    fn add(&mut self, value: &Value) {
        self.count += value.count();
        match value {
            Value::Number(_) => self.n_numbers += 1,
            Value::Histogram { sum, spread, .. } => {
                self.total += sum;
                self.spread.add(spread);
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a step's length need not be exact to the nanosecond, nor counts above 2^53"
    )]
    fn value(&self, aggregate: Aggregate, step_ns: u64) -> Option<f64> {
        match aggregate {
            Aggregate::Rate => Some(self.count * 1e9 / step_ns as f64),
            Aggregate::Sum | Aggregate::Last => Some(self.count),
            Aggregate::Mean if self.n_numbers > 0 => Some(self.count / f64::from(self.n_numbers)),
            Aggregate::Mean => (self.count > 0.0).then(|| self.total / self.count),
            Aggregate::Quantile(share) => self.spread.quantile(share),
            Aggregate::AtMost(bound) => Some(self.spread.at_most(bound) as f64),
        }
    }
}
