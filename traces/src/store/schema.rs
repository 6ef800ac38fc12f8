//! The tables of a segment, and how connections to them are opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// Brings the format from its index to the next one. Never edit one that was released: append.
pub(super) const MIGRATIONS: [&str; 3] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
];

/// How long a statement waits for another process to finish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages that the writer keeps in memory, at most; they are taken as they are needed.
const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// Pages that each reader keeps in memory, at most.
const READER_CACHE_KIB: i64 = 2 * 1024;

/// Pages in the log before they are moved into the file: a page that changes often is moved once.
const WAL_PAGES: i64 = 2_000;

/// Opens or creates a segment for writing, and migrates it.
pub(super) fn open(path: &Path, now_ns: i64) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A crash of the program loses nothing that was committed; a power cut may lose the last moments, which
    // is the price of not waiting for the disk at each batch.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    let found = version(&connection)?;
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| MIGRATIONS.get(found..));
    for (version, sql) in (found + 1..).zip(missing.unwrap_or_default()) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        if version == 1 {
            transaction.execute("INSERT INTO segment (created_ns) VALUES (?1)", [now_ns])?;
        }
        transaction.commit()?;
    }
    Ok(connection)
}

/// When a segment was begun, if it is one that this version can read.
pub(super) fn inspect(path: &Path) -> Result<i64, OpenError> {
    let failed = |source| OpenError::OpenDatabase {
        path: path.to_owned(),
        source,
    };
    // For writing: what a crash left in the log has to be taken over first.
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let found = version(&connection).map_err(failed)?;
    if usize::try_from(found).is_ok_and(|found| found > MIGRATIONS.len()) {
        return Err(OpenError::KnowNoSuchFormat {
            path: path.to_owned(),
            found,
            known: MIGRATIONS.len(),
        });
    }
    let created_ns = created_ns(&connection).map_err(failed)?;
    drop(connection);
    if usize::try_from(found).is_ok_and(|found| found < MIGRATIONS.len()) {
        open(path, created_ns).map_err(failed)?;
    }
    Ok(created_ns)
}

/// When a segment was begun, in nanoseconds since the epoch.
pub(super) fn created_ns(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT created_ns FROM segment", [], |row| row.get(0))
}

/// Opens a connection that can only read.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::extract::EXTRACTS_FROM;

    #[test]
    fn a_segment_of_the_first_format_is_brought_to_the_last_and_keeps_its_series() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "PRAGMA user_version = 1; INSERT INTO segment (created_ns) VALUES (7);
             INSERT INTO series (id, name, unit, attributes, source)
                 VALUES (3, 'kaos.requests', '1', '{}', 1);
             INSERT INTO span_blocks (first, n, min_ns, max_ns, columns) VALUES (5, 2, 0, 0, x'01');",
        )
        .unwrap();
        drop(old);

        assert_eq!(inspect(&path).unwrap(), 7);
        let new = open_reader(&path).unwrap();
        assert_eq!(version(&new).unwrap(), 3);
        let kept: (i64, String, i64) = new
            .query_row("SELECT id, name, kind FROM series", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(kept, (3, "kaos.requests".to_owned(), 1));
        let extracts_from: i64 = new.query_row(EXTRACTS_FROM, [], |row| row.get(0)).unwrap();
        assert_eq!(extracts_from, 7);
        new.query_row("SELECT count(*) FROM exceptions, filters", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap();
    }
}
