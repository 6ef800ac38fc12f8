//! What a process says besides answering: each line a log, in the trace of the caller it was said for.
//!
//! A process may say more than anyone reads. What is beyond a budget is counted and left out.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use api::plan::Secret;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use super::callers::Callers;

/// The longest line kept in one piece.
const MAX_LINE: u64 = 4096;
/// Bytes that may be said at once, and again after they were earned.
const BURST: usize = 256 * 1024;
/// Bytes earned per millisecond.
const PER_MILLISECOND: usize = 16;
/// How long to wait, after an answer, for what was said before it.
const SETTLE: Duration = Duration::from_millis(100);
/// Stands around the `traceparent` of the call that a line was said in; see `python_string/serve.py`.
const MARK: char = '\u{1f}';

/// The words of one process. Clones hear the same.
#[derive(Clone)]
pub(super) struct Words(Arc<Inner>);

struct Inner {
    server: String,
    /// What the process was given and must not repeat in a status or a log.
    secrets: Vec<Secret>,
    callers: Callers,
    said: Mutex<Said>,
    /// Asks whether everything said so far was heard.
    settle: mpsc::Sender<oneshot::Sender<()>>,
}

struct Said {
    /// The last line; it often says why a process ended.
    last: String,
    budget: Budget,
}

struct Budget {
    left: usize,
    /// Up to when it was earned.
    since: Instant,
    left_out: usize,
}

/// Where to hear them, and those who wait until they were heard.
pub(super) struct Listener {
    words: Words,
    settling: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Words {
    /// Nothing was said yet.
    pub(super) fn new(server: String, secrets: Vec<Secret>, callers: Callers) -> (Self, Listener) {
        let (settle, settling) = mpsc::channel(64);
        let words = Self(Arc::new(Inner {
            server,
            secrets,
            callers,
            said: Mutex::new(Said {
                last: String::new(),
                budget: Budget {
                    left: BURST,
                    since: Instant::now(),
                    left_out: 0,
                },
            }),
            settle,
        }));
        let listener = Listener {
            words: words.clone(),
            settling,
        };
        (words, listener)
    }

    /// For a second stream of the same process, on which nobody waits.
    pub(super) fn another_listener(&self) -> Listener {
        Listener {
            words: self.clone(),
            settling: mpsc::channel(1).1,
        }
    }

    /// The last line; empty when nothing was said.
    pub(super) fn last(&self) -> String {
        let said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.last.clone()
    }

    /// `text` without what the process was given in confidence.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let hide = |text: String, secret: &Secret| secret.hide_in(&text);
        self.0.secrets.iter().fold(text.to_owned(), hide)
    }

    /// Takes note of a line, and logs it.
    pub(super) fn hear(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let (traceparent, text) = marked(text.trim_end());
        if text.is_empty() {
            return;
        }
        let text = self.without_secrets(text);
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.last.clone_from(&text);
        let allowed = said.budget.allows(line.len());
        drop(said);
        if let Some(left_out) = allowed {
            let context = self.0.callers.context(traceparent);
            let _attached = context.map(opentelemetry::Context::attach);
            let server = &self.0.server;
            if left_out > 0 {
                tracing::warn!(
                    mcp.server = server,
                    "{left_out} bytes of its output were left out"
                );
            }
            tracing::info!(mcp.server = server, "{text}");
        }
    }

    /// Waits until what was said before an answer was heard, so that it is logged while its caller's
    /// span is open.
    pub(super) async fn settle(&self) {
        let (done, heard) = oneshot::channel();
        if self.0.settle.try_send(done).is_ok() {
            // A process that never stops talking is not waited for.
            timeout(SETTLE, heard).await.ok();
        }
    }
}

impl Listener {
    /// Hears a process until it falls silent for ever.
    pub(super) async fn listen(self, stream: impl AsyncRead + Unpin) {
        let Self {
            words,
            mut settling,
        } = self;
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            let room = MAX_LINE.saturating_sub(u64::try_from(line.len()).unwrap_or(MAX_LINE));
            let mut bounded = (&mut reader).take(room);
            tokio::select! {
                biased;
                read = bounded.read_until(b'\n', &mut line) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {
                        words.hear(&line);
                        line.clear();
                    }
                },
                // Only when there is nothing to read.
                Some(done) = settling.recv() => {
                    // Who asked may have given up.
                    done.send(()).ok();
                }
            }
        }
        words.hear(&line);
    }
}

impl Budget {
    /// Whether so many bytes may be said; with it, how many were left out before.
    fn allows(&mut self, bytes: usize) -> Option<usize> {
        let milliseconds = self.since.elapsed().as_millis();
        if milliseconds > 0 {
            let earned = usize::try_from(milliseconds)
                .unwrap_or(usize::MAX)
                .saturating_mul(PER_MILLISECOND);
            self.since = Instant::now();
            self.left = self.left.saturating_add(earned).min(BURST);
        }
        let Some(left) = self.left.checked_sub(bytes) else {
            self.left_out += bytes;
            return None;
        };
        self.left = left;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// The `traceparent` that a line is marked with, and the line without it.
fn marked(line: &str) -> (Option<&str>, &str) {
    let rest = line
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once(MARK));
    match rest {
        Some((traceparent, text)) => (Some(traceparent), text),
        None => (None, line),
    }
}
