//! Which traces match a query.
//!
//! Walks the spans that match from the newest, and stops as soon as no older span can belong to a newer
//! trace than those found: a common answer is cheap however much is stored.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use api::traces::{TraceId, TraceQuery, TraceSummary};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::readers::QueryError;
use super::rows::{integer, searchable_value};
use super::traces::{summary, trace_id};

/// Traces when the query does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Traces at most, whatever the query says.
const MAX_LIMIT: u32 = 10_000;

/// The newest traces that match, newest first.
pub(super) fn search(db: &Connection, query: &TraceQuery) -> Result<Vec<TraceSummary>, QueryError> {
    let conditions = conditions(db, query)?;
    let mut summaries = Vec::new();
    for id in newest(db, &conditions, limit(query))? {
        summaries.extend(summary(db, id)?);
    }
    summaries.sort_by_key(|summary| (Reverse(summary.start_ns), summary.id));
    Ok(summaries)
}

fn limit(query: &TraceQuery) -> usize {
    let limit = match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    limit as usize
}

fn newest(
    db: &Connection,
    conditions: &Conditions,
    limit: usize,
) -> Result<Vec<TraceId>, QueryError> {
    // `CROSS` keeps SQLite from walking the traces instead.
    let sql = format!(
        "SELECT s.trace_id, s.start_ns, t.start_ns
         FROM spans s CROSS JOIN traces t ON t.trace_id = s.trace_id
         WHERE {} ORDER BY s.start_ns DESC",
        conditions.sql()
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(&conditions.values))?;
    let mut seen = HashSet::new();
    let mut found: BinaryHeap<Reverse<(i64, TraceId)>> = BinaryHeap::new();
    while let Some(row) = rows.next()? {
        let span_start_ns: i64 = row.get(1)?;
        let oldest_found = found.peek().map(|Reverse((start_ns, _))| *start_ns);
        if found.len() >= limit && oldest_found.is_some_and(|oldest| oldest > span_start_ns) {
            break;
        }
        let id = trace_id(row, 0)?;
        if seen.insert(id) {
            found.push(Reverse((row.get(2)?, id)));
        }
        if found.len() > limit {
            found.pop();
        }
    }
    Ok(found.into_iter().map(|Reverse((_, id))| id).collect())
}

/// What a span `s` has to meet, with the values for the question marks.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, part: &str, value: impl Into<Value>) {
        self.parts.push(part.to_owned());
        self.values.push(value.into());
    }

    fn sql(&self) -> String {
        if self.parts.is_empty() {
            "TRUE".to_owned()
        } else {
            self.parts.join(" AND ")
        }
    }
}

fn conditions(db: &Connection, query: &TraceQuery) -> Result<Conditions, QueryError> {
    let mut conditions = Conditions::default();
    let texts = [
        ("s.service = ?", &query.service),
        ("s.name = ?", &query.operation),
        ("s.namespace = ?", &query.namespace),
    ];
    for (part, text) in texts {
        if let Some(text) = text {
            conditions.add(part, text.clone());
        }
    }
    let numbers = [
        ("s.start_ns >= ?", query.start_min_ns),
        ("s.start_ns < ?", query.start_max_ns),
        ("s.end_ns - s.start_ns >= ?", query.duration_min_ns),
        ("s.end_ns - s.start_ns <= ?", query.duration_max_ns),
    ];
    for (part, number) in numbers {
        if let Some(number) = number {
            conditions.add(part, integer(number));
        }
    }
    for (key, value) in &query.attributes {
        attribute(db, &mut conditions, key, value)?;
    }
    Ok(conditions)
}

fn attribute(
    db: &Connection,
    conditions: &mut Conditions,
    key: &str,
    value: &str,
) -> Result<(), QueryError> {
    match (key, value) {
        ("error", "true") => conditions.parts.push("s.is_error = 1".to_owned()),
        ("error", "false") => conditions.parts.push("s.is_error = 0".to_owned()),
        _ => {
            let value = searchable_value(value);
            let of_span = "s.id IN (SELECT span FROM span_attributes WHERE key = ? AND value = ?)";
            let of_source =
                "s.source IN (SELECT source FROM source_attributes WHERE key = ? AND value = ?)";
            // Most attributes are never a resource's; then SQLite need not think of it.
            if is_of_source(db, key, value)? {
                conditions.parts.push(format!("({of_span} OR {of_source})"));
                conditions
                    .values
                    .extend([key.to_owned().into(), value.to_owned().into()]);
            } else {
                conditions.parts.push(of_span.to_owned());
            }
            conditions
                .values
                .extend([key.to_owned().into(), value.to_owned().into()]);
        }
    }
    Ok(())
}

fn is_of_source(db: &Connection, key: &str, value: &str) -> Result<bool, QueryError> {
    let sql = "SELECT 1 FROM source_attributes WHERE key = ?1 AND value = ?2";
    Ok(db.prepare_cached(sql)?.exists([key, value])?)
}
