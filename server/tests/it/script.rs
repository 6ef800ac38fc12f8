//! A model that says what a test has written down, behind OpenAI's chat API.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{get, post},
};
use futures::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::kaos::DEADLINE;

/// One answer of the model.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Words.
    Say(&'static str),
    /// Calls of functions, all in one answer.
    Call(Vec<(&'static str, Value)>),
    /// An error with this status.
    Fail(u16),
    /// Silence.
    Hang,
}

/// What each model says next; when nothing is left, it says `done`.
type Replies = Arc<Mutex<HashMap<String, VecDeque<Reply>>>>;

/// The running model; gone when dropped.
pub(crate) struct Script {
    /// Its host and port.
    pub(crate) address: String,
    replies: Replies,
    _serving: JoinSet<()>,
}

impl Script {
    pub(crate) async fn start() -> Self {
        let replies = Replies::default();
        let router = Router::new()
            .route("/v1/chat/completions", post(chat))
            .route("/v1/models", get(models))
            .with_state(Arc::clone(&replies));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            replies,
            _serving: serving,
        }
    }

    /// What `model` says from now on.
    pub(crate) fn write(&self, model: &str, replies: impl IntoIterator<Item = Reply>) {
        let mut written = self.replies.lock().unwrap();
        written.insert(model.to_owned(), replies.into_iter().collect());
    }

    /// Waits until `model` was asked for the last of what is written.
    pub(crate) async fn until_all_asked(&self, model: &str) {
        let is_all = || {
            let replies = self.replies.lock().unwrap();
            replies.get(model).is_none_or(VecDeque::is_empty)
        };
        let waiting = async {
            while !is_all() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.unwrap();
    }
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": []}))
}

async fn chat(State(replies): State<Replies>, Json(request): Json<Value>) -> Response {
    let model = request["model"].as_str().unwrap_or_default();
    let next = {
        let mut replies = replies.lock().unwrap();
        replies.get_mut(model).and_then(VecDeque::pop_front)
    };
    let (message, finish) = match next.unwrap_or(Reply::Say("done")) {
        Reply::Say(words) => (json!({"role": "assistant", "content": words}), "stop"),
        Reply::Call(calls) => (calling(&calls), "tool_calls"),
        Reply::Fail(status) => {
            let error = json!({"message": "the script wants it", "type": "server_error"});
            let status = StatusCode::from_u16(status).unwrap();
            return (status, Json(json!({ "error": error }))).into_response();
        }
        Reply::Hang => std::future::pending().await,
    };
    if request["stream"] == true {
        let chunks = chunks(model, &message, finish).into_iter();
        let events = chunks.map(|data| Ok::<_, Infallible>(Event::default().data(data)));
        return Sse::new(stream::iter(events)).into_response();
    }
    Json(
        json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage()}),
    )
    .into_response()
}

fn calling(calls: &[(&str, Value)]) -> Value {
    let calls = calls.iter().enumerate().map(|(place, (name, arguments))| {
        json!({"index": place, "id": format!("call_{place}"), "type": "function",
            "function": {"name": name, "arguments": arguments.to_string()}})
    });
    json!({"role": "assistant", "content": null, "tool_calls": calls.collect::<Vec<_>>()})
}

fn usage() -> Value {
    json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
}

/// The answer in pieces: all that is said, the reason of its end, the usage.
fn chunks(model: &str, message: &Value, finish: &str) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0,
            "model": model, "choices": choices, "usage": usage})
        .to_string()
    };
    let choice = |delta: &Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    vec![
        chunk(choice(message, Value::Null), Value::Null),
        chunk(choice(&json!({}), json!(finish)), Value::Null),
        chunk(json!([]), usage()),
        "[DONE]".to_owned(),
    ]
}
