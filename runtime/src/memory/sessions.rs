//! Where sessions are kept: the contract of every store, and what can go wrong with one.

use std::path::PathBuf;

use async_trait::async_trait;
use tokio::sync::mpsc::error::TrySendError;

use super::Event;

/// A store of sessions, for many agents. `agent` is the agent's key: its namespace and name, joined by
/// `/`, and its uid where no other process has to find the same.
///
/// What one process appended, its later reads see. A session comes into being with its first event
/// and is used again with each; an agent or session nobody knows is empty, not an error.
#[async_trait]
pub(super) trait Sessions: Send + Sync {
    /// Queues an event and never waits. The oldest events of its session and the sessions of its
    /// agent that were not used for the longest time leave when they are beyond the bounds.
    fn append(&self, append: Append) -> Result<(), MemoryError>;

    /// Questions and answers of a session, oldest first.
    async fn conversation(&self, agent: &str, session: &str) -> Result<Vec<Event>, MemoryError>;

    /// The newest `limit` events of a session, or of all of them, oldest first.
    async fn events(
        &self,
        agent: &str,
        session: Option<&str>,
        limit: u32,
    ) -> Result<Events, MemoryError>;

    /// The agent's sessions, the one used last first.
    async fn sessions(&self, agent: &str) -> Result<Vec<String>, MemoryError>;

    /// Forgets a session; says whether there was one.
    async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, MemoryError>;
}

/// The events of an agent, or of one of its sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// The newest that were asked for, oldest first.
    pub events: Vec<Event>,
    /// How many there are.
    pub total: u64,
}

/// An event to remember, and how much its agent may.
pub(super) struct Append {
    pub(super) agent: String,
    pub(super) event: Event,
    pub(super) bounds: Bounds,
}

/// How much an agent may remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) sessions: u32,
    pub(super) events: u32,
}

impl<T> From<TrySendError<T>> for MemoryError {
    fn from(refused: TrySendError<T>) -> Self {
        match refused {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Closed(_) => Self::Closed,
        }
    }
}

/// What can go wrong with the memory.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file cannot be opened.
    #[error("failed to open the memory at {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file was written by a later version of the program.
    #[error("the memory at {path} has version {version}, and this program knows {known}")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The version of this program.
        known: usize,
    },
    /// The file cannot be read.
    #[error("failed to read the memory: {0}")]
    Read(#[source] rusqlite::Error),
    /// The file cannot be written.
    #[error("failed to write the memory: {0}")]
    Write(#[source] rusqlite::Error),
    /// The URL of the shared memory is none.
    #[error("the shared memory cannot be found: {reason}; give it as redis://host:port")]
    Locate {
        /// What is wrong with it.
        reason: String,
    },
    /// The shared memory does not answer, or not as it should.
    #[error("failed to use the shared memory at {address}: {source}")]
    Use {
        /// Host and port, or the socket's path.
        address: String,
        /// Why.
        source: redis::RedisError,
    },
    /// The shared memory takes too long.
    #[error("the shared memory at {address} did not answer in time")]
    AwaitAnswer {
        /// Host and port, or the socket's path.
        address: String,
    },
    /// The shared memory holds something that is no event.
    #[error("an event in the shared memory at {address} cannot be understood: {reason}")]
    Understand {
        /// Host and port, or the socket's path.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Too much waits to be written.
    #[error("too many events wait to be written")]
    Full,
    /// The program is stopping.
    #[error("the memory is closed")]
    Closed,
}
