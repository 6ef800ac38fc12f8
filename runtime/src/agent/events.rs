//! What a run tells whoever listens: its words, and typed events of what it is doing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use api::run::{RunEvent, RunEventKind};
use tokio::sync::mpsc;

/// Updates that wait for a slow reader before the run itself waits.
const CAPACITY: usize = 256;

/// One thing a listener hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Update {
    /// More words of the answer.
    Text(String),
    /// What the run is doing.
    Event(RunEvent),
}

/// The telling end. Cheap to clone; without a listener it costs nothing.
#[derive(Clone)]
pub(super) struct Events {
    agent: Arc<str>,
    sender: Option<mpsc::Sender<Update>>,
    seq: Arc<AtomicU64>,
}

impl Events {
    /// Events nobody listens to.
    pub(super) fn unheard(agent: &str) -> Self {
        Self {
            agent: agent.into(),
            sender: None,
            seq: Arc::default(),
        }
    }

    /// Events and the end that hears them.
    pub(super) fn heard(agent: &str) -> (Self, mpsc::Receiver<Update>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (
            Self {
                agent: agent.into(),
                sender: Some(sender),
                seq: Arc::default(),
            },
            receiver,
        )
    }

    /// Whether somebody listens.
    pub(super) fn are_heard(&self) -> bool {
        self.sender.is_some()
    }

    /// Tells what this agent does.
    pub(super) async fn emit(&self, kind: RunEventKind) {
        self.send_event(self.agent.to_string(), Vec::new(), kind)
            .await;
    }

    /// Tells more words of this agent's answer.
    pub(super) async fn text(&self, text: &str) {
        if let Some(sender) = &self.sender {
            // A listener that has gone cancels the run by itself.
            sender.send(Update::Text(text.to_owned())).await.ok();
        }
    }

    /// Passes on what a sub-agent told, as seen from here: below the delegation's span.
    pub(super) async fn forward(&self, delegation: &str, event: RunEvent) {
        let mut path = vec![delegation.to_owned()];
        path.extend(event.path);
        self.send_event(event.agent, path, event.kind).await;
    }

    async fn send_event(&self, agent: String, path: Vec<String>, kind: RunEventKind) {
        if let Some(sender) = &self.sender {
            let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
            sender
                .send(Update::Event(RunEvent {
                    seq,
                    agent,
                    path,
                    kind,
                }))
                .await
                .ok();
        }
    }
}
