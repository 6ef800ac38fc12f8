//! Log lines on standard output, written by a thread of their own.
//!
//! Whoever reads them may stop reading, as a pager does; no request waits for that. What does not fit the
//! queue until then is dropped and counted.

use std::io::{self, BufWriter};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines wait at most.
const MAX_LINES: usize = 16_384;
/// Lines that wait together are written together.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where log lines go.
pub(crate) type Output = NonBlocking;

/// Until it is dropped, lines are written; then those that wait, and how many are missing.
pub(crate) struct Writing {
    lost: ErrorCounter,
    _worker: WorkerGuard,
}

/// Starts to write to standard output.
pub(crate) fn start() -> (Output, Writing) {
    let (output, worker) = NonBlockingBuilder::default()
        .thread_name("stdout")
        .buffered_lines_limit(MAX_LINES)
        .lossy(true)
        .finish(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()));
    let writing = Writing {
        lost: output.error_counter(),
        _worker: worker,
    };
    (output, writing)
}

impl Drop for Writing {
    #[expect(
        clippy::print_stderr,
        reason = "standard output is what could not be written to"
    )]
    fn drop(&mut self) {
        let lost = self.lost.dropped_lines();
        if lost > 0 {
            eprintln!("kaos: {lost} log lines are missing: nobody read them from standard output");
        }
    }
}
