//! Why a request gets no answer, and the OpenAI error body that says so.

use api::chat::{ErrorBody, ErrorDetail};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use crate::model::ModelError;

/// A request that cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChatError {
    /// The body is no chat request.
    #[error("the body is no chat request: {0}")]
    Parse(String),
    /// The body is longer than the limit.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The request lacks something.
    #[error("{0}")]
    Incomplete(&'static str),
    /// The model gave no usable answer.
    #[error("{0}")]
    Model(#[from] ModelError),
    /// The model kept sending arguments that are no JSON.
    #[error("the model called tools with arguments that are no JSON, twice in a row")]
    MalformedCalls,
    /// The client went away, or somebody pressed Stop.
    #[error("the run was cancelled")]
    Cancelled,
}

impl ChatError {
    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Parse(_) | Self::Incomplete(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Model(error) => error.status(),
            Self::MalformedCalls => StatusCode::BAD_GATEWAY,
            // The client is gone; nobody reads it, the trace does.
            Self::Cancelled => {
                StatusCode::from_u16(499).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    /// The type of the exception in telemetry and events.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Parse(_) | Self::TooLarge { .. } | Self::Incomplete(_) => "InvalidRequest",
            Self::Model(error) => error.kind(),
            Self::MalformedCalls => "MalformedCalls",
            Self::Cancelled => "Cancelled",
        }
    }

    /// The error body.
    pub(super) fn body(&self, trace_id: Option<String>) -> ErrorBody {
        let (kind, param, code) = match self {
            Self::Parse(_) => ("invalid_request_error", None, "invalid_json".to_owned()),
            Self::TooLarge { .. } => ("invalid_request_error", None, "body_too_large".to_owned()),
            Self::Incomplete(_) => (
                "invalid_request_error",
                Some("messages".to_owned()),
                "invalid_value".to_owned(),
            ),
            Self::Model(error) => ("upstream_error", None, error.code()),
            Self::MalformedCalls => ("upstream_error", None, "model_calls_malformed".to_owned()),
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
