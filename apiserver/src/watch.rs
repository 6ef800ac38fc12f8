//! Watches: the log of changes as a stream that follows it.
//!
//! A watcher holds nothing but its place in the log. It reads a batch when the client has taken the one
//! before, so a slow client costs no memory; one that falls behind what the log remembers is told that
//! its place expired, and lists again.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use crate::{
    ApiServer,
    kinds::Kind,
    params::Params,
    refusal::Refusal,
    representation::Representation,
    selector::Selector,
    store::{Change, Event, EventScope, Scan, Tx},
    write::in_version,
};

/// How long a watch lasts when the client does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(30);
/// How often a quiet watch tells the client where it is.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// Events read at once.
const BATCH: u32 = 100;

/// What is watched, and how it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) kind: Arc<Kind>,
    pub(crate) scope: EventScope,
    pub(crate) selector: Selector,
    pub(crate) representation: Representation,
}

/// Whether a watch sends bookmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bookmarks {
    Send,
    Omit,
}

/// Lines that are ready to be sent, and where the log goes on after them.
struct Batch {
    lines: String,
    next: Next,
}

enum Next {
    /// There may be more at once.
    More(i64),
    /// That was all for now.
    Wait(i64),
    /// The watch is over.
    End,
}

/// A watch under way.
struct Following {
    server: ApiServer,
    watch: Arc<Watch>,
    bookmarks: Bookmarks,
    changed: watch::Receiver<i64>,
    deadline: Instant,
    bookmark_at: Instant,
    version: i64,
    state: State,
}

enum State {
    /// Lines wait to be sent first.
    Ready(String),
    Reading,
    Waiting,
    Ended,
}

/// Begins a watch. What can be refused is refused before the stream begins.
pub(crate) async fn begin(
    server: &ApiServer,
    watch: Watch,
    params: &Params,
) -> Result<Body, Refusal> {
    let bookmarks = if params.wants_bookmarks() {
        Bookmarks::Send
    } else {
        Bookmarks::Omit
    };
    let timeout = params
        .timeout_seconds
        .filter(|seconds| *seconds > 0)
        .map_or(DEFAULT_TIMEOUT, |seconds| {
            Duration::from_secs(seconds).min(DEFAULT_TIMEOUT)
        });
    // Before the log is read, or a change in between would go unnoticed.
    let changed = server.inner.store.subscribe();
    let watch = Arc::new(watch);
    let (version, lines) = start(server, &watch, bookmarks, params).await?;
    let following = Following {
        server: server.clone(),
        watch,
        bookmarks,
        changed,
        deadline: Instant::now() + timeout,
        bookmark_at: Instant::now() + BOOKMARK_EVERY,
        version,
        state: State::Ready(lines),
    };
    Ok(Body::from_stream(follow(following)))
}

/// Where the watch begins, and what it says first.
async fn start(
    server: &ApiServer,
    watch: &Arc<Watch>,
    bookmarks: Bookmarks,
    params: &Params,
) -> Result<(i64, String), Refusal> {
    let sent = params.resource_version.as_deref().unwrap_or_default();
    let from: i64 = match sent {
        "" => 0,
        sent => sent
            .parse()
            .map_err(|_| Refusal::bad_request(format!("invalid resource version \"{sent}\"")))?,
    };
    let initial = params.wants_initial_events();
    let watch = watch.clone();
    let now = server.inner.clock.now();
    server
        .read(move |tx| {
            let latest = tx.latest()?;
            if initial == Some(true) || (initial.is_none() && from == 0) {
                let mut lines = String::new();
                tx.scan(&watch.scope, None, |object| {
                    if watch.selector.matches(&object) {
                        let object = in_version(&watch.kind, object);
                        let shown = watch.representation.one(&watch.kind, object, now);
                        push_line(&mut lines, Change::Added.as_str(), &shown);
                    }
                    Scan::GoOn
                })?;
                if initial == Some(true) && bookmarks == Bookmarks::Send {
                    let annotations = json!({"k8s.io/initial-events-end": "true"});
                    let bookmark = bookmark(&watch.kind, latest, Some(annotations));
                    push_line(&mut lines, "BOOKMARK", &bookmark);
                }
                return Ok((latest, lines));
            }
            if from == 0 {
                return Ok((latest, String::new()));
            }
            check_replayable(tx, from)?;
            Ok((from, String::new()))
        })
        .await
}

/// A version from another database's future is as useless as a forgotten one.
fn check_replayable(tx: &Tx<'_>, version: i64) -> Result<(), Refusal> {
    let oldest = tx.oldest_replayable()?;
    let latest = tx.latest()?;
    if version < oldest {
        return Err(Refusal::expired(format!(
            "too old resource version: {version} ({oldest})"
        )));
    }
    if version > latest {
        return Err(Refusal::expired(format!(
            "too large resource version: {version}, current: {latest}"
        )));
    }
    Ok(())
}

fn follow(following: Following) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold(following, |mut following| async move {
        loop {
            let lines = following.advance().await?;
            if !lines.is_empty() {
                return Some((Ok(Bytes::from(lines)), following));
            }
        }
    })
}

impl Following {
    /// The next lines, which may be none; `None` at the end.
    async fn advance(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.state, State::Reading) {
            State::Ready(lines) => Some(lines),
            State::Reading => Some(self.read().await),
            State::Waiting => Some(self.wait().await),
            State::Ended => None,
        }
    }

    async fn read(&mut self) -> String {
        self.changed.mark_unchanged();
        let (watch, after) = (self.watch.clone(), self.version);
        let now = self.server.inner.clock.now();
        let batch = self
            .server
            .read(move |tx| {
                check_replayable(tx, after)?;
                let latest = tx.latest()?;
                let events = tx.events(&watch.scope, after, BATCH)?;
                let full = events.len() == BATCH as usize;
                let last = events.last().map_or(after, |event| event.version);
                let mut lines = String::new();
                for event in events {
                    if let Some((word, object)) = seen(&watch, event) {
                        let shown = watch.representation.one(&watch.kind, object, now);
                        push_line(&mut lines, word, &shown);
                    }
                }
                let next = if full {
                    Next::More(last)
                } else {
                    Next::Wait(latest)
                };
                Ok(Batch { lines, next })
            })
            .await;
        let batch = batch.unwrap_or_else(|refusal| {
            let mut lines = String::new();
            push_line(&mut lines, "ERROR", &json!(refusal.status()));
            let next = Next::End;
            Batch { lines, next }
        });
        self.state = match batch.next {
            Next::More(version) => {
                self.version = version;
                State::Reading
            }
            Next::Wait(version) => {
                self.version = version;
                State::Waiting
            }
            Next::End => State::Ended,
        };
        batch.lines
    }

    async fn wait(&mut self) -> String {
        let shutdown = self.server.inner.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {
                self.state = State::Ended;
                self.bookmark()
            }
            () = tokio::time::sleep_until(self.deadline) => {
                self.state = State::Ended;
                self.bookmark()
            }
            () = tokio::time::sleep_until(self.bookmark_at) => {
                self.state = State::Waiting;
                self.bookmark_at = Instant::now() + BOOKMARK_EVERY;
                self.bookmark()
            }
            changed = self.changed.changed() => {
                self.state = if changed.is_ok() { State::Reading } else { State::Ended };
                String::new()
            }
        }
    }

    fn bookmark(&self) -> String {
        let mut lines = String::new();
        if self.bookmarks == Bookmarks::Send {
            push_line(
                &mut lines,
                "BOOKMARK",
                &bookmark(&self.watch.kind, self.version, None),
            );
        }
        lines
    }
}

/// What a watcher sees of an event: an object that begins or ceases to be selected appears or goes.
fn seen(watch: &Watch, event: Event) -> Option<(&'static str, Value)> {
    let Event {
        change,
        previous_labels,
        object,
        ..
    } = event;
    let is = watch.selector.matches(&object);
    let was = watch
        .selector
        .matches_with(previous_labels.as_ref(), &object);
    let change = match (change, was, is) {
        (Change::Added, _, true) | (Change::Modified, false, true) => Change::Added,
        (Change::Modified, true, true) => Change::Modified,
        (Change::Modified | Change::Deleted, true, _) => Change::Deleted,
        (Change::Added, _, false) | (Change::Modified | Change::Deleted, false, _) => return None,
    };
    Some((change.as_str(), in_version(&watch.kind, object)))
}

fn bookmark(kind: &Kind, version: i64, annotations: Option<Value>) -> Value {
    let mut metadata = json!({"resourceVersion": version.to_string(), "creationTimestamp": null});
    if let Some(annotations) = annotations {
        metadata["annotations"] = annotations;
    }
    json!({"apiVersion": kind.api_version(), "kind": kind.name, "metadata": metadata})
}

fn push_line(lines: &mut String, word: &str, object: &Value) {
    lines.push_str(&json!({"type": word, "object": object}).to_string());
    lines.push('\n');
}
