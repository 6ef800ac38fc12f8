//! The tables, and the settings of a connection.

use std::{path::Path, time::Duration};

use rusqlite::Connection;

use crate::OpenError;

/// The format this program writes, kept in `user_version`.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE objects (
        api_group TEXT NOT NULL,
        plural TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        uid TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL,
        PRIMARY KEY (api_group, plural, namespace, name)
    ) STRICT;
    CREATE INDEX objects_by_namespace ON objects (namespace);

    -- Who goes when whom is gone; both are uids.
    CREATE TABLE owners (
        owner TEXT NOT NULL,
        dependent TEXT NOT NULL,
        PRIMARY KEY (owner, dependent)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX owners_by_dependent ON owners (dependent);

    -- What watchers replay. `previous_labels` tells whether a selector matched before.
    CREATE TABLE events (
        version INTEGER PRIMARY KEY,
        api_group TEXT NOT NULL,
        plural TEXT NOT NULL,
        namespace TEXT NOT NULL,
        change TEXT NOT NULL,
        previous_labels TEXT,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_kind ON events (api_group, plural, version);

    -- The number of the latest change, and of the latest one that is forgotten.
    CREATE TABLE log (latest INTEGER NOT NULL, forgotten INTEGER NOT NULL) STRICT;
    INSERT INTO log (latest, forgotten) VALUES (1, 1);
";

/// Sets the connection up and creates the tables of a new file.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let found = configure(connection).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    if found > FORMAT {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known: FORMAT,
        });
    }
    Ok(())
}

/// Returns the format of the file as it now is.
fn configure(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // What has been acknowledged survives a power cut; writes here are few.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(64);
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found == 0 {
        connection.execute_batch(&format!(
            "BEGIN; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;"
        ))?;
        return Ok(FORMAT);
    }
    Ok(found)
}
