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
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{
    chat::Message,
    clock::Clock,
    plan::{MemoryPlace, MemoryPlan, RedisAddress, ResourceId},
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
    /// Those that agents use, and some that they used.
    shared: Arc<Mutex<Vec<Opened>>>,
    clock: Arc<dyn Clock>,
    dropped: Arc<AtomicU64>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
}

/// A shared memory, and where it is.
struct Opened {
    address: RedisAddress,
    shared: Arc<Shared>,
}

/// The memory of one agent; cheap to clone.
#[derive(Clone)]
pub struct AgentMemory {
    agent: ResourceId,
    key: String,
    plan: MemoryPlan,
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

    /// The memory of an agent, where its plan says. One beside it is its own; one that is shared
    /// belongs to whoever has its name.
    pub fn of(&self, agent: &ResourceId, uid: &str, plan: &MemoryPlan) -> AgentMemory {
        let (sessions, key): (Arc<dyn Sessions>, _) = match &plan.place {
            MemoryPlace::Local => (Arc::clone(&self.local) as _, local::key(agent, uid)),
            MemoryPlace::Redis(address) => (self.shared(address), agent.to_string()),
        };
        AgentMemory {
            agent: agent.clone(),
            key,
            plan: plan.clone(),
            sessions,
            clock: Arc::clone(&self.clock),
            dropped: Arc::clone(&self.dropped),
        }
    }

    /// Forgets an agent that was deleted. What is shared stays: other processes may still use it.
    pub async fn forget(&self, agent: &ResourceId) -> Result<(), MemoryError> {
        self.local.forget(agent).await
    }

    /// Forgets all agents but these, each with its uid: those that were deleted while nobody took
    /// note.
    pub async fn keep(&self, agents: &[(ResourceId, String)]) -> Result<(), MemoryError> {
        self.local.keep(agents).await
    }

    /// How many events were lost because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// All agents with the same address share a connection.
    fn shared(&self, address: &RedisAddress) -> Arc<Shared> {
        let mut opened = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        // A URL may change with its Secret; nobody comes back to the one before.
        opened.retain(|it| it.address == *address || Arc::strong_count(&it.shared) > 1);
        if let Some(same) = opened.iter().find(|it| it.address == *address) {
            return Arc::clone(&same.shared);
        }
        let shared = Shared::open(address, &self.tracker, self.shutdown.clone());
        let shared = Arc::new(shared);
        opened.push(Opened {
            address: address.clone(),
            shared: Arc::clone(&shared),
        });
        shared
    }
}

impl AgentMemory {
    /// Remembers an event of a session, if the agent remembers at all; the session begins with its
    /// first one. When too many wait, the event is dropped and counted.
    pub fn append(&self, event: NewEvent<'_>) {
        if !self.plan.enabled {
            return;
        }
        let NewEvent {
            session,
            kind,
            content,
            metadata,
        } = event;
        let append = Append {
            agent: self.key.clone(),
            event: Event {
                event_id: Uuid::new_v4().to_string(),
                session_id: session.to_owned(),
                timestamp: self.clock.now(),
                event_type: kind,
                content,
                metadata,
            },
            bounds: Bounds {
                sessions: self.plan.max_sessions,
                events: self.plan.max_session_events,
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
        if !self.plan.enabled {
            return Vec::new();
        }
        match self.sessions.conversation(&self.key, session).await {
            Ok(events) => history::newest(
                events,
                self.plan.context_limit as usize,
                u64::from(self.plan.context_tokens),
            ),
            Err(error) => {
                tracing::error!("The memory of {} cannot be read: {error}", self.agent);
                Vec::new()
            }
        }
    }

    /// The newest `limit` events of a session, or of all sessions.
    pub async fn events(&self, session: Option<&str>, limit: u32) -> Result<Events, MemoryError> {
        self.sessions.events(&self.key, session, limit).await
    }

    /// The ids of the agent's sessions, the one used last first.
    pub async fn sessions(&self) -> Result<Vec<String>, MemoryError> {
        self.sessions.sessions(&self.key).await
    }

    /// Forgets a session; says whether there was one.
    pub async fn delete_session(&self, session: &str) -> Result<bool, MemoryError> {
        self.sessions.delete_session(&self.key, session).await
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
