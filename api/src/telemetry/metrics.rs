//! Metrics as series over time.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Window;
use crate::traces::ReadError;

/// A question about one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricQuery {
    /// Name of the metric.
    pub name: String,
    /// Of this service.
    pub service: Option<String>,
    /// `service.namespace` of the resource.
    pub namespace: Option<String>,
    /// Attributes of the series, written as text; all have to be there.
    pub attributes: Vec<(String, String)>,
    /// When.
    pub window: Window,
    /// Time between two points, in nanoseconds; the whole window when 0. A window has at most 1,000
    /// points: shorter steps are made longer.
    pub step_ns: u64,
    /// Which attributes tell the answer's series apart; `service.name` and `service.namespace` are those
    /// of the resource. With none there is one series.
    pub by: Vec<String>,
    /// What a point says.
    pub aggregate: Aggregate,
}

/// What a point says of its step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// By how much a sum, or the count of a histogram, grew per second.
    Rate,
    /// By how much a sum, or the count of a histogram, grew.
    Sum,
    /// The mean of a histogram's measurements, or of a gauge's points.
    Mean,
    /// The last value; of several series their sum.
    Last,
    /// The value that this share of a histogram's measurements does not exceed, from 0 to 1. Between
    /// two bounds of buckets it is estimated, as Prometheus does.
    Quantile(f64),
    /// How many of a histogram's measurements are not above this. Buckets that reach beyond it do not
    /// count: it should be the bound of one.
    AtMost(f64),
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSeries {
    /// The attributes that were asked for, in that order; a series without one has an empty text.
    pub labels: Vec<(String, String)>,
    /// `ms`, `1`, `{token}`, …
    pub unit: String,
    /// By time; a step without measurements has no point.
    pub points: Vec<MetricPoint>,
}

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// When its step begins, in nanoseconds since the epoch.
    pub time_ns: u64,
    /// What was asked for.
    pub value: f64,
}

/// Reads metrics.
///
/// Counters that begin again from zero, as those of a restarted program, count on.
#[async_trait]
pub trait MetricReader: Send + Sync {
    /// The series, by their labels.
    async fn metric(&self, query: &MetricQuery) -> Result<Vec<MetricSeries>, ReadError>;

    /// Names of all metrics, sorted.
    async fn metric_names(&self) -> Result<Vec<String>, ReadError>;
}
