//! HTTP/1.1 as a load generator speaks it: a connection that stays open, requests that are bytes already.
//!
//! A full client would cost as much as the server that is measured, on the same processors.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The longest head of an answer.
const MAX_HEAD: usize = 16 * 1024;

/// A request, ready to be sent again and again.
pub(crate) fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A connection that stays open between requests.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Where the answer's parts are in the buffer, for as long as the answer is the last one.
    answer: Answer,
    /// When the first byte of the last answer's body had come.
    body_began: Instant,
}

/// How long an answer took, from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Until the first byte of its body.
    pub(crate) first_byte: Duration,
    /// Until its end.
    pub(crate) end: Duration,
}

/// An answer, by its places in the connection's buffer.
#[derive(Clone, Copy, Default)]
struct Answer {
    head: usize,
    end: usize,
}

/// How long a body is.
enum Length {
    Known(usize),
    Chunked,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(addr)
            .await
            .with_context(|| format!("failed to connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4 * 1024),
            answer: Answer::default(),
            body_began: Instant::now(),
        })
    }

    /// Sends a request and reads the answer to its end; its status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.buffer.drain(..self.answer.end);
        self.answer = Answer::default();
        self.stream.write_all(request).await?;
        let head = self.read_head().await?;
        let text = String::from_utf8_lossy(&self.buffer[..head]).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.context("the answer has no status")?;
        let length = length(&text)?;
        if !matches!(length, Length::Known(0)) {
            self.read_until(head + 1).await?;
        }
        self.body_began = Instant::now();
        let end = match length {
            Length::Known(length) => {
                self.read_until(head + length).await?;
                head + length
            }
            Length::Chunked => self.read_chunks(head).await?,
        };
        self.answer = Answer { head, end };
        Ok(status)
    }

    /// The same for a request that succeeds; how long it took.
    pub(crate) async fn timed(&mut self, request: &[u8]) -> anyhow::Result<Times> {
        let sent = Instant::now();
        let status = self.exchange(request).await?;
        let end = sent.elapsed();
        ensure!(status == 200, "a question is answered with HTTP {status}");
        Ok(Times {
            first_byte: self.body_began.duration_since(sent),
            end,
        })
    }

    /// The value of a header of the last answer.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.buffer[..self.answer.head]).into_owned();
        value(&head, name).map(str::to_owned)
    }

    /// The body of the last answer, with the marks of chunks in it when it came in such.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.answer.head..self.answer.end]
    }

    /// Sends a request whose answer is JSON.
    pub(crate) async fn json(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let status = self.exchange(&request(method, path, &text)).await?;
        Ok((
            status,
            serde_json::from_slice(self.body()).unwrap_or_default(),
        ))
    }

    async fn read_head(&mut self) -> anyhow::Result<usize> {
        let mut looked_at: usize = 0;
        loop {
            let from = looked_at.saturating_sub(3);
            if let Some(at) = find(&self.buffer[from..], b"\r\n\r\n") {
                return Ok(from + at + 4);
            }
            looked_at = self.buffer.len();
            ensure!(looked_at < MAX_HEAD, "the answer's head has no end");
            self.read_more().await?;
        }
    }

    /// Where the last chunk ends.
    async fn read_chunks(&mut self, mut at: usize) -> anyhow::Result<usize> {
        loop {
            let line_end = loop {
                if let Some(found) = find(&self.buffer[at..], b"\r\n") {
                    break at + found;
                }
                self.read_more().await?;
            };
            let size = std::str::from_utf8(&self.buffer[at..line_end])?;
            let size = usize::from_str_radix(size, 16).context("a chunk has no size")?;
            at = line_end + 2 + size + 2;
            self.read_until(at).await?;
            if size == 0 {
                return Ok(at);
            }
        }
    }

    async fn read_until(&mut self, length: usize) -> anyhow::Result<()> {
        while self.buffer.len() < length {
            self.read_more().await?;
        }
        Ok(())
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection was closed in the middle of an answer");
        }
        Ok(())
    }
}

fn length(head: &str) -> anyhow::Result<Length> {
    if let Some(length) = value(head, "content-length") {
        return Ok(Length::Known(
            length.parse().context("a length is no number")?,
        ));
    }
    let chunked = value(head, "transfer-encoding").is_some_and(|coding| coding == "chunked");
    ensure!(chunked, "the answer does not say how long it is");
    Ok(Length::Chunked)
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn answers_of_known_length_and_in_chunks_follow_each_other_on_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let answers = "HTTP/1.1 200 OK\r\nX-Trace-Id: 7\r\ncontent-length: 2\r\n\r\n{}\
             HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answers.as_bytes()).await.unwrap();
            stream
        };
        let asking = async {
            let mut connection = Connection::open(addr).await.unwrap();
            let get = request("GET", "/", "");
            assert_eq!(connection.exchange(&get).await.unwrap(), 200);
            assert_eq!(connection.header("x-trace-id").as_deref(), Some("7"));
            assert_eq!(connection.body(), b"{}");
            assert_eq!(connection.exchange(&get).await.unwrap(), 404);
            assert_eq!(connection.body(), b"3\r\nabc\r\n0\r\n\r\n");
        };
        tokio::join!(serving, asking);
    }

    #[test]
    fn an_answer_that_does_not_say_how_long_it_is_is_refused() {
        assert!(length("HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
