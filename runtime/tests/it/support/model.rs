//! A model that answers what a test tells it to, and remembers what it was asked.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::{StreamExt, stream};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// One answer of the model.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Words.
    Says(String),
    /// Words and function calls: id, name and arguments of each.
    Calls(
        &'static str,
        Vec<(&'static str, &'static str, &'static str)>,
    ),
    /// An error of the API.
    Refuses(u16, &'static str),
    /// These bytes, whatever was asked, as this content type.
    Raw(&'static str, Vec<u8>),
    /// These bytes of a stream, and then nothing, for ever.
    Hangs(String),
}

impl Reply {
    pub(crate) fn says(words: &str) -> Self {
        Self::Says(words.to_owned())
    }

    /// A call of the delegation function.
    pub(crate) fn delegates(arguments: &'static str) -> Self {
        Self::Calls("", vec![("d", "delegate", arguments)])
    }
}

/// The model, and where it is.
pub(crate) struct Model {
    /// Without `/v1`.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    stop: CancellationToken,
}

/// What decides the answers: it sees the request and how many there were before.
type Script = Arc<dyn Fn(&Value, usize) -> Reply + Send + Sync>;

impl Model {
    /// A model on a port of its own.
    pub(crate) async fn new(
        script: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::<Mutex<Vec<Value>>>::default();
        let script: Script = Arc::new(script);
        let router = Router::new()
            .route("/v1/chat/completions", post(answer))
            .with_state((script, Arc::clone(&asked)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        TaskTracker::new().spawn(async move {
            let serving = axum::serve(listener, router).into_future();
            stopped.run_until_cancelled(serving).await
        });
        Self { url, asked, stop }
    }

    /// A model with these answers, the last of them for ever.
    pub(crate) async fn with(replies: Vec<Reply>) -> Self {
        Self::new(move |_, before| replies[before.min(replies.len() - 1)].clone()).await
    }

    /// Everything it was asked, oldest first.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn answer(
    State((script, asked)): State<(Script, Arc<Mutex<Vec<Value>>>)>,
    Json(request): Json<Value>,
) -> Response {
    let streams = request["stream"] == true;
    let reply = {
        let mut asked = asked.lock().unwrap();
        let reply = script(&request, asked.len());
        asked.push(request);
        reply
    };
    match reply {
        Reply::Says(words) => spoken(&words, &[], streams),
        Reply::Calls(words, calls) => spoken(words, &calls, streams),
        Reply::Refuses(status, message) => {
            let error = json!({"error": {"message": message, "type": "invalid_request_error"}});
            (StatusCode::from_u16(status).unwrap(), Json(error)).into_response()
        }
        Reply::Raw(content_type, bytes) => {
            ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
        }
        Reply::Hangs(beginning) => {
            let begins = stream::iter([Ok::<_, Infallible>(beginning)]);
            let body = Body::from_stream(begins.chain(stream::pending()));
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
    }
}

/// A piece of a stream, as a line of it.
pub(crate) fn piece(delta: &Value, finish_reason: Option<&str>) -> String {
    let piece = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]});
    format!("data: {piece}\n\n")
}

fn spoken(words: &str, calls: &[(&str, &str, &str)], streams: bool) -> Response {
    let calls: Vec<Value> = (0..)
        .zip(calls)
        .map(|(index, (id, name, arguments)): (u32, _)| {
            json!({"index": index, "id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    let finish = if calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2}, "cost": 0.001});
    if !streams {
        let message = json!({"role": "assistant", "content": words, "tool_calls": calls});
        let choice = json!({"index": 0, "message": message, "finish_reason": finish});
        return Json(
            json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [choice], "usage": usage}),
        )
        .into_response();
    }
    // A letter at a time, so that whatever looks at the words has to wait for the rest.
    let letters = words
        .chars()
        .map(|letter| piece(&json!({"content": letter}), None));
    let calls = (!calls.is_empty()).then(|| piece(&json!({"tool_calls": calls}), None));
    let last = piece(&json!({}), Some(finish));
    let usage = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [], "usage": usage});
    let usage = format!("data: {usage}\n\ndata: [DONE]\n\n");
    let text: String = letters.chain(calls).chain([last, usage]).collect();
    ([(header::CONTENT_TYPE, "text/event-stream")], text).into_response()
}
