//! The log of changes that watchers replay.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;
use serde_json::{Map, Value};

use super::{Place, Result, Tx, decode, reading};
use crate::object;

/// How many changes are remembered. A watcher that falls further behind lists again.
const REMEMBERED: i64 = 8192;
/// How often, counted in changes, the forgotten ones are removed.
const FORGET_EVERY: i64 = 256;
/// How long `Event` objects are kept, as on a cluster.
pub(crate) const OBJECT_EVENTS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was created.
    Added,
    /// It was changed.
    Modified,
    /// It is gone.
    Deleted,
}

impl Change {
    /// The word on the wire and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "ADDED" => Self::Added,
            "DELETED" => Self::Deleted,
            _ => Self::Modified,
        }
    }
}

/// One change of one object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) version: i64,
    pub(crate) change: Change,
    pub(crate) previous_labels: Option<Map<String, Value>>,
    pub(crate) object: Value,
}

/// The objects of a kind: all, or those of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventScope {
    pub(crate) group: String,
    pub(crate) plural: String,
    pub(crate) namespace: Option<String>,
}

/// A change that is to be remembered.
pub(super) struct Entry<'a> {
    pub(super) version: i64,
    pub(super) place: &'a Place,
    pub(super) change: Change,
    pub(super) previous: Option<&'a Value>,
    pub(super) body: &'a str,
}

impl Tx<'_> {
    pub(super) fn log(&self, entry: Entry<'_>) -> Result<()> {
        let Entry {
            version,
            place,
            change,
            previous,
            body,
        } = entry;
        if place.is_definition() {
            self.touched_definitions.set(true);
        }
        let labels = previous.and_then(object::labels);
        let labels = labels.map(|labels| Value::Object(labels.clone()).to_string());
        let Place {
            group,
            plural,
            namespace,
            ..
        } = place;
        self.execute(
            "INSERT INTO events
                 (version, api_group, plural, namespace, change, previous_labels, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                version,
                group,
                plural,
                namespace,
                change.as_str(),
                labels,
                body
            ],
        )?;
        if version % FORGET_EVERY == 0 {
            let forgotten = version - REMEMBERED;
            self.execute("DELETE FROM events WHERE version <= ?1", params![forgotten])?;
            self.execute(
                "UPDATE log SET forgotten = max(forgotten, ?1)",
                params![forgotten],
            )?;
        }
        Ok(())
    }

    /// The oldest version after which every change is still remembered.
    pub(crate) fn oldest_replayable(&self) -> Result<i64> {
        self.inner
            .query_row("SELECT forgotten FROM log", [], |row| row.get(0))
            .map_err(reading)
    }

    /// The first `limit` changes after a version, in order.
    pub(crate) fn events(&self, scope: &EventScope, after: i64, limit: u32) -> Result<Vec<Event>> {
        let mut query = self
            .inner
            .prepare_cached(
                "SELECT version, change, previous_labels, body FROM events
                 WHERE api_group = ?1 AND plural = ?2 AND version > ?4
                   AND (?3 IS NULL OR namespace = ?3)
                 ORDER BY version LIMIT ?5",
            )
            .map_err(reading)?;
        let EventScope {
            group,
            plural,
            namespace,
        } = scope;
        let mut rows = query
            .query(params![group, plural, namespace, after, limit])
            .map_err(reading)?;
        let mut events = Vec::new();
        while let Some(row) = rows.next().map_err(reading)? {
            let change: String = row.get(1).map_err(reading)?;
            let labels: Option<String> = row.get(2).map_err(reading)?;
            let body: String = row.get(3).map_err(reading)?;
            events.push(Event {
                version: row.get(0).map_err(reading)?,
                change: Change::parse(&change),
                previous_labels: match labels.as_deref().map(decode).transpose()? {
                    Some(Value::Object(labels)) => Some(labels),
                    _ => None,
                },
                object: decode(&body)?,
            });
        }
        Ok(events)
    }

    /// Where `Event` objects are that were created before `before`.
    pub(crate) fn places_of_old_events(&self, before: Timestamp) -> Result<Vec<Place>> {
        self.places(
            "plural = 'events' AND api_group IN ('', 'events.k8s.io')
             AND body ->> '$.metadata.creationTimestamp' < ?1",
            params![object::time(before)],
        )
    }
}
