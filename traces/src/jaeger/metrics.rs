//! `/api/metrics`: rates, failures and durations of services over time, as Jaeger's "Monitor" page draws
//! them. Answers have the shape of `OpenMetrics` in JSON.

use api::telemetry::Window;
use api::traces::SpanKind;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::Error;
use super::params::Params;
use crate::Store;
use crate::store::{Done, RateKey, RateQuery, Steps};

const MS: u64 = 1_000_000;

/// Points of a series at most.
const MAX_POINTS: u64 = 11_000;

/// The shortest step, in milliseconds.
const MIN_STEP_MS: u64 = 1;

pub(super) fn routes() -> Router<Store> {
    Router::new()
        .route("/api/metrics/minstep", get(min_step))
        .route("/api/metrics/{measure}", get(metrics))
}

async fn min_step() -> Json<Value> {
    Json(json!({ "data": MIN_STEP_MS, "total": 0, "limit": 0, "offset": 0, "errors": null }))
}

async fn metrics(
    State(store): State<Store>,
    Path(measure): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    match family(&store, &measure, &params).await {
        Ok(family) => Json(family).into_response(),
        Err(error) => {
            error.log();
            let status = error.status();
            let failure = json!({ "code": status.as_u16(), "msg": error.to_string() });
            let envelope =
                json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": [failure] });
            (status, Json(envelope)).into_response()
        }
    }
}

/// What a point says.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// In milliseconds; a share of them is at most so long.
    Latency(f64),
    /// Per second.
    Calls,
    /// Failures by calls.
    Errors,
}

impl Measure {
    fn read(name: &str, params: &Params) -> Result<Self, Error> {
        match name {
            "calls" => Ok(Self::Calls),
            "errors" => Ok(Self::Errors),
            "latencies" => {
                let quantile: f64 = required(params, "quantile")?;
                if (0.0..=1.0).contains(&quantile) {
                    Ok(Self::Latency(quantile))
                } else {
                    Err(Error::malformed("quantile", "must be between 0 and 1"))
                }
            }
            _ => Err(Error::FindNothing("no such metric")),
        }
    }

    /// Its name and its help, without what they are grouped by.
    fn words(self) -> (&'static str, String) {
        match self {
            Self::Latency(share) => ("latencies", format!("{share:.2}th quantile latency")),
            Self::Calls => ("call_rate", "calls/sec".to_owned()),
            Self::Errors => (
                "error_rate",
                "error rate, computed as a fraction of errors/sec over calls/sec".to_owned(),
            ),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "charts need no more than 52 bits, and a share of 100 is a small number"
    )]
    fn of(self, done: &Done, seconds: f64) -> f64 {
        let n = done.durations.n() as f64;
        match self {
            Self::Latency(share) => {
                let percent = (share * 100.0).round() as u64;
                done.durations.percentile(percent) as f64 / MS as f64
            }
            Self::Calls => n / seconds,
            Self::Errors => done.n_errors as f64 / n,
        }
    }
}

fn required<T: std::str::FromStr>(params: &Params, name: &'static str) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    let missing = || Error::MissParameter(format!("parameter '{name}' is required"));
    params.number(name)?.ok_or_else(missing)
}

/// The question, as Jaeger's parameters put it.
struct Asked {
    query: RateQuery,
    /// Steps that a point looks back over.
    n_before: u64,
    n_points: u64,
}

impl Asked {
    fn read(params: &Params, now_ns: u64) -> Result<Self, Error> {
        let services: Vec<_> = params.all("service").map(str::to_owned).collect();
        if services.is_empty() {
            let missing = "please provide at least one service name";
            return Err(Error::malformed("service", missing));
        }
        let mut kinds = params
            .all("spanKind")
            .map(kind)
            .collect::<Result<Vec<_>, _>>()?;
        if kinds.is_empty() {
            kinds.push(SpanKind::Server);
        }
        let ms = |name, default| -> Result<u64, Error> {
            match params.number(name)?.unwrap_or(default) {
                0 => Err(Error::malformed(name, "must be above 0")),
                ms => Ok(ms),
            }
        };
        let by_operation = params.number("groupByOperation")?.unwrap_or(false);
        let end_ms = ms("endTs", now_ns / MS + 1)?;
        let (lookback_ms, step_ms) = (ms("lookback", 3_600_000)?, ms("step", 5_000)?);
        let rate_ms = ms("ratePer", 600_000)?;
        let n_points = lookback_ms / step_ms + 1;
        if n_points > MAX_POINTS {
            let reason = format!("makes more than {MAX_POINTS} points of the lookback");
            return Err(Error::malformed("step", reason));
        }
        let n_before = rate_ms.div_ceil(step_ms);
        let length_ms = (n_points - 1 + n_before).saturating_mul(step_ms);
        Ok(Self {
            query: RateQuery {
                services,
                kinds,
                by_operation,
                window: Window {
                    from_ns: end_ms.saturating_sub(length_ms).saturating_mul(MS),
                    to_ns: end_ms.saturating_mul(MS),
                },
                step_ns: step_ms.saturating_mul(MS),
            },
            n_before,
            n_points,
        })
    }
}

fn kind(word: &str) -> Result<SpanKind, Error> {
    match word
        .trim_start_matches("SPAN_KIND_")
        .to_ascii_lowercase()
        .as_str()
    {
        "unspecified" => Ok(SpanKind::Unspecified),
        "internal" => Ok(SpanKind::Internal),
        "server" => Ok(SpanKind::Server),
        "client" => Ok(SpanKind::Client),
        "producer" => Ok(SpanKind::Producer),
        "consumer" => Ok(SpanKind::Consumer),
        _ => Err(Error::malformed(
            "spanKind",
            format!("unsupported span kind: '{word}'"),
        )),
    }
}

#[derive(Serialize)]
struct Family {
    name: String,
    r#type: &'static str,
    help: String,
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    labels: Vec<Label>,
    metric_points: Vec<Point>,
}

#[derive(Serialize)]
struct Label {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    gauge_value: Gauge,
    timestamp: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gauge {
    double_value: f64,
}

async fn family(store: &Store, measure: &str, params: &Params) -> Result<Family, Error> {
    let measure = Measure::read(measure, params)?;
    let asked = Asked::read(params, store.now_ns())?;
    let rates = store.rates(asked.query.clone()).await?;
    let (name, help) = measure.words();
    let (of, by) = if asked.query.by_operation {
        ("service_operation", "service & operation")
    } else {
        ("service", "service")
    };
    let metrics = rates
        .into_iter()
        .map(|(key, steps)| Metric {
            labels: labels(key),
            metric_points: points(measure, &asked, &steps),
        })
        .filter(|metric| !metric.metric_points.is_empty())
        .collect();
    Ok(Family {
        name: format!("{of}_{name}"),
        r#type: "GAUGE",
        help: format!("{help}, grouped by {by}"),
        metrics,
    })
}

fn labels((service, operation): RateKey) -> Vec<Label> {
    let label = |name, value| Label { name, value };
    let mut labels = vec![label("service_name", service)];
    if !operation.is_empty() {
        labels.insert(0, label("operation", operation));
    }
    labels
}

/// A point for each step in whose past something was done.
#[expect(
    clippy::cast_precision_loss,
    reason = "a rate need not be exact to the nanosecond"
)]
fn points(measure: Measure, asked: &Asked, steps: &Steps) -> Vec<Point> {
    let Asked {
        query,
        n_before,
        n_points,
    } = asked;
    let seconds = (query.step_ns.saturating_mul(*n_before)) as f64 / 1e9;
    let mut points = Vec::new();
    for point in 0..*n_points {
        let mut done = Done::default();
        for (_, step) in steps.range(point..point + n_before) {
            done.add(step);
        }
        let after_ns = (point + n_before).saturating_mul(query.step_ns);
        let at_ns = i128::from(query.window.from_ns) + i128::from(after_ns);
        if done.durations.n() > 0
            && let Ok(timestamp) = Timestamp::from_nanosecond(at_ns)
        {
            points.push(Point {
                gauge_value: Gauge {
                    double_value: measure.of(&done, seconds),
                },
                timestamp,
            });
        }
    }
    points
}
