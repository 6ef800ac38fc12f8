//! Why a request gets no answer, and the OpenAI error body that says so.

use api::chat::{ErrorBody, ErrorDetail};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode};

use crate::{
    body::BodyError, catalog::NameTaken, model::ModelError, runs::TooManyRuns, turn::Limit,
};

/// A request that cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChatError {
    /// An agent has no such path.
    #[error(
        "an agent has no {method} {path}; it has POST /v1/chat/completions, GET /v1/models and \
         GET /.well-known/agent-card.json"
    )]
    FindPath {
        /// What was to be done.
        method: Method,
        /// With what.
        path: String,
    },
    /// The body is no chat request.
    #[error("the body is no chat request: {0}")]
    Parse(String),
    /// The body could not be read.
    #[error(transparent)]
    Read(#[from] BodyError),
    /// The request lacks something.
    #[error("{0}")]
    Incomplete(&'static str),
    /// The request asks for what cannot be done.
    #[error("{message}")]
    Refuse {
        /// The field at fault.
        param: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// The time was up.
    #[error("the run reached its limit of {seconds} s before it had an answer")]
    OutOfTime {
        /// The limit.
        seconds: u64,
        /// What the model had said of its answer.
        words: String,
    },
    /// The model gave no usable answer.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// The model kept sending arguments that are no JSON.
    #[error("the model called tools with arguments that are no JSON, twice in a row")]
    MalformedCalls,
    /// There is no room for one more run.
    #[error("{0}")]
    Busy(#[from] TooManyRuns),
    /// The client went away, or somebody pressed Stop.
    #[error("the run was cancelled")]
    Cancelled,
}

impl From<NameTaken> for ChatError {
    fn from(error: NameTaken) -> Self {
        Self::Refuse {
            param: "tools",
            message: error.to_string(),
        }
    }
}

impl ChatError {
    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::FindPath { .. } => StatusCode::NOT_FOUND,
            Self::Parse(_) | Self::Incomplete(_) | Self::Refuse { .. } => StatusCode::BAD_REQUEST,
            Self::OutOfTime { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Read(error) => error.status(),
            Self::Model(error) => error.status(),
            Self::MalformedCalls => StatusCode::BAD_GATEWAY,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            // The client is gone; nobody reads it, the trace does.
            Self::Cancelled => {
                StatusCode::from_u16(499).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The type of the exception in telemetry and events.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::FindPath { .. }
            | Self::Parse(_)
            | Self::Read(_)
            | Self::Incomplete(_)
            | Self::Refuse { .. } => "InvalidRequest",
            Self::OutOfTime { .. } => "OutOfTime",
            Self::Model(error) => error.kind(),
            Self::MalformedCalls => "MalformedCalls",
            Self::Busy(_) => "TooManyRuns",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The error body.
    pub(super) fn body(&self, trace_id: Option<String>) -> ErrorBody {
        let (kind, param, code) = match self {
            Self::FindPath { .. } => ("invalid_request_error", None, "unknown_url".to_owned()),
            Self::Parse(_) => ("invalid_request_error", None, "invalid_json".to_owned()),
            Self::Read(error) => ("invalid_request_error", None, error.code().to_owned()),
            Self::Incomplete(_) => (
                "invalid_request_error",
                Some("messages".to_owned()),
                "invalid_value".to_owned(),
            ),
            Self::Refuse { param, .. } => (
                "invalid_request_error",
                Some((*param).to_owned()),
                "invalid_value".to_owned(),
            ),
            Self::OutOfTime { .. } => ("server_error", None, Limit::Runtime.as_str().to_owned()),
            Self::Model(error) => ("upstream_error", None, error.code()),
            Self::MalformedCalls => ("upstream_error", None, "model_calls_malformed".to_owned()),
            Self::Busy(_) => ("server_error", None, "too_many_runs".to_owned()),
            Self::Cancelled => ("server_error", None, "cancelled".to_owned()),
        };
        ErrorBody {
            error: ErrorDetail {
                message: self.to_string(),
                kind: kind.to_owned(),
                param,
                code: Some(code),
                trace_id,
            },
        }
    }

    /// The whole answer.
    pub(super) fn response(&self, trace_id: Option<String>) -> Response {
        (self.status(), Json(self.body(trace_id))).into_response()
    }
}

impl IntoResponse for ChatError {
    fn into_response(self) -> Response {
        self.response(None)
    }
}
