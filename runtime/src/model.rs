//! Asks a model over OpenAI's chat completions, whole or streamed.

mod assemble;

use api::{
    chat::{ChatChunk, ChatRequest, ChatResponse, ErrorBody},
    run::RunEvent,
};
use axum::body::{Body, to_bytes};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::{transport::Transport, turn::ModelAnswer};
use assemble::Assembly;

/// The longest answer that is read when it comes in one piece.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The longest error body that is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The model gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelError {
    /// Nobody answered.
    #[error("the model API at {url} cannot be reached: {reason}")]
    Reach {
        /// Where the model was asked.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// The model API refused or failed.
    #[error("{message}")]
    Refuse {
        /// Its HTTP status.
        status: StatusCode,
        /// Its own words.
        message: String,
        /// Its own code.
        code: Option<String>,
    },
    /// The answer cannot be understood, or stopped in the middle.
    #[error("the model's answer cannot be used: {0}")]
    Understand(String),
}

impl ModelError {
    /// The status of our own answer: whose fault it was, seen from our client.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Refuse { status, .. }
                if *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::BAD_REQUEST =>
            {
                *status
            }
            Self::Reach { .. } | Self::Refuse { .. } | Self::Understand(_) => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// One word for programs.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Reach { .. } => "model_unreachable".to_owned(),
            Self::Refuse {
                code: Some(code), ..
            } => code.clone(),
            Self::Refuse { code: None, .. } => "model_refused".to_owned(),
            Self::Understand(_) => "model_answer_invalid".to_owned(),
        }
    }

    /// The type of the exception in telemetry.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Reach { .. } => "ModelUnreachable",
            Self::Refuse { .. } => "ModelRefused",
            Self::Understand(_) => "ModelAnswerInvalid",
        }
    }
}

/// An answer and what telemetry wants to know of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    /// What the model said.
    pub(crate) answer: ModelAnswer,
    /// The provider's id of the answer.
    pub(crate) id: String,
    /// The model that answered.
    pub(crate) model: String,
}

/// Hears a streamed answer while it comes.
#[async_trait::async_trait]
pub(crate) trait Listener: Send {
    /// More words.
    async fn text(&mut self, text: &str);

    /// What the answering side does, when it is an agent.
    async fn event(&mut self, _event: RunEvent) {}
}

/// Asks the model behind `base_url`. A request that streams is heard by `listener` as it comes.
pub(crate) async fn ask(
    transport: &Transport,
    base_url: &str,
    headers: HeaderMap,
    request: &ChatRequest,
    listener: &mut dyn Listener,
) -> Result<Reply, ModelError> {
    let url = format!("{}/v1/chat/completions", base_url.trim_end_matches('/'));
    let reach = |reason: String| ModelError::Reach {
        url: base_url.to_owned(),
        reason,
    };
    let body = serde_json::to_vec(request)
        .map_err(|error| ModelError::Understand(format!("the question is no JSON: {error}")))?;
    let mut post = Request::builder()
        .method(Method::POST)
        .uri(&url)
        .body(Body::from(body))
        .map_err(|error| reach(error.to_string()))?;
    *post.headers_mut() = headers;
    let json = HeaderValue::from_static("application/json");
    post.headers_mut().insert(header::CONTENT_TYPE, json);
    let response = transport
        .send(post)
        .await
        .map_err(|error| reach(error.to_string()))?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    if request.streams() {
        read_stream(response, listener).await
    } else {
        read_whole(response).await
    }
}

async fn refusal(response: Response<Body>) -> ModelError {
    let status = response.status();
    let body = to_bytes(response.into_body(), MAX_ERROR_BYTES)
        .await
        .unwrap_or_default();
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(ErrorBody { error }) => ModelError::Refuse {
            status,
            message: error.message,
            code: error.code,
        },
        Err(_) => ModelError::Refuse {
            status,
            message: format!("the model API answered {status}"),
            code: None,
        },
    }
}

async fn read_whole(response: Response<Body>) -> Result<Reply, ModelError> {
    let body = to_bytes(response.into_body(), MAX_ANSWER_BYTES)
        .await
        .map_err(|error| ModelError::Understand(error.to_string()))?;
    let response: ChatResponse = serde_json::from_slice(&body)
        .map_err(|error| ModelError::Understand(format!("it is no chat completion: {error}")))?;
    let choice = response
        .choices
        .into_iter()
        .next()
        .ok_or_else(|| ModelError::Understand("it has no choices".to_owned()))?;
    Ok(Reply {
        answer: ModelAnswer {
            content: choice.message.words(),
            calls: choice.message.tool_calls,
            finish_reason: choice.finish_reason,
            usage: response.usage.unwrap_or_default(),
        },
        id: response.id,
        model: response.model,
    })
}

async fn read_stream(
    response: Response<Body>,
    listener: &mut dyn Listener,
) -> Result<Reply, ModelError> {
    let mut events = response.into_body().into_data_stream().eventsource();
    let mut assembly = Assembly::default();
    while let Some(event) = events.next().await {
        let event = event
            .map_err(|error| ModelError::Understand(format!("the stream broke off: {error}")))?;
        if event.data == "[DONE]" {
            return Ok(assembly.finish());
        }
        if let Ok(ErrorBody { error }) = serde_json::from_str(&event.data) {
            let status = StatusCode::BAD_GATEWAY;
            return Err(ModelError::Refuse {
                status,
                message: error.message,
                code: error.code,
            });
        }
        let mut chunk: ChatChunk = serde_json::from_str(&event.data).map_err(|error| {
            ModelError::Understand(format!("a piece of it is no chat chunk: {error}"))
        })?;
        let choice = chunk.choices.first_mut();
        if let Some(event) = choice.and_then(|choice| choice.delta.kaos.take()) {
            listener.event(event).await;
        }
        if let Some(text) = assembly.add(chunk) {
            listener.text(&text).await;
        }
    }
    if assembly.is_finished() {
        return Ok(assembly.finish());
    }
    Err(ModelError::Understand(
        "the stream stopped in the middle".to_owned(),
    ))
}
