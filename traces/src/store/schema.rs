//! The tables, and how connections to them are opened.
//!
//! Times are nanoseconds since the epoch, `received_ns` is when we got it. Whole spans, logs and histograms
//! are kept as OTLP bytes in the last column; the columns before it are what queries look at.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// Brings the format from its index to the next one. Never edit one that was released: append.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];

/// How long a statement waits for another process to finish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages that the writer keeps in memory, at most; they are taken as they are needed.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Pages in the log before they are moved into the file: a page that changes often is moved once.
const WAL_PAGES: i64 = 4_000;

/// Opens the writer's connection and migrates the file.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::OpenDatabase {
        path: path.to_owned(),
        source,
    };
    let mut connection = Connection::open(path).map_err(failed)?;
    configure(&connection).map_err(failed)?;
    let found = version(&connection).map_err(failed)?;
    let Some(missing) = usize::try_from(found)
        .ok()
        .and_then(|found| MIGRATIONS.get(found..))
    else {
        return Err(OpenError::KnowNoSuchFormat {
            path: path.to_owned(),
            found,
            known: MIGRATIONS.len(),
        });
    };
    migrate(&mut connection, found, missing).map_err(failed)?;
    Ok(connection)
}

/// Opens a connection that can only read.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A crash of the program loses nothing that was committed; a power cut may lose the last moments, which
/// is the price of not waiting for the disk at each batch (`synchronous = NORMAL`).
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Only has an effect before the first table is made.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Many indexes are written at once; with less, their pages would be read again and again.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(connection: &mut Connection, found: i64, missing: &[&str]) -> rusqlite::Result<()> {
    for (version, sql) in (found + 1..).zip(missing) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
