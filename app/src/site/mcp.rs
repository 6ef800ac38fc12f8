//! A client of MCP servers, just large enough to list tools and call one.
//!
//! It goes through the program's own router, as everybody else does; sessions begin and end with each
//! use, so none is ever lost.

mod message;

use std::time::{Duration, Instant};

use axum::{Router, body::Body};
use futures::StreamExt;
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{rows::Id, url::Encoded};
use message::Messages;

/// The newest version this client knows.
const PROTOCOL: &str = "2025-06-18";
const SESSION: &str = "mcp-session-id";
/// More than a page ever shows.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
/// Pages of a list of tools that are read.
const MOST_PAGES: i64 = 20;

/// The server did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It answered with an HTTP error.
    #[error("the server answered with HTTP {status}: {message}")]
    Answer { status: StatusCode, message: String },
    /// It answered with a JSON-RPC error.
    #[error("the server answered with error {code}: {message}")]
    Rpc { code: i64, message: String },
    /// Its answer cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Read(String),
    /// It did not answer in time.
    #[error("the server did not answer within {} s", .0.as_secs())]
    AwaitAnswer(Duration),
}

/// A tool as its server describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema: Value,
    pub(crate) annotations: Value,
}

impl Tool {
    fn of(tool: &Value) -> Option<Self> {
        Some(Self {
            name: tool["name"].as_str()?.to_owned(),
            description: tool["description"].as_str().unwrap_or_default().to_owned(),
            schema: tool["inputSchema"].clone(),
            annotations: tool["annotations"].clone(),
        })
    }

    /// Whether it says of itself that it destroys something.
    pub(crate) fn is_destructive(&self) -> bool {
        api::replay::is_destructive(&self.annotations)
    }
}

/// A call as it was sent, and what came back.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Value,
    /// The `result` of the answer.
    pub(crate) result: Result<Value, String>,
    pub(crate) is_timeout: bool,
    pub(crate) took: Duration,
}

/// An MCP server behind the program's own router.
#[derive(Clone, Copy)]
pub(crate) struct McpServer<'a> {
    pub(crate) router: &'a Router,
    pub(crate) id: &'a Id,
}

impl McpServer<'_> {
    /// All its tools.
    pub(crate) async fn tools(self, within: Duration) -> Result<Vec<Tool>, Error> {
        let listed = async {
            let session = self.begin().await?;
            let tools = self.list(&session).await;
            self.end(&session).await;
            tools
        };
        in_time(within, listed).await?
    }

    /// Calls a tool. That the tool failed is an answer; that there was none, an error.
    pub(crate) async fn call(self, tool: &str, arguments: &Value, within: Duration) -> Exchange {
        let params = json!({"name": tool, "arguments": arguments});
        let request = json!({
            "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params
        });
        let begun = Instant::now();
        let called = async {
            let session = self.begin().await?;
            let result = self.ask(&session, 2, "tools/call", params.clone()).await;
            self.end(&session).await;
            result
        };
        let result = match in_time(within, called).await {
            Ok(result) => result,
            Err(error) => Err(error),
        };
        Exchange {
            request,
            is_timeout: matches!(result, Err(Error::AwaitAnswer(_))),
            result: result.map_err(|error| error.to_string()),
            took: begun.elapsed(),
        }
    }

    async fn list(self, session: &Session) -> Result<Vec<Tool>, Error> {
        let mut tools = Vec::new();
        let mut params = json!({});
        for page in 2..2 + MOST_PAGES {
            let result = self.ask(session, page, "tools/list", params).await?;
            let listed = result["tools"].as_array().into_iter().flatten();
            tools.extend(listed.filter_map(Tool::of));
            match result["nextCursor"].as_str() {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => break,
            }
        }
        Ok(tools)
    }

    /// Introduces itself, as the protocol wants before anything else.
    async fn begin(self) -> Result<Session, Error> {
        let params = json!({
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "kaos-dashboard", "version": env!("CARGO_PKG_VERSION")}
        });
        let mut session = Session::default();
        let (result, headers) = self.exchange(&session, 1, "initialize", params).await?;
        session.version = result["protocolVersion"].as_str().map(str::to_owned);
        let id = headers.get(SESSION).and_then(|id| id.to_str().ok());
        session.id = id.map(str::to_owned);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.send(Method::POST, &session, &ready).await?;
        Ok(session)
    }

    /// Servers that keep sessions are told that this one is over; that one does not care, is fine.
    async fn end(self, session: &Session) {
        if session.id.is_some() {
            self.send(Method::DELETE, session, &Value::Null).await.ok();
        }
    }

    async fn ask(
        self,
        session: &Session,
        id: i64,
        method: &str,
        params: Value,
    ) -> Result<Value, Error> {
        let (result, _) = self.exchange(session, id, method, params).await?;
        Ok(result)
    }

    async fn exchange(
        self,
        session: &Session,
        id: i64,
        method: &str,
        params: Value,
    ) -> Result<(Value, HeaderMap), Error> {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let response = self.send(Method::POST, session, &request).await?;
        let (head, body) = response.into_parts();
        if !head.status.is_success() {
            let bytes = axum::body::to_bytes(body, LONGEST_ANSWER).await;
            let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            return Err(Error::Answer {
                status: head.status,
                message: text.unwrap_or_else(|error| error.to_string()),
            });
        }
        let answer = answer(&head.headers, body, id).await?;
        match answer.get("error") {
            Some(error) => Err(Error::Rpc {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
            }),
            None => Ok((answer["result"].clone(), head.headers)),
        }
    }

    async fn send(
        self,
        method: Method,
        session: &Session,
        message: &Value,
    ) -> Result<http::Response<Body>, Error> {
        let Id { namespace, name } = self.id;
        let uri = format!("/mcpservers/{}/{}/mcp", Encoded(namespace), Encoded(name));
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(id) = &session.id {
            request = request.header(SESSION, id);
        }
        if let Some(version) = &session.version {
            request = request.header("mcp-protocol-version", version);
        }
        let body = match message {
            Value::Null => Body::empty(),
            message => Body::from(message.to_string()),
        };
        let request = request
            .body(body)
            .map_err(|error| Error::Read(error.to_string()))?;
        // A router's error type has no values.
        let Ok(response) = self.router.clone().oneshot(request).await;
        Ok(response)
    }
}

/// What a server is told of who asks.
#[derive(Default)]
struct Session {
    id: Option<String>,
    version: Option<String>,
}

/// The answer to a request among everything the server says, in one piece or as a stream.
async fn answer(headers: &HeaderMap, body: Body, id: i64) -> Result<Value, Error> {
    let mut messages = Messages::of(headers);
    let mut body = body.into_data_stream();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Error::Read(error.to_string()))?;
        for message in messages.feed(&piece).map_err(Error::Read)? {
            if message["id"] == id {
                return Ok(message);
            }
        }
    }
    let last = messages.end().map_err(Error::Read)?;
    last.filter(|message| message["id"] == id)
        .ok_or_else(|| Error::Read("it ended without an answer".to_owned()))
}

async fn in_time<T>(within: Duration, work: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(within, work)
        .await
        .map_err(|_| Error::AwaitAnswer(within))
}

#[cfg(test)]
mod tests;
