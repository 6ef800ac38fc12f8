//! What can go wrong between an agent and its model, told in OpenAI's words.

use api::{
    chat::{ErrorBody, ErrorDetail},
    plan::ResourceId,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;

/// Why a model's answer could not be had. None of the messages can contain a key.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No plan was applied under this name.
    #[error("there is no ModelAPI \"{0}\"; create it, or correct the agent's modelAPI field")]
    FindModelApi(ResourceId),
    /// The body is not a chat request.
    #[error("failed to read the chat request: {0}")]
    ParseRequest(String),
    /// The request names no model.
    #[error("the request names no model; set its field \"model\"")]
    NameModel,
    /// The model is not on the `ModelAPI`'s list.
    #[error(
        "ModelAPI \"{id}\" does not offer the model \"{model}\"; it allows: {allowed}. \
         Use one of these, or add the model to its proxyConfig.models"
    )]
    RefuseModel {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// The model asked for.
        model: String,
        /// The list, joined.
        allowed: String,
    },
    /// Where the provider is, is not known.
    #[error(
        "ModelAPI \"{id}\" does not say where its provider \"{provider}\" is; \
         set proxyConfig.apiBase to its OpenAI-compatible base URL"
    )]
    LocateProvider {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Its provider.
        provider: String,
    },
    /// The provider's key holds characters that no header may have.
    #[error("the API key of ModelAPI \"{0}\" is not usable in a header; check it for line breaks")]
    UseKey(ResourceId),
    /// Nobody answers at the provider's address.
    #[error(
        "ModelAPI \"{id}\" cannot reach its model at {host}: {reason}; \
         check the network, proxyConfig.apiBase, and that the provider runs"
    )]
    ReachModel {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Host and port, nothing else of the URL.
        host: String,
        /// The innermost reason.
        reason: String,
    },
    /// The provider took the request and then said nothing.
    #[error("ModelAPI \"{id}\" got no answer from {host} within {seconds} seconds")]
    AwaitModel {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Host and port.
        host: String,
        /// How long it waited.
        seconds: u64,
    },
    /// The provider answered with an error that is not OpenAI's kind.
    #[error("{host}, asked by ModelAPI \"{id}\", answered with status {status}: {excerpt}")]
    RelayError {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Host and port.
        host: String,
        /// The provider's status.
        status: StatusCode,
        /// The start of what it said.
        excerpt: String,
    },
    /// The mock model was asked to fail.
    #[error("the mock model fails because it was asked for by the name \"fail\"")]
    FailOnPurpose,
}

impl GatewayError {
    /// The HTTP status that tells the same.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::FindModelApi(_) | Self::RefuseModel { .. } => StatusCode::NOT_FOUND,
            Self::ParseRequest(_) | Self::NameModel => StatusCode::BAD_REQUEST,
            Self::LocateProvider { .. } | Self::UseKey(_) | Self::FailOnPurpose => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::ReachModel { .. } => StatusCode::BAD_GATEWAY,
            Self::AwaitModel { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::RelayError { status, .. } => *status,
        }
    }

    /// The body of the answer that tells it.
    pub fn body(&self) -> ErrorBody {
        let (kind, code, param) = match self {
            Self::FindModelApi(_) => ("invalid_request_error", "model_api_not_found", None),
            Self::ParseRequest(_) => ("invalid_request_error", "invalid_json", None),
            Self::NameModel => ("invalid_request_error", "model_missing", Some("model")),
            Self::RefuseModel { .. } => ("invalid_request_error", "model_not_found", Some("model")),
            Self::LocateProvider { .. } => ("server_error", "provider_unknown", None),
            Self::UseKey(_) => ("server_error", "api_key_unusable", None),
            Self::ReachModel { .. } => ("upstream_error", "model_unreachable", None),
            Self::AwaitModel { .. } => ("upstream_error", "model_timeout", None),
            Self::RelayError { .. } => ("upstream_error", "model_error", None),
            Self::FailOnPurpose => ("server_error", "mock_failure", None),
        };
        ErrorBody {
            error: ErrorDetail {
                message: self.to_string(),
                kind: kind.to_owned(),
                param: param.map(str::to_owned),
                code: Some(code.to_owned()),
                trace_id: None,
            },
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        (self.status(), Json(self.body())).into_response()
    }
}
