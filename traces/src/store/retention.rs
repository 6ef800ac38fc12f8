//! What is forgotten, so that the disk is never full of telemetry.
//!
//! Age counts from when we received something, by our own clock: what senders say about time is not to be
//! trusted with deleting. Work is done in small steps between commits.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::ingest::{SEEN_PRECISION_NS, delete_trace, traces_before};
use super::traces::unsigned;

/// How much the store holds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A trace, log or point is deleted this long after it got its last part.
    pub max_age: Duration,
    /// The oldest are deleted while the data is larger than this.
    pub max_bytes: u64,
    /// Bytes of requests that may wait for the writer.
    pub max_queued_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_age: Duration::from_hours(7 * 24),
            max_bytes: 2 << 30,
            max_queued_bytes: 64 << 20,
        }
    }
}

/// Traces deleted in one step.
const TRACES_PER_STEP: u32 = 500;

/// Logs, and points, deleted in one step.
const ROWS_PER_STEP: u32 = 10_000;

/// Pages given back to the file system in one step.
const PAGES_PER_STEP: u32 = 2_000;

/// Whether a sweep has to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sweep {
    MoreToDo,
    Done,
}

/// One step: first what is too old, then what is too much.
pub(super) fn sweep(
    connection: &mut Connection,
    limits: &Limits,
    now_ns: i64,
) -> rusqlite::Result<Sweep> {
    let max_age_ns = i64::try_from(limits.max_age.as_nanos()).unwrap_or(i64::MAX);
    let too_old_ns = now_ns.saturating_sub(max_age_ns);
    if forget_before(connection, too_old_ns)? > 0 {
        return Ok(Sweep::MoreToDo);
    }
    if used_bytes(connection)? > limits.max_bytes
        && let Some(horizon_ns) = nearer_horizon(connection, now_ns)?
    {
        forget_before(connection, horizon_ns)?;
        return Ok(Sweep::MoreToDo);
    }
    forget_names(connection, too_old_ns.saturating_sub(SEEN_PRECISION_NS))?;
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})"))?;
    Ok(Sweep::Done)
}

/// Returns how many rows it deleted; there may be more.
fn forget_before(connection: &mut Connection, cutoff_ns: i64) -> rusqlite::Result<usize> {
    let transaction = connection.transaction()?;
    let traces = traces_before(&transaction, cutoff_ns, TRACES_PER_STEP)?;
    for id in &traces {
        delete_trace(&transaction, *id)?;
    }
    let mut deleted = traces.len();
    deleted += transaction.execute(
        "DELETE FROM logs WHERE id IN
             (SELECT id FROM logs WHERE received_ns < ?1 ORDER BY received_ns LIMIT ?2)",
        params![cutoff_ns, ROWS_PER_STEP],
    )?;
    deleted += transaction.execute(
        "DELETE FROM points WHERE (series, time_ns) IN
             (SELECT series, time_ns FROM points WHERE received_ns < ?1
              ORDER BY received_ns LIMIT ?2)",
        params![cutoff_ns, ROWS_PER_STEP],
    )?;
    transaction.commit()?;
    Ok(deleted)
}

/// Names that nothing kept can refer to any more.
fn forget_names(connection: &mut Connection, cutoff_ns: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // A trace that goes on for days may hold spans that are older than it.
    transaction.execute(
        "DELETE FROM sources WHERE last_seen_ns < ?1
             AND NOT EXISTS (SELECT 1 FROM spans WHERE spans.source = sources.id)",
        [cutoff_ns],
    )?;
    transaction.execute(
        "DELETE FROM source_attributes WHERE source NOT IN (SELECT id FROM sources)",
        [],
    )?;
    for table in ["operations", "series"] {
        let sql = format!("DELETE FROM {table} WHERE last_seen_ns < ?1");
        transaction.execute(&sql, [cutoff_ns])?;
    }
    transaction.commit()
}

/// A twentieth of the time that is kept, counted from the oldest; `None` when nothing is kept.
fn nearer_horizon(connection: &Connection, now_ns: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT min(oldest) FROM (
                   SELECT min(received_ns) AS oldest FROM traces
                   UNION ALL SELECT min(received_ns) FROM logs
                   UNION ALL SELECT min(received_ns) FROM points)";
    let oldest_ns: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(oldest_ns.map(|oldest_ns| {
        let twentieth = now_ns.saturating_sub(oldest_ns) / 20;
        oldest_ns.saturating_add(twentieth.max(1))
    }))
}

/// Bytes in use; pages that were freed do not count, SQLite uses them again.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name| -> rusqlite::Result<u64> {
        connection.pragma_query_value(None, name, |row| unsigned(row, 0))
    };
    let pages = pragma("page_count")?.saturating_sub(pragma("freelist_count")?);
    Ok(pages.saturating_mul(pragma("page_size")?))
}
