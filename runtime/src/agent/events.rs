//! What a run tells whoever listens: its words, and typed events of what it is doing.
//!
//! Two may listen: the client that waits for the answer, whom nothing may escape, and whoever
//! follows the run's log.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use api::{
    clock::Clock,
    run::{RunEvent, RunEventKind},
};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use crate::runs::{Followed, Log};

/// Updates that wait for a slow client before the run itself waits.
pub(super) const CAPACITY: usize = 256;

/// One thing a client hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Update {
    /// More words of the answer.
    Text(String),
    /// What the run is doing.
    Event(RunEvent),
}

/// The client of a detached run read so slowly that the log has lost what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client fell behind its run; what is left can be read from the run's events")]
pub(super) struct FellBehind;

/// Who hears the words as they come.
#[derive(Clone)]
pub(super) enum Hearing {
    /// The client. The run waits for it when it is slow.
    Client(mpsc::Sender<Update>),
    /// Whoever follows the log, now or later.
    Followers,
    /// Whoever follows the log, if somebody does by then; words may come all at once.
    FollowersIfAny,
}

/// The telling end; cheap to clone.
#[derive(Clone)]
pub(super) struct Events {
    agent: Arc<str>,
    hearing: Hearing,
    /// `None` in a delegated run, whose events are in the log of the run that delegated.
    log: Option<Arc<Log>>,
    /// Numbers the events where no log does.
    seq: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

impl Events {
    /// The telling end of a run of `agent`.
    pub(super) fn new(
        agent: &str,
        hearing: Hearing,
        log: Option<Arc<Log>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            agent: agent.into(),
            hearing,
            log,
            seq: Arc::default(),
            clock,
        }
    }

    /// Whether words and the doings of sub-agents are to be told as they come.
    pub(super) fn are_heard(&self) -> bool {
        match &self.hearing {
            Hearing::Client(_) | Hearing::Followers => true,
            Hearing::FollowersIfAny => self.log.as_ref().is_some_and(|log| log.is_followed()),
        }
    }

    /// Whether there is anybody to tell anything, now or later.
    fn is_told(&self) -> bool {
        self.log.is_some() || matches!(self.hearing, Hearing::Client(_))
    }

    /// Tells what this agent does.
    pub(super) async fn emit(&self, kind: RunEventKind) {
        if !self.is_told() {
            return;
        }
        let event = RunEvent {
            seq: 0,
            at_ms: self.now_ms(),
            agent: self.agent.to_string(),
            path: Vec::new(),
            kind,
        };
        self.tell(event).await;
    }

    /// Tells more words of this agent's answer.
    pub(super) async fn text(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(log) = &self.log {
            log.push(RunEvent {
                seq: 0,
                at_ms: self.now_ms(),
                agent: self.agent.to_string(),
                path: Vec::new(),
                kind: RunEventKind::MessageDelta {
                    text: text.to_owned(),
                },
            });
        }
        if let Hearing::Client(client) = &self.hearing {
            // A client that has gone cancels the run by itself.
            client.send(Update::Text(text.to_owned())).await.ok();
        }
    }

    /// Passes on what a sub-agent told, as seen from here: below the delegation's span.
    pub(super) async fn forward(&self, delegation: &str, mut event: RunEvent) {
        event.path.insert(0, delegation.to_owned());
        if event.at_ms == 0 {
            event.at_ms = self.now_ms();
        }
        self.tell(event).await;
    }

    /// Numbers the event and tells it.
    async fn tell(&self, mut event: RunEvent) {
        let Hearing::Client(client) = &self.hearing else {
            if let Some(log) = &self.log {
                log.push(event);
            }
            return;
        };
        event.seq = match &self.log {
            Some(log) => log.push(event.clone()),
            None => self.seq.fetch_add(1, Ordering::Relaxed) + 1,
        };
        client.send(Update::Event(event)).await.ok();
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0)
    }
}

/// What the client of a detached run hears: the log, in which the run never waits for it.
pub(super) fn from_log(log: &Arc<Log>) -> impl Stream<Item = Result<Update, FellBehind>> + use<> {
    Arc::clone(log).follow(0).map(|followed| match followed {
        Followed::Event(RunEvent {
            path,
            kind: RunEventKind::MessageDelta { text },
            ..
        }) if path.is_empty() => Ok(Update::Text(text)),
        Followed::Event(event) => Ok(Update::Event(event)),
        Followed::Gap(_) => Err(FellBehind),
    })
}
