//! The messages on a process's standard output: one JSON object per line.
//!
//! Many programs also print to where they should only answer, and some answer without end. What is no
//! message is left out and heard elsewhere; of a message that is too long only the id is kept, so
//! that its caller is told and nobody else is harmed.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::stream;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::io::StreamReader;

use super::MAX_MESSAGE;

/// Bytes kept of both ends of a message that is too long; the id is in one of them.
const ENDS: usize = 256;
/// JSON-RPC's code of an error inside the server.
const INTERNAL_ERROR: i32 = -32603;

/// The messages of `stdout`. `heard` gets each line that is none, shortened.
pub(super) fn messages(
    stdout: impl AsyncRead + Send + Unpin + 'static,
    heard: impl Fn(&[u8]) + Send + 'static,
) -> impl AsyncRead + Send + Unpin {
    let lines = Lines {
        reader: BufReader::new(stdout),
        heard,
    };
    let messages = stream::unfold(lines, async |mut lines| {
        let message = lines.next_message().await?;
        Some((message, lines))
    });
    StreamReader::new(Box::pin(messages))
}

struct Lines<R, H> {
    reader: BufReader<R>,
    heard: H,
}

/// One line, as far as it was kept.
enum Line {
    Whole(BytesMut),
    TooLong { start: BytesMut, end: BytesMut },
}

impl<R: AsyncRead + Unpin, H: Fn(&[u8])> Lines<R, H> {
    async fn next_message(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match self.next_line().await {
                Ok(Some(Line::Whole(line))) if is_message(&line) => {
                    return Some(Ok(line.freeze()));
                }
                Ok(Some(Line::Whole(line))) => (self.heard)(&line[..line.len().min(ENDS)]),
                Ok(Some(Line::TooLong { start, end })) => match id_of(&start, &end) {
                    Some(id) => return Some(Ok(too_long(id))),
                    None => (self.heard)(&start),
                },
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn next_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = BytesMut::new();
        // The last bytes of a line that became too long.
        let mut end: Option<BytesMut> = None;
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            let newline = available.iter().position(|byte| *byte == b'\n');
            let taken = &available[..newline.map_or(available.len(), |at| at + 1)];
            match &mut end {
                Some(end) => {
                    end.extend_from_slice(taken);
                    if end.len() > ENDS {
                        *end = end.split_off(end.len() - ENDS);
                    }
                }
                None if line.len() + taken.len() > MAX_MESSAGE => {
                    line.truncate(ENDS);
                    end = Some(taken[taken.len().saturating_sub(ENDS)..].into());
                }
                None => line.extend_from_slice(taken),
            }
            let n_taken = taken.len();
            self.reader.consume(n_taken);
            if newline.is_some() {
                return Ok(Some(match end {
                    Some(end) => Line::TooLong { start: line, end },
                    None => Line::Whole(line),
                }));
            }
        }
    }
}

fn is_message(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// The id of a response of which only the ends are known: before its result, or after it.
fn id_of(start: &[u8], end: &[u8]) -> Option<u64> {
    let (start, end) = (String::from_utf8_lossy(start), String::from_utf8_lossy(end));
    let before_result = start.split("\"result\"").next()?;
    let first = before_result.find("\"id\"").map(|at| &start[at..]);
    let last = end.rfind("\"id\"").map(|at| &end[at..]);
    first.and_then(id).or_else(|| last.and_then(id))
}

/// The number in `"id": 7, …`.
fn id(text: &str) -> Option<u64> {
    let number = text.strip_prefix("\"id\"")?.trim_start();
    let number = number.strip_prefix(':')?.trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit())?;
    number[..end].parse().ok()
}

fn too_long(id: u64) -> Bytes {
    let megabytes = MAX_MESSAGE / 1024 / 1024;
    let message = format!("the answer is larger than {megabytes} MiB; ask for less");
    let error = json!({"code": INTERNAL_ERROR, "message": message});
    format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "error": error})).into()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::AsyncReadExt;

    use super::*;

    async fn read(input: Vec<u8>) -> (String, Vec<String>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let noise = Arc::clone(&heard);
        let input = io::Cursor::new(input);
        let mut messages = messages(input, move |line| {
            let line = String::from_utf8_lossy(line).trim_end().to_owned();
            noise.lock().unwrap().push(line);
        });
        let mut text = String::new();
        messages.read_to_string(&mut text).await.unwrap();
        let heard = heard.lock().unwrap().clone();
        (text, heard)
    }

    #[tokio::test]
    async fn what_is_no_message_is_heard_elsewhere() {
        let input = b"Server started!\n{\"id\":1}\n\n  [1]\nbye\n{\"cut\":".to_vec();
        let (messages, heard) = read(input).await;
        assert_eq!(messages, "{\"id\":1}\n  [1]\n");
        assert_eq!(heard, ["Server started!", "", "bye"]);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_becomes_an_error_of_its_call() {
        let long = "x".repeat(MAX_MESSAGE);
        for answer in [
            format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"id":1,"text":"{long}"}}}}"#),
            format!(r#"{{"result":{{"id":1,"text":"{long}"}}, "jsonrpc":"2.0", "id": 7 }}"#),
        ] {
            let (messages, _) = read(format!("{answer}\n{{\"id\":8}}\n").into_bytes()).await;
            let (error, next) = messages.split_once('\n').unwrap();
            let error: serde_json::Value = serde_json::from_str(error).unwrap();
            assert_eq!(error["id"], 7);
            assert!(
                error["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("larger than 8 MiB"),
                "{error}"
            );
            assert_eq!(next, "{\"id\":8}\n");
        }
    }
}
