//! Adding events, many in one transaction, and forgetting what is beyond their agents' bounds.
//!
//! A session's line is written once per transaction, however many of its events come with it, and
//! what is too old is looked for once per session and agent.

use std::collections::{HashMap, hash_map::Entry};

use rusqlite::{OptionalExtension, Transaction, params};

use super::{Next, Store, delete, json_of, name_of};
use crate::memory::{
    Event, MemoryError,
    sessions::{Append, Bounds},
};

/// A session that gets events.
struct Touched {
    id: i64,
    is_new: bool,
    used: i64,
    n_events: u64,
    bounds: Bounds,
}

/// One transaction under way.
struct Appending<'a> {
    transaction: &'a Transaction<'a>,
    next: Next,
    /// By agent and session.
    touched: HashMap<(&'a str, &'a str), Touched>,
}

impl Store {
    /// Writes events, all or none, and forgets what is beyond their agents' bounds.
    pub(in crate::memory) fn append(&mut self, events: &[Append]) -> Result<(), MemoryError> {
        let written = self.try_append(events);
        if written.is_err() {
            // It may count sessions that were rolled back.
            self.sessions.clear();
        }
        written.map_err(MemoryError::Write)
    }

    fn try_append(&mut self, events: &[Append]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let mut appending = Appending {
            transaction: &transaction,
            next: self.next,
            touched: HashMap::new(),
        };
        for append in events {
            appending.add(append)?;
        }
        let Appending { next, touched, .. } = appending;
        let mut agents: HashMap<&str, Bounds> = HashMap::new();
        for ((agent, session), touched) in touched {
            close(&transaction, agent, session, &touched)?;
            agents.insert(agent, touched.bounds);
            if touched.is_new
                && let Some(count) = self.sessions.get_mut(agent)
            {
                *count += 1;
            }
        }
        for (agent, bounds) in agents {
            let known = self.sessions.get(agent).copied();
            let left = forget_sessions(&transaction, agent, known, bounds.sessions)?;
            self.sessions.insert(agent.to_owned(), left);
        }
        transaction.commit()?;
        self.next = next;
        Ok(())
    }
}

impl<'a> Appending<'a> {
    fn add(&mut self, append: &'a Append) -> rusqlite::Result<()> {
        let Append {
            agent,
            event,
            bounds,
        } = append;
        let seq = self.next.seq;
        self.next.seq += 1;
        let session = match self.touched.entry((agent, &event.session_id)) {
            Entry::Occupied(touched) => touched.into_mut(),
            Entry::Vacant(place) => {
                let known = find(self.transaction, agent, &event.session_id)?;
                let (id, n_events) = known.unwrap_or((self.next.session, 0));
                self.next.session += i64::from(known.is_none());
                place.insert(Touched {
                    id,
                    is_new: known.is_none(),
                    used: seq,
                    n_events,
                    bounds: *bounds,
                })
            }
        };
        session.used = seq;
        session.n_events += 1;
        session.bounds = *bounds;
        insert(self.transaction, session.id, seq, event)
    }
}

/// A session's number and how many events it has.
fn find(
    transaction: &Transaction<'_>,
    agent: &str,
    session: &str,
) -> rusqlite::Result<Option<(i64, u64)>> {
    transaction
        .prepare_cached("SELECT id, n_events FROM sessions WHERE agent = ?1 AND session = ?2")?
        .query_row([agent, session], |row| {
            Ok((row.get(0)?, count(row.get(1)?)))
        })
        .optional()
}

fn insert(
    transaction: &Transaction<'_>,
    session: i64,
    seq: i64,
    event: &Event,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO events (session, seq, event_id, timestamp, kind, content, metadata)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            session,
            seq,
            event.event_id,
            event.timestamp.to_string(),
            name_of(event.event_type),
            event.content.to_string(),
            json_of(&event.metadata),
        ])?;
    Ok(())
}

/// Writes the line of a session, without the events that are too many.
fn close(
    transaction: &Transaction<'_>,
    agent: &str,
    session: &str,
    touched: &Touched,
) -> rusqlite::Result<()> {
    let kept = touched.n_events.min(u64::from(touched.bounds.events));
    let too_many = touched.n_events - kept;
    if too_many > 0 {
        transaction
            .prepare_cached(
                "DELETE FROM events WHERE session = ?1 AND seq IN (
                     SELECT seq FROM events WHERE session = ?1 ORDER BY seq LIMIT ?2
                 )",
            )?
            .execute(params![touched.id, integer(too_many)])?;
    }
    let sql = if touched.is_new {
        "INSERT INTO sessions (id, used, n_events, agent, session) VALUES (?1, ?2, ?3, ?4, ?5)"
    } else {
        "UPDATE sessions SET used = ?2, n_events = ?3
         WHERE id = ?1 AND agent = ?4 AND session = ?5"
    };
    transaction.prepare_cached(sql)?.execute(params![
        touched.id,
        touched.used,
        integer(kept),
        agent,
        session
    ])?;
    Ok(())
}

/// Forgets the sessions of an agent that were not used for the longest time, beyond `kept`; how many
/// are left. `known` is how many there are, where that is known.
fn forget_sessions(
    transaction: &Transaction<'_>,
    agent: &str,
    known: Option<u64>,
    kept: u32,
) -> rusqlite::Result<u64> {
    let there = match known {
        Some(known) => known,
        None => transaction
            .prepare_cached("SELECT count(*) FROM sessions WHERE agent = ?1")?
            .query_row([agent], |row| Ok(count(row.get(0)?)))?,
    };
    let left = there.min(u64::from(kept));
    if there > left {
        let forgotten: Vec<i64> = transaction
            .prepare_cached("SELECT id FROM sessions WHERE agent = ?1 ORDER BY used LIMIT ?2")?
            .query_map(params![agent, integer(there - left)], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for session in forgotten {
            delete(transaction, session)?;
        }
    }
    Ok(left)
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// SQLite's integers have a sign; no count comes near the bound.
fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
