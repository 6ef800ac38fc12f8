//! A small pool of connections that only read, each used on a thread that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use api::traces::ReadError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::schema;

/// Reads at a time.
const MAX_CONNECTIONS: usize = 4;

/// A read failed inside the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum QueryError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("stored bytes are damaged: {0}")]
    DecodeOtlp(#[from] prost::DecodeError),
    #[error("stored JSON is damaged: {0}")]
    DecodeJson(#[from] serde_json::Error),
}

/// The pool; clones share it.
#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path: Arc::new(path),
            idle: Arc::default(),
            permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        }
    }

    /// Runs `query` on one snapshot of the data.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        what: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let failed = |reason: String| ReadError::Read { what, reason };
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|error| failed(error.to_string()))?;
        let readers = self.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let connection = readers.take()?;
            let outcome = snapshot(&connection, query);
            readers.lock().push(connection);
            outcome
        });
        let outcome = reading.await.map_err(|error| failed(error.to_string()))?;
        outcome.map_err(|error: QueryError| failed(error.to_string()))
    }

    fn take(&self) -> Result<Connection, QueryError> {
        let idle = self.lock().pop();
        match idle {
            Some(connection) => Ok(connection),
            None => Ok(schema::open_reader(&self.path)?),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn snapshot<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    let transaction = connection.unchecked_transaction()?;
    query(&transaction)
}
