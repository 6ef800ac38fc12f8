//! The tables of the memory's file, and how older files become ones of today.

use std::path::Path;

use rusqlite::{Connection, config::DbConfig};

use crate::memory::MemoryError;

/// Brings the file from its version to the next one. Never edit one that was released: append.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Opens the file, made or brought up to date.
pub(super) fn open(path: &Path) -> Result<Connection, MemoryError> {
    let failed = |source| MemoryError::Open {
        path: path.to_owned(),
        source,
    };
    let mut connection = Connection::open(path).map_err(failed)?;
    // A busy memory writes the same pages many times; 16 MiB of them go into the file at once.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 4096;",
        )
        .map_err(failed)?;
    // A statement is planned once, not again for each value it is given.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(failed)?;
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let missing = usize::try_from(version)
        .ok()
        .and_then(|version| MIGRATIONS.get(version..));
    let Some(missing) = missing else {
        return Err(MemoryError::Newer {
            path: path.to_owned(),
            version,
            known: MIGRATIONS.len(),
        });
    };
    for (version, sql) in (version + 1..).zip(missing) {
        migrate(&mut connection, version, sql).map_err(failed)?;
    }
    Ok(connection)
}

fn migrate(connection: &mut Connection, version: i64, sql: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(sql)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}
