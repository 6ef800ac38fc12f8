//! Reading metrics: the series of a name, and their points.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use api::traces::{Attributes, ReadError};
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use prost::Message;
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::Store;
use super::index::unsigned;
use super::request::integer;
use super::segment::SegmentError;
use super::view::{QueryError, View};

/// Points of one series at most, the newest.
const MAX_POINTS: u32 = 10_000;

/// Which metrics to read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricQuery {
    /// Name of the metric.
    pub name: String,
    /// Of this service.
    pub service: Option<String>,
    /// `service.namespace` of the resource.
    pub namespace: Option<String>,
    /// Attributes of the series, written as text; all have to be there.
    pub attributes: Vec<(String, String)>,
    /// Which points of each series.
    pub points: PointRange,
}

/// Which points of a series to read. Times are nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointRange {
    /// The one with the latest time.
    #[default]
    Newest,
    /// Those at or after this.
    Since(u64),
}

/// A metric of one service with one set of attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name of the metric.
    pub name: String,
    /// `ms`, `1`, `{token}`, …
    pub unit: String,
    /// Who sent it.
    pub service: String,
    /// `service.namespace` of the resource; empty when there is none.
    pub namespace: String,
    /// What tells it from other series of the name, by key.
    pub attributes: Attributes,
    /// Oldest first.
    pub points: Vec<Point>,
}

/// A measurement. Times are nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Since when it counts; 0 when not said.
    pub start_ns: u64,
    /// When it was taken.
    pub time_ns: u64,
    /// What was measured.
    pub value: PointValue,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub enum PointValue {
    /// Of a gauge or a sum.
    Number(f64),
    /// Of a histogram. Exponential ones and summaries have no buckets here.
    Histogram {
        /// Measurements.
        count: u64,
        /// Their sum.
        sum: f64,
        /// Upper bounds of all buckets but the last, which has none.
        bounds: Vec<f64>,
        /// Measurements per bucket.
        counts: Vec<u64>,
    },
}

impl Store {
    /// The series that match, by service and attributes. Those without points in the range are left out.
    pub async fn metrics(&self, query: &MetricQuery) -> Result<Vec<Series>, ReadError> {
        let query = query.clone();
        let select = move |view: &View| series(view, &query);
        self.readers.read("metrics", select).await
    }
}

/// What makes a series one: who sent it, as bytes, and its attributes. Sorted as answers are.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SeriesKey {
    service: String,
    attributes: String,
    source: Vec<u8>,
}

fn series(view: &View, query: &MetricQuery) -> Result<Vec<Series>, QueryError> {
    let mut found: BTreeMap<SeriesKey, Series> = BTreeMap::new();
    for snapshot in &view.snapshots {
        for (key, new) in snapshot.query(|db| of_segment(db, query))? {
            match found.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(new);
                }
                Entry::Occupied(mut known) => known.get_mut().points.extend(new.points),
            }
        }
    }
    let mut series: Vec<_> = found.into_values().collect();
    for series in &mut series {
        settle(&mut series.points, query.points);
    }
    Ok(series)
}

/// Sorts by time; of two at one time the later arrived stays.
fn settle(points: &mut Vec<Point>, range: PointRange) {
    points.reverse();
    points.sort_by_key(|point| point.time_ns);
    points.dedup_by_key(|point| point.time_ns);
    let max = match range {
        PointRange::Newest => 1,
        PointRange::Since(_) => MAX_POINTS as usize,
    };
    points.drain(..points.len().saturating_sub(max));
}

fn of_segment(
    db: &Connection,
    query: &MetricQuery,
) -> Result<Vec<(SeriesKey, Series)>, SegmentError> {
    let sql = "SELECT series.id, unit, service, namespace, attributes, otlp
               FROM series JOIN sources ON sources.id = series.source
               WHERE name = ?1 AND (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR namespace = ?3)";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params![query.name, query.service, query.namespace])?;
    let mut matching = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(4)?;
        let attributes: serde_json::Map<String, Value> = serde_json::from_str(&text)?;
        let meets = |(key, value): &(String, String)| {
            attributes
                .get(key)
                .is_some_and(|found| is_text(found, value))
        };
        if !query.attributes.iter().all(meets) {
            continue;
        }
        let points = points(db, row.get(0)?, query.points)?;
        if points.is_empty() {
            continue;
        }
        let service: String = row.get(2)?;
        let key = SeriesKey {
            service: service.clone(),
            attributes: text,
            source: row.get(5)?,
        };
        let series = Series {
            name: query.name.clone(),
            unit: row.get(1)?,
            service,
            namespace: row.get(3)?,
            attributes: attributes.into_iter().collect(),
            points,
        };
        matching.push((key, series));
    }
    Ok(matching)
}

fn is_text(value: &Value, text: &str) -> bool {
    match value.as_str() {
        Some(found) => found == text,
        None => serde_json::from_str::<Value>(text).is_ok_and(|text| text == *value),
    }
}

fn points(db: &Connection, series: i64, range: PointRange) -> Result<Vec<Point>, SegmentError> {
    let (since_ns, limit) = match range {
        PointRange::Newest => (0, 1),
        PointRange::Since(since_ns) => (integer(since_ns), MAX_POINTS),
    };
    let sql = "SELECT start_ns, time_ns, value, otlp FROM points
               WHERE series = ?1 AND time_ns >= ?2 ORDER BY time_ns DESC LIMIT ?3";
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params![series, since_ns, limit])?;
    let mut points = Vec::new();
    while let Some(row) = rows.next()? {
        points.push(point(row)?);
    }
    points.reverse();
    Ok(points)
}

fn point(row: &Row<'_>) -> Result<Point, SegmentError> {
    let histogram: Option<Vec<u8>> = row.get(3)?;
    let value = match histogram {
        None => PointValue::Number(row.get(2)?),
        Some(bytes) => {
            let point = HistogramDataPoint::decode(bytes.as_slice())?;
            PointValue::Histogram {
                count: point.count,
                sum: point.sum.unwrap_or_default(),
                bounds: point.explicit_bounds,
                counts: point.bucket_counts,
            }
        }
    };
    Ok(Point {
        start_ns: unsigned(row, 0)?,
        time_ns: unsigned(row, 1)?,
        value,
    })
}
