//! One model API as it is served: who answers for it, and how far that has come.

use std::sync::{Arc, Mutex, PoisonError};

use api::plan::{ModelApiPlan, ModelBackend, ResourceId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{GatewayError, provider::MOCK, upstream::Upstream};
use crate::telemetry::Service;

/// How a model API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelApiState {
    /// It does not answer yet; how far it has come, where that can be said.
    Starting(Option<String>),
    /// It answers, or at least knows who is to answer.
    Ready,
    /// It does not answer, for the reason given: for people, with what to do.
    Failed(String),
}

/// One model API, from its plan to its end.
pub(super) struct Served {
    pub(super) plan: ModelApiPlan,
    /// Tells of its work.
    pub(super) service: Service,
    /// Ends what runs for it; the program's own end does so too.
    pub(super) stop: CancellationToken,
    now: Mutex<Now>,
    changes: broadcast::Sender<ResourceId>,
}

/// A state, and who answers while it is ready.
struct Now {
    state: ModelApiState,
    backend: Option<Arc<Backend>>,
}

/// Who answers.
pub(super) enum Backend {
    /// The scripted model.
    Mock,
    /// Somebody who speaks OpenAI's protocol.
    Upstream(Box<Upstream>),
}

impl Served {
    /// What can be known of `plan` at once.
    pub(super) fn new(
        plan: ModelApiPlan,
        service: Service,
        stop: CancellationToken,
        changes: broadcast::Sender<ResourceId>,
    ) -> Self {
        let (state, backend) = match &plan.backend {
            ModelBackend::Provider(provider) if provider.provider == MOCK => {
                (ModelApiState::Ready, Some(Backend::Mock))
            }
            ModelBackend::Provider(provider) => match Upstream::of(&plan.id, provider) {
                Ok(upstream) => (
                    ModelApiState::Ready,
                    Some(Backend::Upstream(Box::new(upstream))),
                ),
                Err(reason) => (ModelApiState::Failed(reason), None),
            },
            ModelBackend::LiteLlm(_) | ModelBackend::Ollama(_) => {
                (ModelApiState::Starting(None), None)
            }
        };
        Self {
            plan,
            service,
            stop,
            now: Mutex::new(Now {
                state,
                backend: backend.map(Arc::new),
            }),
            changes,
        }
    }

    pub(super) fn state(&self) -> ModelApiState {
        self.now().state.clone()
    }

    /// Who answers, or why nobody does.
    pub(super) fn backend(&self) -> Result<Arc<Backend>, GatewayError> {
        let now = self.now();
        if let Some(backend) = &now.backend {
            return Ok(Arc::clone(backend));
        }
        let reason = match &now.state {
            ModelApiState::Failed(reason) => reason.clone(),
            ModelApiState::Starting(Some(progress)) => format!("it is still starting: {progress}"),
            ModelApiState::Starting(None) | ModelApiState::Ready => {
                "it is still starting".to_owned()
            }
        };
        Err(GatewayError::AskBackend {
            id: self.plan.id.clone(),
            reason,
        })
    }

    /// Nobody answers now, and how far it has come or why.
    pub(super) fn enter(&self, state: ModelApiState) {
        self.turn(state, None);
    }

    /// `upstream` answers from now on.
    pub(super) fn ready(&self, upstream: Upstream) {
        let backend = Arc::new(Backend::Upstream(Box::new(upstream)));
        self.turn(ModelApiState::Ready, Some(backend));
    }

    fn turn(&self, state: ModelApiState, backend: Option<Arc<Backend>>) {
        let mut now = self.now();
        let changed = now.state != state;
        if changed && let ModelApiState::Failed(reason) = &state {
            tracing::warn!(modelapi = %self.plan.id, "ModelAPI failed: {reason}");
        }
        *now = Now { state, backend };
        drop(now);
        if changed {
            // Nobody may be listening.
            self.changes.send(self.plan.id.clone()).ok();
        }
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
