//! What a page or form says when Kubernetes or a store behind it does not answer.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Something behind the dashboard failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The Kubernetes API.
    #[error("failed to {verb} {what}: {source}")]
    Kubernetes {
        verb: &'static str,
        what: String,
        source: Box<kube::Error>,
    },
    /// The trace or log store.
    #[error(transparent)]
    Store(#[from] api::traces::ReadError),
}

impl Failure {
    pub(crate) fn kubernetes(
        verb: &'static str,
        what: impl Into<String>,
    ) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |source| Self::Kubernetes {
            verb,
            what,
            source: Box::new(source),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::BAD_GATEWAY, format!("{self}\n")).into_response()
    }
}
