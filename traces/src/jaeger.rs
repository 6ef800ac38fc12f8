//! Jaeger's query API over the store, so that Jaeger's UI and Grafana can read it.
//!
//! Both generations: `/api/v3`, whose answers are OTLP, and the older paths, whose answers are Jaeger's own
//! shapes. Parameters, encodings and errors are those of Jaeger 2.20.

mod duration;
mod legacy;
mod metrics;
mod params;
mod v3;

pub(crate) use legacy::shaped;

use api::traces::ReadError;
use axum::Router;
use axum::http::StatusCode;

use crate::Store;

/// The API with its paths at the root, for a caller to nest.
pub fn jaeger(store: Store) -> Router {
    Router::new()
        .merge(v3::routes())
        .merge(legacy::routes())
        .merge(metrics::routes())
        .with_state(store)
}

/// A question that gets no answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("malformed parameter {name}: {reason}")]
    ReadParameter { name: String, reason: String },
    #[error("{0}")]
    MissParameter(String),
    #[error("{0}")]
    FindNothing(&'static str),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Error {
    fn malformed(name: &str, reason: impl ToString) -> Self {
        Self::ReadParameter {
            name: name.to_owned(),
            reason: reason.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::ReadParameter { .. } | Self::MissParameter(_) => StatusCode::BAD_REQUEST,
            Self::FindNothing(_) => StatusCode::NOT_FOUND,
            Self::Read(ReadError::Read { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Read(ReadError::Unsupported(_)) => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// Logs what the caller is not to blame for: nobody else will.
    fn log(&self) {
        if let Self::Read(error) = self {
            tracing::warn!(%error, "failed to answer a question of Jaeger's API");
        }
    }
}
