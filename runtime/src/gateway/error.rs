//! What can go wrong between an agent and its model, told in OpenAI's words.

use std::time::Duration;

use api::{
    chat::{ErrorBody, ErrorDetail},
    plan::ResourceId,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::RETRY_AFTER};

use super::limits::{Holder, Limit, Refusal};
use crate::body::BodyError;

/// How many names a message has.
const NAMES_SHOWN: usize = 20;

/// Why a model's answer could not be had. None of the messages can contain a key.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No plan was applied under this name.
    #[error("there is no ModelAPI \"{0}\"; create it, or correct the agent's modelAPI field")]
    FindModelApi(ResourceId),
    /// The body could not be read.
    #[error(transparent)]
    Read(#[from] BodyError),
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
    /// Who answers for the `ModelAPI` cannot be asked now.
    #[error("ModelAPI \"{id}\" cannot be asked: {reason}")]
    AskBackend {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Why not, and what to do.
        reason: String,
    },
    /// Somebody has asked as much as may be.
    #[error(
        "{} has reached its limit {} of {allowed}; try again in {} s, or raise the limit in its \
         spec", holder_name(.holder), .limit.as_str(), seconds(*.retry_after)
    )]
    Limit {
        /// Whose limit it is.
        holder: Holder,
        /// Which one.
        limit: Limit,
        /// What it is.
        allowed: String,
        /// When asking may succeed again.
        retry_after: Duration,
    },
    /// Money is limited, and what the model costs is not known.
    #[error(
        "{} has a budget, and what \"{model}\" costs is not known; add its price to the ConfigMap \
         kaos-prices in the namespace kaos-system, ask another model, or remove the budget",
        holder_name(.holder)
    )]
    FindPrice {
        /// Whose budget it is.
        holder: Holder,
        /// Provider and model.
        model: String,
    },
    /// The provider lists its models, and this is not among them.
    #[error(
        "{host}, asked by ModelAPI \"{id}\", has no model \"{model}\"; it offers: {}", some(.offered)
    )]
    FindModel {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Host and port.
        host: String,
        /// The model, as the provider would know it.
        model: String,
        /// What it has.
        offered: Vec<String>,
    },
    /// The provider's answer is none.
    #[error(
        "{host}, asked by ModelAPI \"{id}\", did not answer as a model does but with {content_type}: \
         {excerpt:?}; check that proxyConfig.apiBase is its OpenAI-compatible base URL"
    )]
    Understand {
        /// Which `ModelAPI`.
        id: ResourceId,
        /// Host and port.
        host: String,
        /// What kind of answer it is, in its own words.
        content_type: String,
        /// The start of it.
        excerpt: String,
    },
    /// What is asked for, the scripted model cannot do.
    #[error("the mock model cannot do this: {0}")]
    Pretend(String),
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
            Self::FindModelApi(_) | Self::RefuseModel { .. } | Self::FindModel { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::Read(error) => error.status(),
            Self::ParseRequest(_) | Self::NameModel | Self::Pretend(_) => StatusCode::BAD_REQUEST,
            Self::Limit { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::FindPrice { .. } => StatusCode::FORBIDDEN,
            Self::AskBackend { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::FailOnPurpose => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ReachModel { .. } | Self::Understand { .. } => StatusCode::BAD_GATEWAY,
            Self::AwaitModel { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::RelayError { status, .. } => *status,
        }
    }

    /// Its type and code, as OpenAI has them, and the parameter that is to blame.
    pub(super) fn kind(&self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::FindModelApi(_) => ("invalid_request_error", "model_api_not_found", None),
            Self::Read(error) => ("invalid_request_error", error.code(), None),
            Self::ParseRequest(_) => ("invalid_request_error", "invalid_json", None),
            Self::NameModel => ("invalid_request_error", "model_missing", Some("model")),
            Self::RefuseModel { .. } | Self::FindModel { .. } => {
                ("invalid_request_error", "model_not_found", Some("model"))
            }
            Self::Pretend(_) => ("invalid_request_error", "invalid_value", None),
            Self::AskBackend { .. } => ("server_error", "model_api_not_ready", None),
            Self::Limit { limit, .. } if limit.is_budget() => {
                ("insufficient_quota", "budget_exceeded", None)
            }
            Self::Limit { .. } => ("rate_limit_error", "rate_limit_exceeded", None),
            Self::FindPrice { .. } => ("invalid_request_error", "price_unknown", Some("model")),
            Self::Understand { .. } => ("upstream_error", "model_answer_invalid", None),
            Self::ReachModel { .. } => ("upstream_error", "model_unreachable", None),
            Self::AwaitModel { .. } => ("upstream_error", "model_timeout", None),
            Self::RelayError { .. } => ("upstream_error", "model_error", None),
            Self::FailOnPurpose => ("server_error", "mock_failure", None),
        }
    }

    /// The body of the answer that tells it.
    pub fn body(&self) -> ErrorBody {
        let (kind, code, param) = self.kind();
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

impl From<Refusal> for GatewayError {
    fn from(refusal: Refusal) -> Self {
        let Refusal {
            holder,
            limit,
            allowed,
            retry_after,
        } = refusal;
        Self::Limit {
            holder,
            limit,
            allowed,
            retry_after,
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let retry_after = match &self {
            Self::Limit { retry_after, .. } => Some([(RETRY_AFTER, seconds(*retry_after))]),
            _ => None,
        };
        let answer = (self.status(), Json(self.body()));
        match retry_after {
            Some(retry_after) => (retry_after, answer).into_response(),
            None => answer.into_response(),
        }
    }
}

fn holder_name(holder: &Holder) -> String {
    match holder {
        Holder::ModelApi(id) => format!("ModelAPI \"{id}\""),
        Holder::Agent(id) => format!("agent \"{id}\""),
    }
}

/// Whole seconds, none of them too early.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    seconds.to_string()
}

/// The first of many names.
fn some(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES_SHOWN)].join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
