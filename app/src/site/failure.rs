//! What a page or form says when Kubernetes or a store behind it does not answer.

use api::telemetry::NotNoted;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::components::instead::Why;

/// Something behind the dashboard failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The Kubernetes API.
    #[error("failed to {verb} {target}: {source}")]
    Kubernetes {
        verb: &'static str,
        target: Target,
        source: Box<kube::Error>,
    },
    /// The trace or log store.
    #[error(transparent)]
    Store(#[from] api::traces::ReadError),
    /// The notebook.
    #[error(transparent)]
    Note(#[from] NotNoted),
}

/// What was asked for, in words and as `kubectl` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Such as `agents of namespace team`.
    pub(crate) words: String,
    /// Such as `agents.kaos.tools -n team`.
    pub(crate) resource: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

impl Failure {
    pub(crate) fn kubernetes(
        verb: &'static str,
        target: Target,
    ) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Kubernetes {
            verb,
            target,
            source: Box::new(source),
        }
    }

    /// What stands in place of `what`.
    pub(crate) fn why(&self, what: &str) -> Why {
        match self {
            Self::Kubernetes {
                verb,
                target,
                source,
            } if is_denied(source) => Why::Denied {
                what: format!("{verb} {target}"),
                message: message(source),
                command: format!("kubectl auth can-i {verb} {}", target.resource),
            },
            Self::Kubernetes { .. } | Self::Store(_) | Self::Note(_) => Why::Failed {
                what: what.to_owned(),
                message: self.to_string(),
            },
        }
    }

    /// The status of a page that is about what failed.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Kubernetes { source, .. } if is_denied(source) => StatusCode::FORBIDDEN,
            Self::Note(NotNoted::UseSearch(_) | NotNoted::TakeSoMany(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Kubernetes { .. } | Self::Store(_) | Self::Note(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

fn is_denied(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status(), format!("{self}\n")).into_response()
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn what_is_not_allowed_is_told_apart_from_what_failed() {
        let failure = |code| {
            let status = Status::failure("agents is forbidden", "Forbidden").with_code(code);
            let target = Target {
                words: "agents of namespace team".to_owned(),
                resource: "agents.kaos.tools -n team".to_owned(),
            };
            Failure::kubernetes("list", target)(kube::Error::Api(Box::new(status)))
        };
        let Why::Denied { what, command, .. } = failure(403).why("Agents") else {
            panic!("403 is a denial");
        };
        assert_eq!(what, "list agents of namespace team");
        assert_eq!(command, "kubectl auth can-i list agents.kaos.tools -n team");
        assert!(matches!(failure(500).why("Agents"), Why::Failed { .. }));
        assert_eq!(failure(403).status(), StatusCode::FORBIDDEN);
    }
}
