//! Why a model gave no usable answer, and what that means for asking again.

use std::time::Duration;

use http::{HeaderValue, StatusCode};

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
        /// When it wants to be asked again, as its `Retry-After` says.
        retry_after: Option<HeaderValue>,
    },
    /// It took too long.
    #[error("the model API at {url} {} {} s", .waited.words(), .limit.as_secs_f64())]
    TimeOut {
        /// Where the model was asked.
        url: String,
        /// What was waited for.
        waited: Waited,
        /// For how long.
        limit: Duration,
    },
    /// The answer stopped in the middle.
    #[error("the model's answer broke off: {0}")]
    BreakOff(String),
    /// The answer cannot be understood.
    #[error("the model's answer cannot be used: {0}")]
    Understand(String),
    /// It failed too often to be asked now.
    #[error(
        "model {model} of the model API at {url} failed too often and is not asked now; try again \
         in {} s", .retry_in.as_secs_f64().ceil()
    )]
    CircuitOpen {
        /// Where it would be asked.
        url: String,
        /// Which model.
        model: String,
        /// When it is tried again.
        retry_in: Duration,
    },
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The beginning of a streamed answer.
    FirstByte,
    /// The next piece of an answer.
    NextByte,
    /// The end of the answer, over all attempts.
    End,
}

impl Waited {
    fn words(self) -> &'static str {
        match self {
            Self::FirstByte => "did not begin to answer within",
            Self::NextByte => "stopped in the middle of its answer for",
            Self::End => "did not finish its answer within",
        }
    }
}

/// Whose fault a failure is, for those who want to ask the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The address does not work, whichever model is asked.
    Address,
    /// This model does not work.
    Model,
    /// It works; it did not like this question.
    Question,
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
            Self::TimeOut { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::CircuitOpen { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Reach { .. } | Self::Refuse { .. } | Self::BreakOff(_) | Self::Understand(_) => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    /// One word for programs.
    pub(crate) fn code(&self) -> String {
        let code = match self {
            Self::Reach { .. } => "model_unreachable",
            Self::Refuse { code, .. } => code.as_deref().unwrap_or("model_refused"),
            Self::TimeOut { .. } => "model_timeout",
            Self::BreakOff(_) => "model_answer_incomplete",
            Self::Understand(_) => "model_answer_invalid",
            Self::CircuitOpen { .. } => "model_circuit_open",
        };
        code.to_owned()
    }

    /// The type of the exception in telemetry.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Reach { .. } => "ModelUnreachable",
            Self::Refuse { .. } => "ModelRefused",
            Self::TimeOut { .. } => "ModelTimeout",
            Self::BreakOff(_) => "ModelAnswerIncomplete",
            Self::Understand(_) => "ModelAnswerInvalid",
            Self::CircuitOpen { .. } => "ModelCircuitOpen",
        }
    }

    /// The status that the model API answered, if it answered.
    pub(crate) fn answered(&self) -> Option<StatusCode> {
        match self {
            Self::Refuse { status, .. } => Some(*status),
            Self::Reach { .. }
            | Self::TimeOut { .. }
            | Self::BreakOff(_)
            | Self::Understand(_)
            | Self::CircuitOpen { .. } => None,
        }
    }

    /// Why it failed in a word or a number, for counting.
    pub(crate) fn reason(&self) -> String {
        let status = self.answered().map(|status| status.as_u16().to_string());
        status.unwrap_or_else(|| self.kind().to_owned())
    }

    /// Whether the same question may have an answer a little later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Reach { .. } | Self::BreakOff(_) => true,
            Self::TimeOut { waited, .. } => *waited != Waited::End,
            Self::Refuse { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::Understand(_) | Self::CircuitOpen { .. } => false,
        }
    }

    /// Whether another model may have an answer: not when the question itself was refused.
    pub(super) fn is_models_own(&self) -> bool {
        match self {
            Self::Refuse { status, .. } => !matches!(
                *status,
                StatusCode::BAD_REQUEST
                    | StatusCode::PAYLOAD_TOO_LARGE
                    | StatusCode::UNPROCESSABLE_ENTITY
            ),
            Self::TimeOut { waited, .. } => *waited != Waited::End,
            Self::Reach { .. }
            | Self::BreakOff(_)
            | Self::Understand(_)
            | Self::CircuitOpen { .. } => true,
        }
    }

    /// When the server wants to be asked again.
    pub(super) fn retry_after(&self) -> Option<&HeaderValue> {
        match self {
            Self::Refuse { retry_after, .. } => retry_after.as_ref(),
            Self::Reach { .. }
            | Self::TimeOut { .. }
            | Self::BreakOff(_)
            | Self::Understand(_)
            | Self::CircuitOpen { .. } => None,
        }
    }

    /// Whose fault it is.
    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Reach { .. } => Blame::Address,
            Self::TimeOut { .. } | Self::BreakOff(_) => Blame::Model,
            Self::Refuse { status, .. } if status.is_server_error() => Blame::Model,
            Self::Refuse { .. } | Self::Understand(_) | Self::CircuitOpen { .. } => Blame::Question,
        }
    }
}
