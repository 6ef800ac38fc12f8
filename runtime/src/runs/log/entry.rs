//! One kept event. Words of one agent in a row are joined, because a model says them one by one and
//! each alone would cost many times its length.

use std::{io, mem::size_of};

use api::run::{RunEvent, RunEventKind};
use serde_json::Value;

/// Words joined in one entry, in bytes: a long answer can lose its beginning without losing all.
const MAX_JOINED: usize = 2 * 1024;

/// An event, or words in a row.
pub(super) struct Entry {
    /// With the number of the last of the joined events.
    event: RunEvent,
    /// Where in the joined words each of them ends; empty for other events.
    ends: Vec<usize>,
    bytes: usize,
}

impl Entry {
    pub(super) fn new(event: RunEvent) -> Self {
        let mut ends = Vec::new();
        if let RunEventKind::MessageDelta { text } = &event.kind {
            ends.push(text.len());
        }
        let bytes = size_of::<Self>() + held_bytes(&event);
        Self { event, ends, bytes }
    }

    /// Takes in more words of the same agent; how many bytes it grew by.
    pub(super) fn join(&mut self, next: &RunEvent) -> Option<usize> {
        let RunEventKind::MessageDelta { text: more } = &next.kind else {
            return None;
        };
        let RunEvent {
            seq,
            at_ms: _,
            agent: speaker,
            path: place,
            kind: RunEventKind::MessageDelta { text },
        } = &mut self.event
        else {
            return None;
        };
        if *speaker != next.agent || *place != next.path || text.len() > MAX_JOINED {
            return None;
        }
        *seq += 1;
        text.push_str(more);
        self.ends.push(text.len());
        let grown = more.len() + size_of::<usize>();
        self.bytes += grown;
        Some(grown)
    }

    /// The event; words in a row are one.
    pub(super) fn event(&self) -> &RunEvent {
        &self.event
    }

    /// The number of the first of its events.
    pub(super) fn first_seq(&self) -> u64 {
        self.event.seq + 1 - self.ends.len().max(1) as u64
    }

    /// The number of the last.
    pub(super) fn seq(&self) -> u64 {
        self.event.seq
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What of it comes after the event `after`, as one event.
    pub(super) fn after(&self, after: u64) -> RunEvent {
        let mut event = self.event.clone();
        if let RunEventKind::MessageDelta { text } = &mut event.kind {
            let n_read = (after + 1).saturating_sub(self.first_seq());
            let last_read = usize::try_from(n_read)
                .ok()
                .and_then(|n_read| n_read.checked_sub(1));
            let start = last_read.and_then(|last| self.ends.get(last));
            text.drain(..start.copied().unwrap_or_default());
        }
        event
    }
}

/// How many bytes the event holds, about: what is long in it, and some for the rest.
fn held_bytes(event: &RunEvent) -> usize {
    /// Ids, names and numbers.
    const REST: usize = 256;
    let path: usize = event.path.iter().map(String::len).sum();
    let long = match &event.kind {
        RunEventKind::ToolStarted { arguments, .. } => written_bytes(arguments),
        RunEventKind::MessageDelta { text }
        | RunEventKind::DelegateStarted { task: text, .. }
        | RunEventKind::DelegateFinished { answer: text, .. }
        | RunEventKind::DelegateFailed { error: text, .. }
        | RunEventKind::ToolFinished { result: text, .. }
        | RunEventKind::ToolFailed { error: text, .. }
        | RunEventKind::ModelRetrying { error: text, .. }
        | RunEventKind::ModelFallback { error: text, .. }
        | RunEventKind::ModelFailed { error: text, .. }
        | RunEventKind::RunError { message: text, .. } => text.len(),
        RunEventKind::RunStarted { .. }
        | RunEventKind::StepStarted { .. }
        | RunEventKind::ModelStarted { .. }
        | RunEventKind::ModelFinished { .. }
        | RunEventKind::RunFinished { .. } => 0,
    };
    REST + path + long
}

/// How long a value is when it is written down.
fn written_bytes(value: &Value) -> usize {
    struct Counted(usize);

    impl io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counted = Counted(0);
    // Counting cannot fail.
    serde_json::to_writer(&mut counted, value).ok();
    counted.0
}
