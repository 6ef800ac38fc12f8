//! Sessions in a SQLite file of this process, which one thread owns.

use std::{path::Path, sync::Arc};

use api::plan::ResourceId;
use async_trait::async_trait;
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Event, Events, MemoryError,
    sessions::{Append, Sessions},
    store::Store,
    writer::{self, Job, write},
};

/// Events that may wait to be written.
pub(super) const MAX_WAITING: usize = 8_192;

/// No name has it.
const UID_SEPARATOR: char = '#';
/// The next character.
const AFTER_UID_SEPARATOR: char = '$';

/// The key of an agent, which another agent of the same name does not share.
pub(super) fn key(agent: &ResourceId, uid: &str) -> String {
    format!("{agent}{UID_SEPARATOR}{uid}")
}

/// The way to the thread that owns the file.
pub(super) struct Local {
    jobs: mpsc::Sender<Job>,
    /// Somebody waits, or too much does.
    urgent: Arc<Notify>,
}

impl Local {
    /// Opens the file, and writes it on `tracker` until shortly after `shutdown`.
    pub(super) fn open(
        path: &Path,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, MemoryError> {
        let store = Store::open(path)?;
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        let (handle, urgent) = (Handle::current(), Arc::<Notify>::default());
        let hurried = Arc::clone(&urgent);
        tracker.spawn_blocking(move || write(store, queue, &hurried, &handle));
        let closing = jobs.clone();
        tracker.spawn(async move {
            shutdown.cancelled().await;
            tokio::time::sleep(writer::LAST_WORDS).await;
            // It fails when the writer has ended already.
            closing.send(Job::Close).await.ok();
        });
        Ok(Self { jobs, urgent })
    }

    /// Forgets everything of an agent, whatever its uid.
    pub(super) async fn forget(&self, agent: &ResourceId) -> Result<(), MemoryError> {
        let first = key(agent, "");
        let end = format!("{agent}{AFTER_UID_SEPARATOR}");
        self.ask(move |store| store.delete_agents(&first, &end))
            .await
    }

    /// Forgets everything of all agents but these.
    pub(super) async fn keep(&self, agents: &[(ResourceId, String)]) -> Result<(), MemoryError> {
        let keyed = |(agent, uid): &(ResourceId, String)| (agent.to_string(), key(agent, uid));
        let keys = agents.iter().map(keyed).collect();
        self.ask(move |store| store.keep_agents(&keys)).await
    }

    /// Asks the thread that owns the file, after everything appended so far.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Store) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Ask(Box::new(move |store| {
            // Nobody waits any more when the request was given up.
            answer.send(question(store)).ok();
        }));
        self.jobs.send(job).await.map_err(|_| MemoryError::Closed)?;
        self.urgent.notify_one();
        answered.await.map_err(|_| MemoryError::Closed)?
    }
}

#[async_trait]
impl Sessions for Local {
    fn append(&self, append: Append) -> Result<(), MemoryError> {
        let sent = self.jobs.try_send(Job::Append(Box::new(append)));
        if self.jobs.capacity() < MAX_WAITING / 2 {
            self.urgent.notify_one();
        }
        Ok(sent?)
    }

    async fn conversation(&self, agent: &str, session: &str) -> Result<Vec<Event>, MemoryError> {
        let (agent, session) = (agent.to_owned(), session.to_owned());
        self.ask(move |store| store.conversation(&agent, &session))
            .await
    }

    async fn events(
        &self,
        agent: &str,
        session: Option<&str>,
        limit: u32,
    ) -> Result<Events, MemoryError> {
        let (agent, session) = (agent.to_owned(), session.map(str::to_owned));
        self.ask(move |store| store.events(&agent, session.as_deref(), limit))
            .await
    }

    async fn sessions(&self, agent: &str) -> Result<Vec<String>, MemoryError> {
        let agent = agent.to_owned();
        self.ask(move |store| store.sessions(&agent)).await
    }

    async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, MemoryError> {
        let (agent, session) = (agent.to_owned(), session.to_owned());
        self.ask(move |store| store.delete_session(&agent, &session))
            .await
    }
}
