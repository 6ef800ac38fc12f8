//! The script's next line as an OpenAI answer, whole or in pieces.

use std::{
    convert::Infallible,
    hash::{DefaultHasher, Hash, Hasher},
};

use api::chat::{
    ChatChunk, ChatRequest, ChatResponse, Choice, ChunkChoice, Content, Delta, FunctionDelta,
    Message, Role, ToolCall, ToolCallDelta, Usage,
};
use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use jiff::Timestamp;

use super::{
    super::{answer::Bill, question::QuestionSpan},
    Line,
    pace::Pace,
};

/// A piece of a call's arguments, in characters.
const ARGUMENT_PIECE: usize = 24;

/// A number that is the same for the same request.
pub(super) fn seed(request: &ChatRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(request)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}

/// The answer to one request.
pub(super) struct Reply {
    id: String,
    model: String,
    created: i64,
    line: Line,
    usage: Usage,
    wants_usage: bool,
    span: QuestionSpan,
}

impl Reply {
    pub(super) fn new(model: &str, request: &ChatRequest, line: Line, now: Timestamp) -> Self {
        let seed = seed(request);
        Self {
            id: format!(
                "chatcmpl-{seed:016x}{:016x}",
                seed.rotate_left(29) ^ 0x6b61_6f73
            ),
            model: model.to_owned(),
            created: now.as_second(),
            usage: usage(request, &line),
            line,
            wants_usage: request
                .stream_options
                .is_some_and(|options| options.include_usage),
            span: QuestionSpan::default(),
        }
    }

    /// The same, with what it costs.
    pub(super) fn charged(mut self, mut bill: Bill) -> Self {
        self.usage = bill.tell(self.usage);
        self.span = bill.span.clone();
        self
    }

    /// The answer in one piece, after the time it takes to think of it.
    pub(super) async fn whole(self, pace: Pace) -> Response {
        tokio::time::sleep(pace.whole(deltas(&self.line).len())).await;
        self.span.answered();
        let (content, tool_calls, finish_reason) = match self.line {
            Line::Say(text) => (Some(Content::Text(text)), Vec::new(), "stop"),
            Line::Call(call) => (None, vec![call], "tool_calls"),
        };
        Json(ChatResponse {
            id: self.id,
            object: "chat.completion".to_owned(),
            created: self.created,
            model: self.model,
            choices: vec![Choice {
                index: 0,
                message: Message {
                    role: Role::Assistant,
                    content,
                    tool_calls,
                    tool_call_id: None,
                    name: None,
                },
                finish_reason: Some(finish_reason.to_owned()),
            }],
            usage: Some(self.usage),
            session_id: None,
            trace_id: None,
        })
        .into_response()
    }

    /// The answer as server-sent events, each at its time.
    pub(super) fn stream(self, pace: Pace) -> Response {
        let mut response = Response::new(Body::from_stream(self.events(pace)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    fn events(self, pace: Pace) -> impl Stream<Item = Result<Bytes, Infallible>> {
        let mut events: Vec<String> = deltas(&self.line)
            .into_iter()
            .map(|delta| self.chunk(delta, None))
            .collect();
        let paced = events.len();
        let reason = match self.line {
            Line::Say(_) => "stop",
            Line::Call(_) => "tool_calls",
        };
        events.push(self.chunk(Delta::default(), Some(reason)));
        if self.wants_usage {
            events.push(json(&ChatChunk {
                usage: Some(self.usage),
                ..self.envelope()
            }));
        }
        events.push("[DONE]".to_owned());
        let (last, span) = (events.len() - 1, self.span);
        stream::iter(events.into_iter().enumerate()).then(move |(index, event)| {
            if index == last {
                span.answered();
            }
            async move {
                if index < paced {
                    tokio::time::sleep(pace.before(index)).await;
                }
                Ok(Bytes::from(format!("data: {event}\n\n")))
            }
        })
    }

    fn chunk(&self, delta: Delta, finish_reason: Option<&str>) -> String {
        json(&ChatChunk {
            choices: vec![ChunkChoice {
                index: 0,
                delta,
                finish_reason: finish_reason.map(str::to_owned),
            }],
            ..self.envelope()
        })
    }

    fn envelope(&self) -> ChatChunk {
        ChatChunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            created: self.created,
            model: self.model.clone(),
            ..ChatChunk::default()
        }
    }
}

fn json(chunk: &ChatChunk) -> String {
    serde_json::to_string(chunk).unwrap_or_default()
}

/// The line in pieces: word by word, or a call and then its arguments.
fn deltas(line: &Line) -> Vec<Delta> {
    let mut deltas = match line {
        Line::Say(text) => text
            .split_inclusive(char::is_whitespace)
            .map(|word| Delta {
                content: Some(word.to_owned()),
                ..Delta::default()
            })
            .collect(),
        Line::Call(call) => call_deltas(call),
    };
    if let Some(first) = deltas.first_mut() {
        first.role = Some(Role::Assistant);
    }
    deltas
}

fn call_deltas(call: &ToolCall) -> Vec<Delta> {
    let delta = |tool_call| Delta {
        tool_calls: vec![tool_call],
        ..Delta::default()
    };
    let head = delta(ToolCallDelta {
        index: 0,
        id: Some(call.id.clone()),
        kind: Some(call.kind.clone()),
        function: Some(FunctionDelta {
            name: Some(call.function.name.clone()),
            arguments: Some(String::new()),
        }),
    });
    let characters: Vec<char> = call.function.arguments.chars().collect();
    let arguments = characters.chunks(ARGUMENT_PIECE).map(|piece| {
        delta(ToolCallDelta {
            function: Some(FunctionDelta {
                name: None,
                arguments: Some(piece.iter().collect()),
            }),
            ..ToolCallDelta::default()
        })
    });
    std::iter::once(head).chain(arguments).collect()
}

/// A token is about four characters.
fn usage(request: &ChatRequest, line: &Line) -> Usage {
    let said = |message: &Message| {
        let calls = message.tool_calls.iter().map(call_chars);
        message.words().chars().count() + calls.sum::<usize>()
    };
    let tools = serde_json::to_string(&request.tools).unwrap_or_default();
    let prompt: usize = request.messages.iter().map(said).sum::<usize>()
        + if request.tools.is_empty() {
            0
        } else {
            tools.chars().count()
        };
    let completion = match line {
        Line::Say(text) => text.chars().count(),
        Line::Call(call) => call_chars(call),
    };
    used(prompt, completion.max(1))
}

/// What so many characters, sent and written, come to.
pub(super) fn used(prompt: usize, completion: usize) -> Usage {
    let tokens = |characters: usize| (characters as u64).div_ceil(4);
    let (prompt_tokens, completion_tokens) = (tokens(prompt.max(1)), tokens(completion));
    Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: prompt_tokens + completion_tokens,
        ..Usage::default()
    }
}

fn call_chars(call: &ToolCall) -> usize {
    call.function.name.chars().count() + call.function.arguments.chars().count()
}
