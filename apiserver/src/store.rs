//! Objects and the log of their changes, in one SQLite file.
//!
//! One counter numbers every change of every object; the number is the object's `resourceVersion` and
//! its event's place in the log. A change and its event commit together, and only then are watchers
//! woken, so the log never shows what is not there. The log is bounded: [`Tx::oldest_replayable`]
//! says how far back a watch can begin.

mod events;
mod place;
mod schema;

pub(crate) use self::events::{Change, Event, EventScope, OBJECT_EVENTS_KEPT_FOR};
pub(crate) use self::place::Place;

use self::events::Entry;

use std::{
    cell::Cell,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{OpenError, object, refusal::Refusal};

/// A failure of the database, never of a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// SQLite could not do it.
    #[error("failed to {action} the database of resources")]
    Query {
        action: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    /// A row is not what we wrote.
    #[error("the database of resources holds a row that is not JSON")]
    Decode(#[source] serde_json::Error),
}

pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;

fn reading(source: rusqlite::Error) -> StoreError {
    let action = "read from";
    StoreError::Query { action, source }
}

fn writing(source: rusqlite::Error) -> StoreError {
    let action = "write to";
    StoreError::Query { action, source }
}

/// Whether a write is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It is.
    Keep,
    /// It is checked, answered and taken back.
    DryRun,
}

/// The database. Writes take turns on one connection, reads on another.
pub(crate) struct Store {
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
    latest: watch::Sender<i64>,
}

impl Store {
    /// Opens or creates the database.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database {
            path: path.to_owned(),
            source,
        };
        let writer = Connection::open(path).map_err(failed)?;
        schema::prepare(&writer, path)?;
        let reader = Connection::open(path).map_err(failed)?;
        reader
            .pragma_update(None, "query_only", true)
            .map_err(failed)?;
        let latest = writer
            .query_row("SELECT latest FROM log", [], |row| row.get(0))
            .map_err(failed)?;
        Ok(Self {
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            latest: watch::Sender::new(latest),
        })
    }

    /// Reads one consistent state.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Tx<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut connection = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        read(&Tx::begin(&mut connection, TransactionBehavior::Deferred)?)
    }

    /// Writes all of it or, when `write` refuses, nothing; then wakes the watchers.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        write: impl FnOnce(&Tx<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut connection = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = Tx::begin(&mut connection, TransactionBehavior::Immediate)?;
        let written = write(&tx)?;
        match durability {
            Durability::DryRun => tx.inner.rollback().map_err(writing)?,
            Durability::Keep => {
                let latest = tx.latest()?;
                tx.inner.commit().map_err(writing)?;
                self.latest
                    .send_if_modified(|known| std::mem::replace(known, latest) != latest);
            }
        }
        Ok(written)
    }

    /// Changes whenever something was written.
    pub(crate) fn subscribe(&self) -> watch::Receiver<i64> {
        self.latest.subscribe()
    }
}

/// One transaction.
pub(crate) struct Tx<'a> {
    inner: Transaction<'a>,
    touched_definitions: Cell<bool>,
}

impl<'a> Tx<'a> {
    fn begin(connection: &'a mut Connection, behavior: TransactionBehavior) -> Result<Self> {
        let inner = connection.transaction_with_behavior(behavior);
        Ok(Self {
            inner: inner.map_err(reading)?,
            touched_definitions: Cell::new(false),
        })
    }

    /// Whether a definition of a kind was written.
    pub(crate) fn touched_definitions(&self) -> bool {
        self.touched_definitions.get()
    }

    /// The number of the latest change.
    pub(crate) fn latest(&self) -> Result<i64> {
        self.inner
            .query_row("SELECT latest FROM log", [], |row| row.get(0))
            .map_err(reading)
    }

    /// One object.
    pub(crate) fn get(&self, place: &Place) -> Result<Option<Value>> {
        let mut query = self
            .inner
            .prepare_cached(
                "SELECT body FROM objects
                 WHERE api_group = ?1 AND plural = ?2 AND namespace = ?3 AND name = ?4",
            )
            .map_err(reading)?;
        let Place {
            group,
            plural,
            namespace,
            name,
        } = place;
        let body: Option<String> = query
            .query_row(params![group, plural, namespace, name], |row| row.get(0))
            .optional()
            .map_err(reading)?;
        body.as_deref().map(decode).transpose()
    }

    /// Whether there is an object with this uid.
    pub(crate) fn has_uid(&self, uid: &str) -> Result<bool> {
        let mut query = self
            .inner
            .prepare_cached("SELECT 1 FROM objects WHERE uid = ?1")
            .map_err(reading)?;
        query.exists([uid]).map_err(reading)
    }

    /// Objects of a kind in the order of namespace and name, from after `after` on, until `visit`
    /// says to stop. All namespaces unless one is given.
    pub(crate) fn scan(
        &self,
        scope: &EventScope,
        after: Option<(&str, &str)>,
        mut visit: impl FnMut(Value) -> Scan,
    ) -> Result<()> {
        let mut query = self
            .inner
            .prepare_cached(
                "SELECT body FROM objects
                 WHERE api_group = ?1 AND plural = ?2 AND (?3 IS NULL OR namespace = ?3)
                   AND (namespace, name) > (?4, ?5)
                 ORDER BY namespace, name",
            )
            .map_err(reading)?;
        let (after_namespace, after_name) = after.unwrap_or_default();
        let EventScope {
            group,
            plural,
            namespace,
        } = scope;
        let mut rows = query
            .query(params![
                group,
                plural,
                namespace,
                after_namespace,
                after_name
            ])
            .map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            let body: String = row.get(0).map_err(reading)?;
            match visit(decode(&body)?) {
                Scan::GoOn => {}
                Scan::Stop => break,
            }
        }
        Ok(())
    }

    /// Where everything is that lives in a namespace.
    pub(crate) fn places_in_namespace(&self, namespace: &str) -> Result<Vec<Place>> {
        self.places("namespace = ?1", params![namespace])
    }

    /// Where all objects of a kind are.
    pub(crate) fn places_of_kind(&self, group: &str, plural: &str) -> Result<Vec<Place>> {
        self.places("api_group = ?1 AND plural = ?2", params![group, plural])
    }

    /// Where the objects are that name `owner` as one of their owners.
    pub(crate) fn places_owned_by(&self, owner: &str) -> Result<Vec<Place>> {
        self.places(
            "uid IN (SELECT dependent FROM owners WHERE owner = ?1)",
            params![owner],
        )
    }

    fn places(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Place>> {
        let sql =
            format!("SELECT api_group, plural, namespace, name FROM objects WHERE {condition}");
        let mut query = self.inner.prepare_cached(&sql).map_err(reading)?;
        let places = query.query_map(values, place_of_row).map_err(reading)?;
        places.collect::<Result<_, _>>().map_err(reading)
    }

    /// Creates an object, or replaces `previous`. Returns it with its new `resourceVersion`.
    pub(crate) fn put(
        &self,
        place: &Place,
        previous: Option<&Value>,
        mut object: Value,
    ) -> Result<Value> {
        let version = self.next_version()?;
        stamp(&mut object, version);
        let body = object.to_string();
        let uid = object::uid(&object);
        let Place {
            group,
            plural,
            namespace,
            name,
        } = place;
        self.execute(
            "INSERT INTO objects (api_group, plural, namespace, name, uid, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (api_group, plural, namespace, name)
             DO UPDATE SET uid = excluded.uid, body = excluded.body",
            params![group, plural, namespace, name, uid, body],
        )?;
        self.execute("DELETE FROM owners WHERE dependent = ?1", params![uid])?;
        for owner in object::owners(&object) {
            self.execute(
                "INSERT OR IGNORE INTO owners (owner, dependent) VALUES (?1, ?2)",
                params![owner, uid],
            )?;
        }
        let change = match previous {
            Some(_) => Change::Modified,
            None => Change::Added,
        };
        self.log(Entry {
            version,
            place,
            change,
            previous,
            body: &body,
        })?;
        Ok(object)
    }

    /// Removes an object for good. Returns it with the `resourceVersion` of its removal.
    pub(crate) fn remove(&self, place: &Place, mut object: Value) -> Result<Value> {
        let version = self.next_version()?;
        let previous = object.clone();
        stamp(&mut object, version);
        let uid = object::uid(&object);
        self.execute("DELETE FROM objects WHERE uid = ?1", params![uid])?;
        self.execute("DELETE FROM owners WHERE dependent = ?1", params![uid])?;
        let body = object.to_string();
        self.log(Entry {
            version,
            place,
            change: Change::Deleted,
            previous: Some(&previous),
            body: &body,
        })?;
        Ok(object)
    }

    fn next_version(&self) -> Result<i64> {
        let mut query = self
            .inner
            .prepare_cached("UPDATE log SET latest = latest + 1 RETURNING latest")
            .map_err(writing)?;
        query.query_row([], |row| row.get(0)).map_err(writing)
    }

    fn execute(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        let mut statement = self.inner.prepare_cached(sql).map_err(writing)?;
        statement.execute(values).map_err(writing)
    }
}

/// Whether a scan goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// To the next object.
    GoOn,
    /// No further.
    Stop,
}

fn stamp(object: &mut Value, version: i64) {
    object::metadata_mut(object).insert("resourceVersion".to_owned(), json!(version.to_string()));
}

fn decode(body: &str) -> Result<Value> {
    serde_json::from_str(body).map_err(StoreError::Decode)
}

fn place_of_row(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        group: row.get(0)?,
        plural: row.get(1)?,
        namespace: row.get(2)?,
        name: row.get(3)?,
    })
}

#[cfg(test)]
mod tests;
