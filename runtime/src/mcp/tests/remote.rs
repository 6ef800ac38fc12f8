//! Servers that are reached over HTTP: elsewhere, and as processes of ours.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use api::{
    plan::{McpRuntime, Secret},
    resources::mcp_server::McpTransport,
};
use axum::{
    Json, Router,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
};
use futures::{StreamExt, stream};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{Fixture, plan};
use crate::mcp::McpState;

const KEY: &str = "Bearer kf83-canary";

/// What a server of one tool, `add`, answers; `None` to a notification.
fn answer(message: &Value) -> Option<Value> {
    let params = &message["params"];
    let result = match message["method"].as_str()? {
        "initialize" => json!({"protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}}, "serverInfo": {"name": "remote", "version": "1"}}),
        "tools/list" => json!({"tools": [{"name": "add", "inputSchema": {"type": "object"}}]}),
        "tools/call" => {
            let number = |name: &str| params["arguments"][name].as_i64().unwrap_or_default();
            let sum = number("a") + number("b");
            json!({"content": [{"type": "text", "text": sum.to_string()}]})
        }
        _ => json!({}),
    };
    let id = message.get("id")?;
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

fn lets_in(headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .is_some_and(|key| key == KEY)
}

async fn streamable(headers: HeaderMap, Json(message): Json<Value>) -> Response {
    if !lets_in(&headers) {
        return (StatusCode::UNAUTHORIZED, KEY).into_response();
    }
    match answer(&message) {
        Some(answer) => Json(answer).into_response(),
        None => StatusCode::ACCEPTED.into_response(),
    }
}

/// The answers of a server of the older transport, on their way to its one stream.
type Answers = Arc<Mutex<Option<mpsc::Sender<Value>>>>;

async fn events(State(answers): State<Answers>, headers: HeaderMap) -> Response {
    if !lets_in(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (sender, receiver) = mpsc::channel(8);
    *answers.lock().unwrap() = Some(sender);
    let endpoint = Event::default()
        .event("endpoint")
        .data("/messages?session=1");
    let messages = ReceiverStream::new(receiver)
        .map(|answer| Event::default().event("message").data(answer.to_string()));
    let events = stream::iter([endpoint]).chain(messages);
    Sse::new(events.map(Ok::<_, Infallible>)).into_response()
}

async fn message(State(answers): State<Answers>, headers: HeaderMap, body: String) -> StatusCode {
    let message: Value = serde_json::from_str(&body).unwrap();
    assert!(lets_in(&headers));
    let sender = answers.lock().unwrap().clone().unwrap();
    if let Some(answer) = answer(&message) {
        sender.send(answer).await.unwrap();
    }
    StatusCode::ACCEPTED
}

/// Serves on a port of its own, until the fixture ends.
async fn serve(fixture: &Fixture, at: &str) -> String {
    let routes = Router::new()
        .route("/mcp", post(streamable))
        .route("/sse", get(events))
        .route("/messages", post(message))
        .with_state(Answers::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // What goes on is cut off, as by a server that ends.
    let serving = async move { axum::serve(listener, routes).await.unwrap() };
    let ended = fixture.shutdown.clone().run_until_cancelled_owned(serving);
    fixture.tracker.spawn(ended);
    format!("http://{address}{at}")
}

fn elsewhere(url: String, key: &str) -> McpRuntime {
    McpRuntime::Url {
        url,
        headers: vec![("Authorization".to_owned(), Secret::new(key))],
    }
}

#[tokio::test]
async fn a_server_elsewhere_is_called_with_the_headers_it_wants() {
    let fixture = Fixture::new();
    for at in ["/mcp", "/sse"] {
        let url = serve(&fixture, at).await;
        fixture.servers.apply(plan(elsewhere(url, KEY)));
        fixture.running().await;
        assert_eq!(fixture.text("add", json!({"a": 2, "b": 2})).await, "4");
    }
    fixture.end().await;
}

#[tokio::test]
async fn a_server_that_wants_other_credentials_is_not_just_down() {
    let fixture = Fixture::new();
    let url = serve(&fixture, "/mcp").await;
    fixture
        .servers
        .apply(plan(elsewhere(url.clone(), "Bearer wrong")));
    let expect = "it needs credentials: it answers 401 Unauthorized; give them in spec.headers";
    assert_eq!(
        fixture.settled().await,
        McpState::NeedsCredentials {
            message: expect.to_owned()
        }
    );
    let refused = fixture.call("add", json!({})).await.unwrap_err();
    assert!(refused.to_string().contains(expect), "{refused}");
    // The right ones take effect at once.
    fixture.servers.apply(plan(elsewhere(url, KEY)));
    fixture.running().await;
    fixture.end().await;
}

#[tokio::test]
async fn a_url_where_nobody_answers_fails_without_what_is_in_it() {
    let fixture = Fixture::new();
    let url = "http://127.0.0.1:1/mcp?key=kf83-canary".to_owned();
    let message = fixture.failure(elsewhere(url, KEY)).await;
    assert_eq!(
        message,
        "nobody answers at its URL; check that it runs and that the URL is right"
    );
    let url = serve(&fixture, "/nowhere?key=kf83-canary").await;
    let message = fixture.failure(elsewhere(url, KEY)).await;
    assert_eq!(message, "it answers 404 Not Found");
    fixture.end().await;
}

/// A server that is none: it answers with a page, never, or with more than anyone wants.
async fn badly_behaved(fixture: &Fixture) -> String {
    let page = async || ([(header::CONTENT_TYPE, "text/html")], "<h1>Welcome</h1>");
    let silence = async || std::future::pending::<StatusCode>().await;
    let flood = async |Json(message): Json<Value>| {
        if message["method"] != "tools/call" {
            return match answer(&message) {
                Some(answer) => Json(answer).into_response(),
                None => StatusCode::ACCEPTED.into_response(),
            };
        }
        let text = "x".repeat(50_000_000);
        let result = json!({"content": [{"type": "text", "text": text}]});
        Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result})).into_response()
    };
    let routes = Router::new()
        .route("/page", post(page))
        .route("/silence", post(silence))
        .route("/flood", post(flood));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async move { axum::serve(listener, routes).await.unwrap() };
    let ended = fixture.shutdown.clone().run_until_cancelled_owned(serving);
    fixture.tracker.spawn(ended);
    format!("http://{address}")
}

#[tokio::test]
async fn a_page_silence_or_a_flood_from_elsewhere_ends_in_words_and_in_time() {
    let fixture = Fixture::with("python3", Duration::from_secs(2));
    let url = badly_behaved(&fixture).await;
    let page = fixture.failure(elsewhere(format!("{url}/page"), KEY)).await;
    assert!(page.contains("text/html"), "{page}");
    let silence = fixture.failure(elsewhere(format!("{url}/silence"), KEY));
    assert_eq!(silence.await, "it did not answer within 2 s");
    fixture
        .servers
        .apply(plan(elsewhere(format!("{url}/flood"), KEY)));
    fixture.running().await;
    let flood = fixture
        .call("add", json!({}))
        .await
        .unwrap_err()
        .to_string();
    assert!(flood.len() < 1_000 && flood.contains("add"), "{flood}");
    fixture.running().await;
    fixture.end().await;
}

/// A program that serves one tool over HTTP, with nothing but Python's own library.
const HTTP_SERVER: &str = r#"
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        results = {
            "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                           "serverInfo": {"name": "http", "version": "1"}},
            "tools/list": {"tools": [{"name": "where", "inputSchema": {"type": "object"}}]},
            "tools/call": {"content": [{"type": "text", "text": self.path}]},
        }
        if "id" not in message:
            self.send_response(202)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": results.get(message["method"], {})}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("listening", flush=True)
assert sys.argv[1] == os.environ["PORT"]
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

#[tokio::test]
async fn a_process_that_serves_http_is_told_where_and_reached_there() {
    let fixture = Fixture::new();
    let argv = ["python3", "-c", HTTP_SERVER, "$(PORT)"];
    fixture.servers.apply(plan(McpRuntime::Command {
        argv: argv.map(str::to_owned).to_vec(),
        transport: McpTransport::Http,
    }));
    fixture.running().await;
    assert_eq!(fixture.text("where", json!({})).await, "/mcp");
    fixture.end().await;
}
