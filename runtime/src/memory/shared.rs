//! Sessions in a Redis or Valkey, which all replicas of an agent share.
//!
//! Of each agent there are its counters (`seq`, `total`), its sessions ordered by the `seq` of their
//! last event, and a list of events for each session. The agent's name in braces keeps them on one
//! node of a cluster. Writes are scripts, because a bound that is checked by one command and kept by
//! another is none.

mod keys;
mod writer;

use std::time::Duration;

use api::plan::RedisAddress;
use async_trait::async_trait;
use redis::{
    AsyncTypedCommands, Client, IntoConnectionInfo, RedisError, Script, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Event, EventKind, Events, MemoryError,
    local::MAX_WAITING,
    sessions::{Append, Sessions},
};
use keys::Keys;
use writer::{Job, write};

/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a read may take in all; an agent that waits for its memory waits no longer.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Sessions read together when the newest events of all of them are wanted.
const SESSIONS_AT_ONCE: usize = 16;

/// One Redis.
pub(super) struct Shared {
    server: Result<Server, String>,
    jobs: mpsc::Sender<Job>,
}

/// The connection, which comes back by itself, and its name for people.
#[derive(Clone)]
struct Server {
    address: String,
    connection: ConnectionManager,
}

impl Shared {
    /// Connects with the first use, and writes on `tracker` until shortly after `shutdown`.
    pub(super) fn open(
        address: &RedisAddress,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(MAX_WAITING);
        let server = Server::locate(address).map_err(|error| error.to_string());
        if let Ok(server) = &server {
            tracker.spawn(write(server.clone(), queue, shutdown));
        }
        Self { server, jobs }
    }

    fn server(&self) -> Result<&Server, MemoryError> {
        self.server.as_ref().map_err(|reason| MemoryError::Locate {
            reason: reason.clone(),
        })
    }

    /// Reads after everything this process appended so far.
    async fn read<T>(
        &self,
        reading: impl AsyncFnOnce(Server) -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        let server = self.server()?;
        let after_appends = async {
            let (done, written) = oneshot::channel();
            let barrier = Job::Barrier(done);
            self.jobs
                .send(barrier)
                .await
                .map_err(|_| MemoryError::Closed)?;
            written.await.map_err(|_| MemoryError::Closed)?;
            reading(server.clone()).await
        };
        timeout(READ_TIMEOUT, after_appends).await.map_err(|_| {
            let address = server.address.clone();
            MemoryError::AwaitAnswer { address }
        })?
    }
}

#[async_trait]
impl Sessions for Shared {
    fn append(&self, append: Append) -> Result<(), MemoryError> {
        self.server()?;
        Ok(self.jobs.try_send(Job::Append(Box::new(append)))?)
    }

    async fn conversation(&self, agent: &str, session: &str) -> Result<Vec<Event>, MemoryError> {
        let list = Keys::of(agent).session(session);
        self.read(async move |mut server| {
            let entries = server.connection.lrange(list, 0, -1).await;
            let entries = entries.map_err(|source| server.failed(source))?;
            let mut events = Vec::with_capacity(entries.len());
            for entry in entries {
                let (_, event) = server.parse(&entry)?;
                if matches!(
                    event.event_type,
                    EventKind::UserMessage | EventKind::AgentResponse
                ) {
                    events.push(event);
                }
            }
            Ok(events)
        })
        .await
    }

    async fn events(
        &self,
        agent: &str,
        session: Option<&str>,
        limit: u32,
    ) -> Result<Events, MemoryError> {
        let keys = Keys::of(agent);
        self.read(async move |mut server| match session {
            Some(session) => {
                server
                    .events_of_session(&keys.session(session), limit)
                    .await
            }
            None => server.events_of_agent(&keys, limit).await,
        })
        .await
    }

    async fn sessions(&self, agent: &str) -> Result<Vec<String>, MemoryError> {
        let keys = Keys::of(agent);
        self.read(async move |mut server| {
            let sessions = server.connection.zrevrange(keys.sessions(), 0, -1).await;
            sessions.map_err(|source| server.failed(source))
        })
        .await
    }

    async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, MemoryError> {
        let keys = Keys::of(agent);
        self.read(async move |mut server| {
            let script = Script::new(include_str!("shared/delete.lua"));
            let mut call = script.prepare_invoke();
            call.key(keys.counters()).key(keys.sessions());
            call.key(keys.session(session)).arg(session);
            let deleted = call.invoke_async(&mut server.connection).await;
            deleted.map_err(|source| server.failed(source))
        })
        .await
    }
}

impl Server {
    fn locate(RedisAddress { url, ca }: &RedisAddress) -> Result<Self, RedisError> {
        let info = url.expose().into_connection_info()?;
        let address = info.addr().to_string();
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(COMMAND_TIMEOUT))
            .set_response_timeout(Some(COMMAND_TIMEOUT));
        let client = match ca {
            Some(ca) => Client::build_with_tls(
                info,
                TlsCertificates {
                    client_tls: None,
                    root_cert: Some(ca.expose().into()),
                },
            )?,
            None => Client::open(info)?,
        };
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self {
            address,
            connection,
        })
    }

    /// The newest events of one session, and how many it has.
    async fn events_of_session(&mut self, list: &str, limit: u32) -> Result<Events, MemoryError> {
        let (entries, total): (Vec<String>, u64) = redis::pipe()
            .lrange(list, newest(limit), -1)
            .llen(list)
            .query_async(&mut self.connection)
            .await
            .map_err(|source| self.failed(source))?;
        // The newest none are all of them to Redis.
        let entries = entries.iter().take(limit as usize);
        let events = entries.map(|entry| Ok(self.parse(entry)?.1));
        let events = events.collect::<Result<_, MemoryError>>()?;
        Ok(Events { events, total })
    }

    /// The newest events of all sessions: they are in the sessions used last, so that most sessions
    /// need not be read.
    async fn events_of_agent(&mut self, keys: &Keys, limit: u32) -> Result<Events, MemoryError> {
        let (sessions, total): (Vec<(String, u64)>, Option<u64>) = redis::pipe()
            .zrevrange_withscores(keys.sessions(), 0, -1)
            .hget(keys.counters(), "total")
            .query_async(&mut self.connection)
            .await
            .map_err(|source| self.failed(source))?;
        let limit_of_all = limit as usize;
        let mut found: Vec<(u64, Event)> = Vec::new();
        for sessions in sessions.chunks(SESSIONS_AT_ONCE) {
            // Sessions that were used before the oldest event found have nothing newer.
            let is_complete = found.len() >= limit_of_all;
            let oldest = found.first().map(|(seq, _)| *seq);
            if is_complete && oldest.is_none_or(|oldest| oldest > sessions[0].1) {
                break;
            }
            let mut pipe = redis::pipe();
            for (session, _) in sessions {
                pipe.lrange(keys.session(session), newest(limit), -1);
            }
            let lists: Vec<Vec<String>> = pipe
                .query_async(&mut self.connection)
                .await
                .map_err(|source| self.failed(source))?;
            for entry in lists.iter().flatten() {
                found.push(self.parse(entry)?);
            }
            found.sort_by_key(|(seq, _)| *seq);
            found.drain(..found.len().saturating_sub(limit_of_all));
        }
        Ok(Events {
            events: found.into_iter().map(|(_, event)| event).collect(),
            total: total.unwrap_or_default(),
        })
    }

    fn parse(&self, entry: &str) -> Result<(u64, Event), MemoryError> {
        let understood = |reason: String| MemoryError::Understand {
            address: self.address.clone(),
            reason,
        };
        let (seq, event) = entry
            .split_once(' ')
            .ok_or_else(|| understood("it has no number".to_owned()))?;
        let seq = seq
            .parse()
            .map_err(|_| understood(format!("\"{seq}\" is no number")))?;
        let event = serde_json::from_str(event).map_err(|error| understood(error.to_string()))?;
        Ok((seq, event))
    }

    fn failed(&self, source: RedisError) -> MemoryError {
        MemoryError::Use {
            address: self.address.clone(),
            source,
        }
    }
}

/// The start of a range of the newest `limit` entries.
fn newest(limit: u32) -> isize {
    isize::try_from(limit).map_or(isize::MIN, |limit| -limit)
}
