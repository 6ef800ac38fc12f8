//! What agents remember: the events of their sessions, in one SQLite file for all agents of this
//! process, or in a Redis that replicas share.
//!
//! Appending only queues, so it never delays a request; reads pass through the same queue, so they
//! see everything appended before them.

mod endpoints;
mod event;
mod history;
mod local;
mod sessions;
mod shared;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{
    chat::Message,
    clock::Clock,
    plan::ResourceId,
    resources::agent::{MemoryConfig, MemoryKind},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::{
    local::Local,
    sessions::{Append, Bounds, Sessions},
    shared::Shared,
};

pub use self::{
    endpoints::routes,
    event::{Event, EventKind, EventMetadata, NewEvent},
    sessions::{Events, MemoryError},
};

/// The longest session id a client may choose, in bytes.
const MAX_SESSION_ID: usize = 256;

/// The memory of all agents of this process; cheap to clone.
#[derive(Clone)]
pub struct Memory {
    local: Arc<Local>,
    /// By URL.
    shared: Arc<Mutex<HashMap<String, Arc<Shared>>>>,
    clock: Arc<dyn Clock>,
    dropped: Arc<AtomicU64>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

/// The memory of one agent; cheap to clone.
#[derive(Clone)]
pub struct AgentMemory {
    agent: ResourceId,
    config: MemoryConfig,
    sessions: Arc<dyn Sessions>,
    clock: Arc<dyn Clock>,
    dropped: Arc<AtomicU64>,
}

impl Memory {
    /// Opens the file at `path`, and writes it on `tracker` until shortly after `shutdown`.
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, MemoryError> {
        let local = Local::open(path, tracker, shutdown.clone())?;
        Ok(Self {
            local: Arc::new(local),
            shared: Arc::default(),
            clock,
            dropped: Arc::default(),
            tracker: tracker.clone(),
            shutdown,
        })
    }

    /// The memory of an agent, where its settings say.
    pub fn of(&self, agent: &ResourceId, config: &MemoryConfig) -> AgentMemory {
        let sessions: Arc<dyn Sessions> = match config.kind {
            MemoryKind::Local => Arc::clone(&self.local) as _,
            MemoryKind::Redis => self.shared(config.url.as_deref().unwrap_or_default()),
        };
        AgentMemory {
            agent: agent.clone(),
            config: config.clone(),
            sessions,
            clock: Arc::clone(&self.clock),
            dropped: Arc::clone(&self.dropped),
        }
    }

    /// How many events were lost because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// All agents with the same URL share a connection.
    fn shared(&self, url: &str) -> Arc<Shared> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Arc::new(Shared::open(url, &self.tracker, self.shutdown.clone()));
        Arc::clone(shared.entry(url.to_owned()).or_insert_with(open))
    }
}

impl AgentMemory {
    /// Remembers an event of a session, if the agent remembers at all; the session begins with its
    /// first one. When too many wait, the event is dropped and counted.
    pub fn append(&self, event: NewEvent<'_>) {
        if !self.config.enabled {
            return;
        }
        let NewEvent {
            session,
            kind,
            content,
            metadata,
        } = event;
        let append = Append {
            agent: self.agent.to_string(),
            event: Event {
                event_id: Uuid::new_v4().to_string(),
                session_id: session.to_owned(),
                timestamp: self.clock.now(),
                event_type: kind,
                content,
                metadata,
            },
            bounds: Bounds {
                sessions: self.config.max_sessions,
                events: self.config.max_session_events,
            },
        };
        if let Err(error) = self.sessions.append(append) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            let agent = &self.agent;
            tracing::warn!("An event of {session} of {agent} is lost: {error}");
        }
    }

    /// The conversation of a session: questions with their answers, as many of the newest as the
    /// agent's settings allow, oldest first. It is empty, and the log says why, when it cannot be
    /// read: an agent answers without its memory rather than not at all.
    pub async fn history(&self, session: &str) -> Vec<Message> {
        if !self.config.enabled {
            return Vec::new();
        }
        match self.sessions.conversation(&self.key(), session).await {
            Ok(events) => history::newest(
                events,
                self.config.context_limit as usize,
                u64::from(self.config.context_tokens),
            ),
            Err(error) => {
                tracing::error!("The memory of {} cannot be read: {error}", self.agent);
                Vec::new()
            }
        }
    }

    /// The newest `limit` events of a session, or of all sessions.
    pub async fn events(&self, session: Option<&str>, limit: u32) -> Result<Events, MemoryError> {
        self.sessions.events(&self.key(), session, limit).await
    }

    /// The ids of the agent's sessions, the one used last first.
    pub async fn sessions(&self) -> Result<Vec<String>, MemoryError> {
        self.sessions.sessions(&self.key()).await
    }

    /// Forgets a session; says whether there was one.
    pub async fn delete_session(&self, session: &str) -> Result<bool, MemoryError> {
        self.sessions.delete_session(&self.key(), session).await
    }

    fn key(&self) -> String {
        self.agent.to_string()
    }
}

/// The session of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Whether it was made for this request, so that there is nothing to remember yet.
    pub is_new: bool,
}

impl Session {
    /// The session a request continues, or a new one when it names none that can be used.
    pub fn of(requested: Option<&str>) -> Self {
        let usable = |id: &&str| {
            !id.is_empty() && id.len() <= MAX_SESSION_ID && !id.chars().any(char::is_control)
        };
        match requested.map(str::trim).filter(usable) {
            Some(id) => Self {
                id: id.to_owned(),
                is_new: false,
            },
            None => Self {
                id: format!("session_{}", &Uuid::new_v4().simple().to_string()[..12]),
                is_new: true,
            },
        }
    }
}
