//! The series of a metric, and their points, in all segments.

use std::collections::BTreeMap;

use api::attributes::key;
use api::telemetry::{MetricQuery, Window};
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;
use prost::Message;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value as Json;

use super::growth::{Point, Value};
use super::spread::Spread;
use crate::store::index::unsigned;
use crate::store::request::{SeriesKind, integer};
use crate::store::segment::SegmentError;
use crate::store::snapshot::Snapshot;
use crate::store::view::{QueryError, View};

pub(in crate::store) const SERIES_OF_NAME: &str =
    "SELECT series.id, unit, kind, attributes, service, namespace, otlp
     FROM series CROSS JOIN sources ON sources.id = series.source
     WHERE name = ?1 AND (?2 IS NULL OR service = ?2) AND (?3 IS NULL OR namespace = ?3)";

pub(in crate::store) const LAST_POINT: &str = "SELECT start_ns, time_ns, value, otlp FROM points
     WHERE series = ?1 AND time_ns >= ?2 AND time_ns < ?3 ORDER BY time_ns DESC LIMIT 1";

pub(in crate::store) const POINTS: &str = "SELECT start_ns, time_ns, value, otlp FROM points
     WHERE series = ?1 AND time_ns >= ?2 AND time_ns < ?3 ORDER BY time_ns";

pub(in crate::store) const FIRST_TIME: &str =
    "SELECT time_ns FROM points WHERE series = ?1 ORDER BY time_ns LIMIT 1";

pub(in crate::store) const LAST_TIME: &str =
    "SELECT time_ns FROM points WHERE series = ?1 ORDER BY time_ns DESC LIMIT 1";

/// A metric of one source with one set of attributes.
pub(super) struct Series {
    pub(super) unit: String,
    pub(super) kind: SeriesKind,
    /// Values of what the query tells series apart by.
    pub(super) labels: Vec<String>,
    /// Where its points are, oldest first.
    places: Vec<Place>,
}

/// The points of a series in one segment.
struct Place {
    /// Which of the snapshots.
    segment: usize,
    id: i64,
    /// Of the first and the last point.
    time_ns: (u64, u64),
}

/// What makes a series one: who sent it, as bytes, its kind and its attributes.
type Key = (Vec<u8>, i64, String);

/// The series that the query asks for.
pub(super) fn matching(view: &View, query: &MetricQuery) -> Result<Vec<Series>, QueryError> {
    let mut found: BTreeMap<Key, Series> = BTreeMap::new();
    for (segment, snapshot) in view.snapshots.iter().enumerate() {
        let of_segment = snapshot.query(|db| {
            let mut select = db.prepare_cached(SERIES_OF_NAME)?;
            let mut rows = select.query(params![query.name, query.service, query.namespace])?;
            let mut of_segment = Vec::new();
            while let Some(row) = rows.next()? {
                of_segment.extend(read(row, query)?);
            }
            Ok::<_, SegmentError>(of_segment)
        })?;
        for (key, id, new) in of_segment {
            if let Some(time_ns) = times(snapshot, id)? {
                found.entry(key).or_insert(new).places.push(Place {
                    segment,
                    id,
                    time_ns,
                });
            }
        }
    }
    Ok(found.into_values().collect())
}

fn read(row: &Row<'_>, query: &MetricQuery) -> Result<Option<(Key, i64, Series)>, SegmentError> {
    let text: String = row.get(3)?;
    let attributes: serde_json::Map<String, Json> = serde_json::from_str(&text)?;
    let meets = |(key, value): &(String, String)| {
        let found = attributes.get(key);
        found.is_some_and(|found| words(found) == *value)
    };
    if !query.attributes.iter().all(meets) {
        return Ok(None);
    }
    let (service, namespace): (String, String) = (row.get(4)?, row.get(5)?);
    let label = |name: &String| match name.as_str() {
        key::SERVICE_NAME => service.clone(),
        key::SERVICE_NAMESPACE => namespace.clone(),
        name => attributes.get(name).map(words).unwrap_or_default(),
    };
    let kind: i64 = row.get(2)?;
    let series = Series {
        unit: row.get(1)?,
        kind: SeriesKind::numbered(kind)?,
        labels: query.by.iter().map(label).collect(),
        places: Vec::new(),
    };
    Ok(Some(((row.get(6)?, kind, text), row.get(0)?, series)))
}

fn words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn times(snapshot: &Snapshot, id: i64) -> Result<Option<(u64, u64)>, QueryError> {
    let time = |sql| {
        snapshot.query(|db| {
            let mut select = db.prepare_cached(sql)?;
            let time = select.query_row([id], |row| unsigned(row, 0));
            time.optional()
        })
    };
    Ok(time(FIRST_TIME)?.zip(time(LAST_TIME)?))
}

impl Series {
    /// The last point in a window.
    pub(super) fn last(&self, view: &View, window: Window) -> Result<Option<Point>, QueryError> {
        let mut last: Option<Point> = None;
        for place in self.places.iter().rev() {
            let found_ns = last.as_ref().map_or(0, |point| point.time_ns);
            let (first_ns, last_ns) = place.time_ns;
            if first_ns >= window.to_ns || last_ns < window.from_ns || last_ns < found_ns {
                continue;
            }
            let found = place.read(view, LAST_POINT, window)?.pop();
            // Of two at one time the later arrived stays.
            last = match (last, found) {
                (Some(last), Some(found)) if found.time_ns > last.time_ns => Some(found),
                (None, found) => found,
                (last, _) => last,
            };
        }
        Ok(last)
    }

    /// All points in a window, by time.
    pub(super) fn points(&self, view: &View, window: Window) -> Result<Vec<Point>, QueryError> {
        let mut points = Vec::new();
        for place in self.places.iter().rev() {
            let (first_ns, last_ns) = place.time_ns;
            if first_ns < window.to_ns && last_ns >= window.from_ns {
                points.extend(place.read(view, POINTS, window)?);
            }
        }
        // Of two at one time the later arrived is the first.
        points.sort_by_key(|point| point.time_ns);
        points.dedup_by_key(|point| point.time_ns);
        Ok(points)
    }
}

impl Place {
    fn read(&self, view: &View, sql: &str, window: Window) -> Result<Vec<Point>, QueryError> {
        view.snapshots[self.segment].query(|db| {
            let mut select = db.prepare_cached(sql)?;
            let bounds = params![self.id, integer(window.from_ns), integer(window.to_ns)];
            let mut rows = select.query(bounds)?;
            let mut points = Vec::new();
            while let Some(row) = rows.next()? {
                points.push(point(row)?);
            }
            Ok::<_, SegmentError>(points)
        })
    }
}

fn point(row: &Row<'_>) -> Result<Point, SegmentError> {
    let value = match row
        .get_ref(3)?
        .as_blob_or_null()
        .map_err(rusqlite::Error::from)?
    {
        None => Value::Number(row.get(2)?),
        Some(bytes) => {
            let point = HistogramDataPoint::decode(bytes)?;
            Value::Histogram {
                n: point.count,
                sum: point.sum.unwrap_or_default(),
                spread: Spread::new(&point.explicit_bounds, &point.bucket_counts),
            }
        }
    };
    Ok(Point {
        start_ns: unsigned(row, 0)?,
        time_ns: unsigned(row, 1)?,
        value,
    })
}
