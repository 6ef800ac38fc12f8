//! Sessions and events in SQLite.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, params, types::Type};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Event, EventKind, Events, MemoryError, sessions::Append};

/// The version of [`SCHEMA`], kept in the file.
const SCHEMA_VERSION: i64 = 1;

/// `used` orders sessions by their last event: it is that event's `seq`.
const SCHEMA: &str = "
    CREATE TABLE sessions (
        agent TEXT NOT NULL,
        session TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (agent, session)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_use ON sessions (agent, used);
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        agent TEXT NOT NULL,
        session TEXT NOT NULL,
        event_id TEXT NOT NULL,
        timestamp TEXT NOT NULL,
        kind TEXT NOT NULL,
        content TEXT NOT NULL,
        metadata TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_by_session ON events (agent, session, seq);
    PRAGMA user_version = 1;
";

/// The open file.
pub(super) struct Store {
    connection: Connection,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, MemoryError> {
        let failed = |source| MemoryError::Open {
            path: path.to_owned(),
            source,
        };
        let connection = Connection::open(path).map_err(failed)?;
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            .map_err(failed)?;
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(failed)?;
        match version {
            SCHEMA_VERSION => {}
            0 => connection
                .execute_batch(&format!("BEGIN;{SCHEMA}COMMIT;"))
                .map_err(failed)?,
            version => {
                return Err(MemoryError::Newer {
                    path: path.to_owned(),
                    version,
                    known: SCHEMA_VERSION,
                });
            }
        }
        Ok(Self { connection })
    }

    /// Writes events, all or none, and forgets what is beyond their agents' bounds.
    pub(super) fn append(
        &mut self,
        events: impl Iterator<Item = Append>,
    ) -> Result<(), MemoryError> {
        let transaction = self.connection.transaction().map_err(MemoryError::Write)?;
        for event in events {
            append_one(&transaction, &event).map_err(MemoryError::Write)?;
        }
        transaction.commit().map_err(MemoryError::Write)
    }

    /// Questions and answers of a session, oldest first.
    pub(super) fn conversation(
        &self,
        agent: &str,
        session: &str,
    ) -> Result<Vec<Event>, MemoryError> {
        let kinds = [EventKind::UserMessage, EventKind::AgentResponse].map(name_of);
        let [asked, answered] = &kinds;
        self.select(
            "SELECT event_id, session, timestamp, kind, content, metadata FROM events
             WHERE agent = ?1 AND session = ?2 AND kind IN (?3, ?4) ORDER BY seq",
            params![agent, session, asked, answered],
        )
    }

    /// The newest `limit` events, oldest first.
    pub(super) fn events(
        &self,
        agent: &str,
        session: Option<&str>,
        limit: u32,
    ) -> Result<Events, MemoryError> {
        let events = self.select(
            "SELECT event_id, session, timestamp, kind, content, metadata FROM (
                 SELECT * FROM events WHERE agent = ?1 AND (?2 IS NULL OR session = ?2)
                 ORDER BY seq DESC LIMIT ?3
             ) ORDER BY seq",
            params![agent, session, limit],
        )?;
        let total: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM events WHERE agent = ?1 AND (?2 IS NULL OR session = ?2)",
            )
            .and_then(|mut count| count.query_row(params![agent, session], |row| row.get(0)))
            .map_err(MemoryError::Read)?;
        Ok(Events {
            events,
            total: u64::try_from(total).unwrap_or_default(),
        })
    }

    /// An agent's sessions, the one used last first.
    pub(super) fn sessions(&self, agent: &str) -> Result<Vec<String>, MemoryError> {
        let sql = "SELECT session FROM sessions WHERE agent = ?1 ORDER BY used DESC";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut select| select.query_map([agent], |row| row.get(0))?.collect())
            .map_err(MemoryError::Read)
    }

    /// Forgets a session; says whether there was one.
    pub(super) fn delete_session(&self, agent: &str, session: &str) -> Result<bool, MemoryError> {
        self.connection
            .unchecked_transaction()
            .and_then(|transaction| {
                let deleted = delete_session(&transaction, agent, session)?;
                transaction.commit()?;
                Ok(deleted)
            })
            .map_err(MemoryError::Write)
    }

    fn select(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<Event>, MemoryError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut select| select.query_map(parameters, event_of)?.collect())
            .map_err(MemoryError::Read)
    }
}

fn append_one(transaction: &Transaction<'_>, append: &Append) -> rusqlite::Result<()> {
    let Append {
        agent,
        event,
        bounds,
    } = append;
    let session = event.session_id.as_str();
    transaction
        .prepare_cached(
            "INSERT INTO events (agent, session, event_id, timestamp, kind, content, metadata)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            agent,
            session,
            event.event_id,
            event.timestamp.to_string(),
            name_of(event.event_type),
            event.content.to_string(),
            json_of(&event.metadata),
        ])?;
    let seq = transaction.last_insert_rowid();
    transaction
        .prepare_cached(
            "INSERT INTO sessions (agent, session, used) VALUES (?1, ?2, ?3)
             ON CONFLICT (agent, session) DO UPDATE SET used = excluded.used",
        )?
        .execute(params![agent, session, seq])?;
    forget_events(transaction, agent, session, bounds.events)?;
    forget_sessions(transaction, agent, bounds.sessions)
}

/// Forgets the oldest events of a session beyond `kept`.
fn forget_events(
    transaction: &Transaction<'_>,
    agent: &str,
    session: &str,
    kept: u32,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM events WHERE agent = ?1 AND session = ?2 AND seq <= (
                 SELECT seq FROM events WHERE agent = ?1 AND session = ?2
                 ORDER BY seq DESC LIMIT 1 OFFSET ?3
             )",
        )?
        .execute(params![agent, session, kept])?;
    Ok(())
}

/// Forgets the sessions of an agent that were not used for the longest time, beyond `kept`.
fn forget_sessions(transaction: &Transaction<'_>, agent: &str, kept: u32) -> rusqlite::Result<()> {
    let sql = "SELECT session FROM sessions WHERE agent = ?1 ORDER BY used DESC LIMIT -1 OFFSET ?2";
    let forgotten: Vec<String> = transaction
        .prepare_cached(sql)?
        .query_map(params![agent, kept], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for session in forgotten {
        delete_session(transaction, agent, &session)?;
    }
    Ok(())
}

fn delete_session(
    transaction: &Transaction<'_>,
    agent: &str,
    session: &str,
) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("DELETE FROM events WHERE agent = ?1 AND session = ?2")?
        .execute(params![agent, session])?;
    let deleted = transaction
        .prepare_cached("DELETE FROM sessions WHERE agent = ?1 AND session = ?2")?
        .execute(params![agent, session])?;
    Ok(deleted > 0)
}

fn event_of(row: &Row<'_>) -> rusqlite::Result<Event> {
    let timestamp: String = row.get(2)?;
    let kind: String = row.get(3)?;
    Ok(Event {
        event_id: row.get(0)?,
        session_id: row.get(1)?,
        timestamp: timestamp
            .parse::<Timestamp>()
            .map_err(|error| unreadable(2, error))?,
        event_type: EventKind::deserialize(Value::String(kind))
            .map_err(|error| unreadable(3, error))?,
        content: parsed(row, 4)?,
        metadata: parsed(row, 5)?,
    })
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// The kind as the file and the wire call it.
fn name_of(kind: EventKind) -> String {
    json_of(&kind).trim_matches('"').to_owned()
}

fn json_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what we write has text keys only")
}
