//! A streamed answer on its way to the client: passed on as it comes, with what it costs in its
//! last usage.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

use super::{
    GatewayError,
    answer::{self, Bill, Piece},
};

/// The longest line; no piece of an answer is so long.
const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;
/// What a line with usage has in it.
const USAGE: &[u8] = b"\"usage\"";
/// What the last event of an answer says.
const DONE: &[u8] = b"[DONE]";

/// The events of a provider, priced. When they break off, a last event says so in the words of
/// `broken`, because the status has long been sent.
pub(super) fn priced(
    pieces: impl Stream<Item = Result<Bytes, String>> + Send + 'static,
    bill: Bill,
    broken: impl Fn(String) -> GatewayError + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let events = Events {
        bill,
        line: BytesMut::new(),
    };
    // What came is told on, then what is left, then the end.
    let ends = stream::once(async { None });
    let pieces = pieces.map(Some).chain(ends);
    pieces
        .scan(Some(events), move |state, piece| {
            let told = state.take().map(|mut events| match piece {
                Some(Ok(piece)) => match events.pass(piece) {
                    Ok(passed) => {
                        // Who asked may not wait for more.
                        if passed.trim_ascii_end().ends_with(DONE) {
                            events.bill.span.answered();
                        }
                        *state = Some(events);
                        passed
                    }
                    Err(reason) => events.last(&broken(reason)),
                },
                Some(Err(reason)) => events.last(&broken(reason)),
                None => events.rest(),
            });
            futures::future::ready(told)
        })
        .filter(|piece| futures::future::ready(!piece.is_empty()))
        .map(Ok)
}

/// The events so far.
struct Events {
    bill: Bill,
    /// The beginning of a line whose end has not come.
    line: BytesMut,
}

impl Events {
    /// What of `piece`, and of what was held back before, can be passed on: all whole lines.
    fn pass(&mut self, piece: Bytes) -> Result<Bytes, String> {
        self.bill.count_piece();
        if self.line.is_empty() && piece.ends_with(b"\n") && !contains(&piece, USAGE) {
            return Ok(piece);
        }
        self.line.extend_from_slice(&piece);
        let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') else {
            if self.line.len() > MAX_LINE_BYTES {
                return Err(format!("a line is longer than {MAX_LINE_BYTES} bytes"));
            }
            return Ok(Bytes::new());
        };
        let whole = self.line.split_to(end + 1).freeze();
        if !contains(&whole, USAGE) {
            return Ok(whole);
        }
        let mut passed = Vec::with_capacity(whole.len() + 64);
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            self.pass_line(line, &mut passed);
        }
        Ok(Bytes::from(passed))
    }

    fn pass_line(&mut self, line: &[u8], passed: &mut Vec<u8>) {
        let data = line
            .strip_prefix(b"data:")
            .filter(|data| contains(data, USAGE));
        match data.map(|data| answer::priced_piece(data.trim_ascii(), &mut self.bill)) {
            None | Some(Piece::Unchanged) => passed.extend_from_slice(line),
            Some(Piece::Changed(json)) => {
                passed.extend_from_slice(b"data: ");
                passed.extend_from_slice(&json);
                passed.push(b'\n');
            }
            Some(Piece::Unwanted) => {}
        }
    }

    /// The event that tells of an error.
    fn last(&self, error: &GatewayError) -> Bytes {
        self.bill.span.failed(error);
        let body = serde_json::to_string(&error.body()).unwrap_or_default();
        Bytes::from(format!("\n\ndata: {body}\n\n"))
    }

    /// What is left when the stream has ended.
    fn rest(mut self) -> Bytes {
        self.bill.span.answered();
        let line = std::mem::take(&mut self.line);
        let mut passed = Vec::new();
        if !line.is_empty() {
            self.pass_line(&line, &mut passed);
        }
        Bytes::from(passed)
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
