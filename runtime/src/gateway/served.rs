//! One model API as it is served.

use api::plan::{ModelApiPlan, ModelBackend};

use super::{GatewayError, provider::MOCK, upstream::Upstream};

/// How a model API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelApiState {
    /// It answers, or at least knows who is to answer.
    Ready,
    /// It does not answer, for the reason given: for people, with what to do.
    Failed(String),
}

/// One model API, from its plan to its end.
pub(super) struct Served {
    pub(super) plan: ModelApiPlan,
    backend: Result<Backend, String>,
}

/// Who answers.
pub(super) enum Backend {
    /// The scripted model.
    Mock,
    /// Somebody who speaks OpenAI's protocol.
    Upstream(Box<Upstream>),
}

impl Served {
    pub(super) fn new(plan: ModelApiPlan) -> Self {
        let ModelBackend::Provider(provider) = &plan.backend;
        let backend = if provider.provider == MOCK {
            Ok(Backend::Mock)
        } else {
            Upstream::of(&plan.id, provider).map(|upstream| Backend::Upstream(Box::new(upstream)))
        };
        Self { plan, backend }
    }

    pub(super) fn state(&self) -> ModelApiState {
        match &self.backend {
            Ok(_) => ModelApiState::Ready,
            Err(reason) => ModelApiState::Failed(reason.clone()),
        }
    }

    /// Who answers, or why nobody does.
    pub(super) fn backend(&self) -> Result<&Backend, GatewayError> {
        self.backend
            .as_ref()
            .map_err(|reason| GatewayError::AskBackend {
                id: self.plan.id.clone(),
                reason: reason.clone(),
            })
    }
}
