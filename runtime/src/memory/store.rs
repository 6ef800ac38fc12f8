//! Sessions and events in SQLite.

mod append;
mod schema;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, types::Type};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Event, EventKind, Events, MemoryError};

/// The columns that [`event_of`] reads, of `events e JOIN sessions s`.
const COLUMNS: &str = "e.event_id, s.session, e.timestamp, e.kind, e.content, e.metadata";

/// The open file, and what its one writer knows of it without asking.
pub(super) struct Store {
    connection: Connection,
    /// Sessions of each agent that was written lately.
    sessions: HashMap<String, u64>,
    next: Next,
}

/// The numbers that come next. Both only grow.
#[derive(Clone, Copy)]
struct Next {
    session: i64,
    seq: i64,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, MemoryError> {
        let connection = schema::open(path)?;
        let next = connection
            .query_row(
                "SELECT ifnull(max(id), 0) + 1, ifnull(max(used), 0) + 1 FROM sessions",
                [],
                |row| {
                    Ok(Next {
                        session: row.get(0)?,
                        seq: row.get(1)?,
                    })
                },
            )
            .map_err(MemoryError::Read)?;
        Ok(Self {
            connection,
            sessions: HashMap::new(),
            next,
        })
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
            &format!(
                "SELECT {COLUMNS} FROM sessions s JOIN events e ON e.session = s.id
                 WHERE s.agent = ?1 AND s.session = ?2 AND e.kind IN (?3, ?4) ORDER BY e.seq"
            ),
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
        // The newest events are in the sessions used last: no session beyond the first `limit` can
        // have one of them.
        let mut events = self.select(
            &format!(
                "SELECT {COLUMNS} FROM (
                     SELECT id, session FROM sessions
                     WHERE agent = ?1 AND (?2 IS NULL OR session = ?2)
                     ORDER BY used DESC LIMIT ?3
                 ) s JOIN events e ON e.session = s.id ORDER BY e.seq DESC LIMIT ?3"
            ),
            params![agent, session, limit],
        )?;
        events.reverse();
        let total: i64 = self
            .connection
            .prepare_cached(
                "SELECT ifnull(sum(n_events), 0) FROM sessions
                 WHERE agent = ?1 AND (?2 IS NULL OR session = ?2)",
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
    pub(super) fn delete_session(
        &mut self,
        agent: &str,
        session: &str,
    ) -> Result<bool, MemoryError> {
        let transaction = self.connection.transaction().map_err(MemoryError::Write)?;
        let deleted = delete_named(&transaction, agent, session)
            .and_then(|deleted| transaction.commit().map(|()| deleted))
            .map_err(MemoryError::Write)?;
        // It is counted again when the agent next remembers something.
        self.sessions.remove(agent);
        Ok(deleted)
    }

    /// Forgets everything of the agents whose keys are from `first` on and before `end`.
    pub(super) fn delete_agents(&mut self, first: &str, end: &str) -> Result<(), MemoryError> {
        let transaction = self.connection.transaction().map_err(MemoryError::Write)?;
        let range = "SELECT id FROM sessions WHERE agent >= ?1 AND agent < ?2";
        let events = format!("DELETE FROM events WHERE session IN ({range})");
        let sessions = format!("DELETE FROM sessions WHERE id IN ({range})");
        [events, sessions]
            .iter()
            .try_for_each(|sql| transaction.execute(sql, [first, end]).map(drop))
            .and_then(|()| transaction.commit())
            .map_err(MemoryError::Write)?;
        self.sessions.clear();
        Ok(())
    }

    /// Forgets everything of all agents but these, whose keys are given by their names. What was kept
    /// under a name alone, by an earlier version, is theirs.
    pub(super) fn keep_agents(
        &mut self,
        agents: &HashMap<String, String>,
    ) -> Result<(), MemoryError> {
        let kept: HashSet<&String> = agents.values().collect();
        for known in self.agents()? {
            if kept.contains(&known) {
                continue;
            }
            if let Some(key) = agents.get(&known) {
                self.connection
                    .execute(
                        "UPDATE sessions SET agent = ?1 WHERE agent = ?2",
                        [key, &known],
                    )
                    .map_err(MemoryError::Write)?;
            } else {
                self.delete_agents(&known, &format!("{known}\0"))?;
            }
        }
        Ok(())
    }

    /// The keys of all agents that remember something.
    fn agents(&self) -> Result<Vec<String>, MemoryError> {
        self.connection
            .prepare("SELECT DISTINCT agent FROM sessions")
            .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
            .map_err(MemoryError::Read)
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

fn delete_named(
    transaction: &Transaction<'_>,
    agent: &str,
    session: &str,
) -> rusqlite::Result<bool> {
    let id: Option<i64> = transaction
        .prepare_cached("SELECT id FROM sessions WHERE agent = ?1 AND session = ?2")?
        .query_row([agent, session], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(false), |id| delete(transaction, id).map(|()| true))
}

fn delete(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM events WHERE session = ?1")?
        .execute([id])?;
    transaction
        .prepare_cached("DELETE FROM sessions WHERE id = ?1")?
        .execute([id])?;
    Ok(())
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
