//! What agents remember: the events of their sessions, in one SQLite file for all agents.
//!
//! One thread owns the file. Appending only queues, so it never delays a request; reads pass through
//! the same queue, so they see everything appended before them.

mod endpoints;
mod event;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use api::{
    chat::{Message, Role},
    clock::Clock,
    plan::ResourceId,
    resources::agent::MemoryConfig,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::{
    store::{Append, Bounds, Store},
    writer::{Job, write},
};

pub use self::{
    endpoints::routes,
    event::{Event, EventKind, EventMetadata, NewEvent},
    store::MemoryError,
};

/// Events that may wait to be written.
const MAX_WAITING: usize = 8_192;
/// The longest session id a client may choose, in bytes.
const MAX_SESSION_ID: usize = 256;

/// The memory of all agents of this process; cheap to clone.
#[derive(Clone)]
pub struct Memory {
    jobs: mpsc::Sender<Job>,
    clock: Arc<dyn Clock>,
    dropped: Arc<AtomicU64>,
}

/// The events of an agent, or of one of its sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// The newest that were asked for, oldest first.
    pub events: Vec<Event>,
    /// How many there are.
    pub total: u64,
}

impl Memory {
    /// Opens the file at `path`, and writes it on `tracker` until shortly after `shutdown`.
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, MemoryError> {
        let store = Store::open(path)?;
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        tracker.spawn_blocking(move || write(store, queue));
        let closing = jobs.clone();
        tracker.spawn(async move {
            shutdown.cancelled().await;
            tokio::time::sleep(writer::LAST_WORDS).await;
            // It fails when the writer has ended already.
            closing.send(Job::Close).await.ok();
        });
        Ok(Self {
            jobs,
            clock,
            dropped: Arc::default(),
        })
    }

    /// Remembers an event of a session; the session begins with its first one. When too many wait,
    /// the event is dropped and counted.
    pub fn append(&self, agent: &ResourceId, config: &MemoryConfig, event: NewEvent<'_>) {
        let NewEvent {
            session,
            kind,
            content,
            metadata,
        } = event;
        let append = Append {
            agent: agent.to_string(),
            event: Event {
                event_id: Uuid::new_v4().to_string(),
                session_id: session.to_owned(),
                timestamp: self.clock.now(),
                event_type: kind,
                content,
                metadata,
            },
            bounds: Bounds {
                sessions: config.max_sessions,
                events: config.max_session_events,
            },
        };
        if self.jobs.try_send(Job::Append(Box::new(append))).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::warn!("Memory of {agent} is too far behind; an event of {session} is lost");
        }
    }

    /// The conversation of a session: questions with their answers, the newest `limit` messages,
    /// oldest first. It is empty, and the log says why, when it cannot be read: an agent answers
    /// without its memory rather than not at all.
    pub async fn history(&self, agent: &ResourceId, session: &str, limit: usize) -> Vec<Message> {
        let (agent_key, session_key) = (agent.to_string(), session.to_owned());
        let said = self
            .ask(move |store| store.conversation(&agent_key, &session_key))
            .await;
        match said {
            Ok(events) => newest_pairs(events, limit),
            Err(error) => {
                tracing::error!("The memory of {agent} cannot be read: {error}");
                Vec::new()
            }
        }
    }

    /// The newest `limit` events of a session, or of all sessions.
    pub async fn events(
        &self,
        agent: &ResourceId,
        session: Option<&str>,
        limit: u32,
    ) -> Result<Events, MemoryError> {
        let (agent, session) = (agent.to_string(), session.map(str::to_owned));
        self.ask(move |store| store.events(&agent, session.as_deref(), limit))
            .await
    }

    /// The ids of an agent's sessions, the one used last first.
    pub async fn sessions(&self, agent: &ResourceId) -> Result<Vec<String>, MemoryError> {
        let agent = agent.to_string();
        self.ask(move |store| store.sessions(&agent)).await
    }

    /// Forgets a session; says whether there was one.
    pub async fn delete_session(
        &self,
        agent: &ResourceId,
        session: &str,
    ) -> Result<bool, MemoryError> {
        let (agent, session) = (agent.to_string(), session.to_owned());
        self.ask(move |store| store.delete_session(&agent, &session))
            .await
    }

    /// How many events were lost because too many waited.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Asks the thread that owns the file, after everything appended so far.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Ask(Box::new(move |store| {
            // Nobody waits any more when the request was given up.
            answer.send(question(store)).ok();
        }));
        self.jobs.send(job).await.map_err(|_| MemoryError::Closed)?;
        answered.await.map_err(|_| MemoryError::Closed)?
    }
}

/// The session a request continues, or a new one when it names none that can be used.
pub fn session_id(requested: Option<&str>) -> String {
    let usable = |id: &&str| {
        !id.is_empty() && id.len() <= MAX_SESSION_ID && !id.chars().any(char::is_control)
    };
    requested.map(str::trim).filter(usable).map_or_else(
        || format!("session_{}", &Uuid::new_v4().simple().to_string()[..12]),
        str::to_owned,
    )
}

/// Questions with their answers; one that failed has none and is left out, so that roles alternate
/// as models expect.
fn newest_pairs(events: Vec<Event>, limit: usize) -> Vec<Message> {
    let mut pairs = Vec::new();
    let mut asked: Vec<Event> = Vec::new();
    for event in events {
        if event.event_type == EventKind::UserMessage {
            asked.push(event);
            continue;
        }
        // Two requests of one session may overlap; the trace says which question this answers.
        let trace = &event.metadata.trace_id;
        if let Some(place) = asked
            .iter()
            .rposition(|asked| asked.metadata.trace_id == *trace)
        {
            let question = asked.remove(place);
            pairs.push([
                Message::text(Role::User, question.words()),
                Message::text(Role::Assistant, event.words()),
            ]);
        }
    }
    let surplus = pairs.len().saturating_sub(limit / 2);
    pairs.into_iter().skip(surplus).flatten().collect()
}
