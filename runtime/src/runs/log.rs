//! The events of one run, numbered, bounded, and followed by as many readers as there are.
//!
//! Readers share this one log and each only knows how far it has read, so that a slow reader costs
//! nothing: what it missed is joined, and what it missed for too long is a gap that it is told of.

mod entry;

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::run::{Doing, Gap, RunEvent};
use futures::{Stream, stream};
use tokio::sync::watch;

use entry::Entry;

/// Entries kept; words in a row are one.
const MAX_ENTRIES: usize = 2_048;
/// Bytes kept, about.
const MAX_BYTES: usize = 512 * 1024;
/// Entries read at once.
const BATCH: usize = 32;

/// The events of a run.
pub(crate) struct Log {
    kept: Mutex<Kept>,
    /// Told after every change.
    changed: watch::Sender<()>,
}

struct Kept {
    entries: VecDeque<Entry>,
    last_seq: u64,
    bytes: usize,
    is_closed: bool,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Followed {
    /// The next event.
    Event(RunEvent),
    /// Events between the last one and the next are gone.
    Gap(Gap),
}

/// What there is after some event.
enum Read {
    Some(VecDeque<Followed>),
    NothingYet,
    End,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            kept: Mutex::new(Kept {
                entries: VecDeque::new(),
                last_seq: 0,
                bytes: 0,
                is_closed: false,
            }),
            changed: watch::Sender::new(()),
        }
    }
}

impl Log {
    /// Adds an event and says the number it is given.
    pub(crate) fn push(&self, event: RunEvent) -> u64 {
        let seq = self.kept().push(event);
        self.tell();
        seq
    }

    /// Whether somebody reads along.
    pub(crate) fn is_followed(&self) -> bool {
        self.changed.receiver_count() > 0
    }

    /// The number of the newest event.
    pub(crate) fn last_seq(&self) -> u64 {
        self.kept().last_seq
    }

    /// The newest thing that has begun and not ended.
    pub(crate) fn doing(&self) -> Option<Doing> {
        let kept = self.kept();
        if kept.is_closed {
            return None;
        }
        let mut ended = HashSet::new();
        for event in kept.entries.iter().rev().map(Entry::event) {
            ended.extend(event.kind.ends());
            if let Some((span, what)) = event.kind.begins()
                && !ended.contains(span)
            {
                return Some(Doing {
                    agent: event.agent.clone(),
                    what: what.to_owned(),
                });
            }
        }
        None
    }

    /// Whether nothing follows the event of this number.
    pub(crate) fn ends_at(&self, seq: u64) -> bool {
        let kept = self.kept();
        kept.is_closed && seq >= kept.last_seq
    }

    /// Bytes kept, about.
    pub(super) fn bytes(&self) -> usize {
        self.kept().bytes
    }

    /// Nothing follows any more.
    pub(super) fn close(&self) {
        let mut kept = self.kept();
        kept.is_closed = true;
        kept.entries.shrink_to_fit();
        drop(kept);
        self.tell();
    }

    /// Everything after the event `after`, until the run ends.
    pub(crate) fn follow(self: Arc<Self>, after: u64) -> impl Stream<Item = Followed> + Send {
        let reader = Reader {
            changed: self.changed.subscribe(),
            log: self,
            after,
            read: VecDeque::new(),
        };
        stream::unfold(reader, |mut reader| async {
            reader.next().await.map(|followed| (followed, reader))
        })
    }

    fn tell(&self) {
        // Without a reader there is nobody to wake.
        if self.is_followed() {
            self.changed.send_replace(());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, event: RunEvent) -> u64 {
        self.last_seq += 1;
        let seq = self.last_seq;
        let last = self.entries.back_mut();
        if let Some(grown) = last.and_then(|last| last.join(&event)) {
            self.bytes += grown;
        } else {
            let entry = Entry::new(RunEvent { seq, ..event });
            self.bytes += entry.bytes();
            self.entries.push_back(entry);
        }
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let oldest = self.entries.pop_front();
            self.bytes -= oldest.map_or(self.bytes, |oldest| oldest.bytes());
        }
        seq
    }

    fn read(&self, after: u64) -> Read {
        if after >= self.last_seq {
            return if self.is_closed {
                Read::End
            } else {
                Read::NothingYet
            };
        }
        let next = self
            .entries
            .front()
            .map_or(self.last_seq + 1, Entry::first_seq);
        let gap = (after + 1 < next).then_some(Followed::Gap(Gap { after, next }));
        let start = self.entries.partition_point(|entry| entry.seq() <= after);
        let events = self.entries.range(start..).take(BATCH);
        let events = events.map(|entry| Followed::Event(entry.after(after)));
        Read::Some(gap.into_iter().chain(events).collect())
    }
}

/// One reader, and how far it has read.
struct Reader {
    log: Arc<Log>,
    changed: watch::Receiver<()>,
    after: u64,
    read: VecDeque<Followed>,
}

impl Reader {
    async fn next(&mut self) -> Option<Followed> {
        loop {
            if let Some(followed) = self.read.pop_front() {
                self.after = match &followed {
                    Followed::Event(event) => event.seq,
                    Followed::Gap(gap) => gap.next - 1,
                };
                return Some(followed);
            }
            // Seen before it is read, so that no change in between is missed.
            self.changed.mark_unchanged();
            let read = self.log.kept().read(self.after);
            match read {
                Read::Some(read) => self.read = read,
                Read::NothingYet => self.changed.changed().await.ok()?,
                Read::End => return None,
            }
        }
    }
}
