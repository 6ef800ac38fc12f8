//! A scripted model behind OpenAI's chat API, as bare as a server can be.
//!
//! Measurements compare agents with it, and tests with real clients ask agents that ask it. The model's
//! name says what it does, see [`script`]. `GET /open` counts the answers that are under way.

mod script;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
    serve::ListenerExt,
};
use clap::Parser;
use futures::{Stream, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::script::Next;

#[derive(Parser)]
#[command(about = "A scripted model behind OpenAI's chat API")]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Args { addr } = Args::parse();
    bench::allow_many_connections();
    let listener = TcpListener::bind(addr)
        .await
        .with_context(|| format!("failed to listen on {addr}"))?;
    announce(listener.local_addr()?);
    // Without this, the system would hold back each small piece of a stream.
    let listener = listener.tap_io(|connection| {
        connection.set_nodelay(true).ok();
    });
    axum::serve(listener, router()).await?;
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "whoever starts it reads the address here"
)]
fn announce(addr: SocketAddr) {
    println!("the model listens at http://{addr}");
}

fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/open", get(open))
        .with_state(Open::default())
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": [{"id": "echo", "object": "model"}]}))
}

async fn open(State(open): State<Open>) -> String {
    open.0.load(Ordering::Relaxed).to_string()
}

/// How many answers are under way.
#[derive(Clone, Default)]
struct Open(Arc<AtomicU64>);

impl Open {
    /// One more, until it is dropped.
    fn enter(&self) -> Answering {
        self.0.fetch_add(1, Ordering::Relaxed);
        Answering(self.clone())
    }
}

/// An answer that is under way.
struct Answering(Open);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn chat(State(open): State<Open>, Json(request): Json<Value>) -> Response {
    let model = request["model"].as_str().unwrap_or_default();
    let (_, pause) = script::pause(model);
    let pause = Duration::from_millis(pause);
    let (message, finish) = match script::next(&request) {
        Next::Say(text) => (json!({"role": "assistant", "content": text}), "stop"),
        Next::Call { name, arguments } => (calling(&request, &name, &arguments), "tool_calls"),
        Next::Fail(code) => return failure(code),
    };
    let answering = open.enter();
    if request["stream"] == true {
        let pieces = pieces(model, &message, finish);
        Sse::new(streamed(pieces, pause, answering)).into_response()
    } else {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Json(json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage()}))
        .into_response()
    }
}

fn calling(request: &Value, name: &str, arguments: &Value) -> Value {
    let number = request["messages"].as_array().map_or(0, Vec::len);
    let function = json!({"name": name, "arguments": arguments.to_string()});
    let call = json!({"id": format!("call_{number}"), "type": "function", "function": function});
    json!({"role": "assistant", "content": null, "tool_calls": [call]})
}

fn failure(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = json!({"message": format!("the script says {code}"), "type": "scripted_error",
        "param": null, "code": "scripted"});
    (status, Json(json!({"error": error}))).into_response()
}

fn usage() -> Value {
    json!({"prompt_tokens": 120, "completion_tokens": 24, "total_tokens": 144})
}

/// The answer in pieces: the role, each word or call, the reason of its end, the usage.
fn pieces(model: &str, message: &Value, finish: &str) -> Vec<String> {
    let chunk = |choices: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model,
            "choices": choices})
    };
    let piece = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
    };
    let words = message["content"].as_str().unwrap_or_default();
    let said = words
        .split_inclusive(' ')
        .map(|word| json!({"content": word}));
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    let called = calls.enumerate().map(|(index, call)| {
        let mut call = call.clone();
        call["index"] = json!(index);
        json!({"tool_calls": [call]})
    });
    let deltas = std::iter::once(json!({"role": "assistant"}))
        .chain(said)
        .chain(called);
    let mut pieces: Vec<Value> = deltas.map(|delta| piece(delta, Value::Null)).collect();
    pieces.push(piece(json!({}), json!(finish)));
    let mut last = chunk(json!([]));
    last["usage"] = usage();
    pieces.push(last);
    let texts = pieces.iter().map(Value::to_string);
    texts.chain(std::iter::once("[DONE]".to_owned())).collect()
}

/// The pieces, each after the pause.
fn streamed(
    pieces: Vec<String>,
    pause: Duration,
    answering: Answering,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let state = (pieces.into_iter(), answering);
    stream::unfold(state, move |(mut pieces, answering)| async move {
        let piece = pieces.next()?;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Some((Ok(Event::default().data(piece)), (pieces, answering)))
    })
}
