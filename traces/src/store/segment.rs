//! One file of telemetry, as readers see it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ErrorCode};

use super::filter::Filter;
use super::request::OperationName;
use super::schema;
use super::traces::StoredSource;
use super::varint::Damaged;

/// Sources and operations that a segment keeps decoded, each.
const MAX_NAMES: usize = 8_192;

/// Connections kept open between questions.
const MAX_IDLE: usize = 4;

/// Reading or writing a segment failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("stored bytes are damaged: {0}")]
    Decompress(std::io::Error),
    #[error("stored bytes are damaged: {0}")]
    DecodeOtlp(#[from] prost::DecodeError),
    #[error("stored JSON is damaged: {0}")]
    DecodeJson(#[from] serde_json::Error),
}

impl SegmentError {
    /// Whether the file will never answer this question, however often it is asked.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Damaged(_) | Self::Decompress(_) | Self::DecodeOtlp(_) | Self::DecodeJson(_) => {
                true
            }
        }
    }
}

/// A file that can be read.
pub(super) struct Segment {
    path: PathBuf,
    /// When it was begun, by our own clock.
    pub(super) created_ns: i64,
    is_damaged: AtomicBool,
    idle: Mutex<Vec<Connection>>,
    sources: Mutex<HashMap<i64, Arc<StoredSource>>>,
    operations: Mutex<HashMap<i64, Arc<OperationName>>>,
    /// By part; none where a part has none.
    filters: Mutex<HashMap<i64, Arc<Option<Filter>>>>,
}

impl Segment {
    pub(super) fn new(path: PathBuf, created_ns: i64) -> Self {
        Self {
            path,
            created_ns,
            is_damaged: AtomicBool::new(false),
            idle: Mutex::default(),
            sources: Mutex::default(),
            operations: Mutex::default(),
            filters: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Name of the file.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Says that nobody shall read it any more; the writer will set it aside.
    pub(super) fn mark_damaged(&self) {
        self.is_damaged.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// A connection that reads one snapshot until it is given back.
    pub(super) fn take(&self) -> rusqlite::Result<Connection> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        connection.execute_batch("BEGIN")?;
        Ok(connection)
    }

    pub(super) fn give_back(&self, connection: Connection) {
        if connection.execute_batch("COMMIT").is_err() {
            return;
        }
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    /// Closes what is open, before the file goes away.
    pub(super) fn close(&self) {
        lock(&self.idle).clear();
    }

    pub(super) fn source<E>(
        &self,
        id: i64,
        load: impl FnOnce() -> Result<StoredSource, E>,
    ) -> Result<Arc<StoredSource>, E> {
        remembered(&self.sources, id, load)
    }

    pub(super) fn filter<E>(
        &self,
        part: i64,
        load: impl FnOnce() -> Result<Option<Filter>, E>,
    ) -> Result<Arc<Option<Filter>>, E> {
        remembered(&self.filters, part, load)
    }

    pub(super) fn operation<E>(
        &self,
        id: i64,
        load: impl FnOnce() -> Result<OperationName, E>,
    ) -> Result<Arc<OperationName>, E> {
        remembered(&self.operations, id, load)
    }
}

/// Rows with an id never change, so what was read once stays true.
fn remembered<T, E>(
    known: &Mutex<HashMap<i64, Arc<T>>>,
    id: i64,
    load: impl FnOnce() -> Result<T, E>,
) -> Result<Arc<T>, E> {
    if let Some(found) = lock(known).get(&id) {
        return Ok(Arc::clone(found));
    }
    let loaded = Arc::new(load()?);
    let mut known = lock(known);
    if known.len() >= MAX_NAMES {
        known.clear();
    }
    known.insert(id, Arc::clone(&loaded));
    Ok(loaded)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
