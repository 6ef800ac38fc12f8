//! The gateway to models: one OpenAI-compatible endpoint per `ModelAPI`.
//!
//! It knows the provider's address and key, so agents need neither. What it passes on it passes on
//! as it comes, without buffering, and it is the one place where an answer's price is worked out. The
//! `mock` provider answers behind the same endpoint.

mod answer;
mod endpoints;
mod error;
mod limits;
mod local;
mod members;
pub mod mock;
mod models;
mod prices;
mod provider;
mod question;
mod request;
mod served;
mod stream;
mod upstream;

pub use error::GatewayError;
pub use limits::{Accounts, Holder, LedgerError, Limit};
pub use local::{LocalSettings, ollama_url};
pub use prices::{PricesError, built_in_prices};
pub use provider::{KeyHeader, MOCK, PROVIDERS, Provider, StreamUsage, provider};
pub use served::ModelApiState;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use api::{
    clock::Clock,
    plan::{ModelApiPlan, ModelBackend, ResourceId},
    resources::UsageLimits,
};
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    limits::Refusal,
    prices::Prices,
    served::Served,
    upstream::{Clients, Endpoint},
};
use crate::telemetry::{Pipeline, Service, ServiceTelemetry};

/// The header by which an agent says which one it is: `namespace/name`.
pub(crate) const AGENT_HEADER: &str = "x-kaos-agent";

/// How many changes a slow listener may be behind.
const CHANGES: usize = 256;

/// What a gateway works with.
pub struct GatewayContext {
    /// Asks providers; see [`crate::transport::client`].
    pub client: reqwest::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Counts who is refused.
    pub service: Service,
    /// Takes what model APIs tell of their work.
    pub pipeline: Pipeline,
    /// What everybody may use and has used.
    pub accounts: Accounts,
    /// For model APIs that something on this machine answers for.
    pub local: LocalSettings,
    /// What runs beside requests is spawned here.
    pub tracker: TaskTracker,
    /// Ends all of it.
    pub shutdown: CancellationToken,
}

/// All model APIs of this process. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    clients: Clients,
    clock: Arc<dyn Clock>,
    service: Service,
    pipeline: Pipeline,
    accounts: Accounts,
    prices: RwLock<Prices>,
    served: RwLock<HashMap<ResourceId, Arc<Served>>>,
    local: Arc<LocalSettings>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    changes: broadcast::Sender<ResourceId>,
}

impl Gateway {
    /// A gateway without model APIs.
    pub fn new(context: GatewayContext) -> Self {
        let GatewayContext {
            client,
            clock,
            service,
            pipeline,
            accounts,
            local,
            tracker,
            shutdown,
        } = context;
        Self(Arc::new(Inner {
            clients: Clients::new(client),
            clock,
            service,
            pipeline,
            accounts,
            prices: RwLock::default(),
            served: RwLock::default(),
            local: Arc::new(local),
            tracker,
            shutdown,
            changes: broadcast::channel(CHANGES).0,
        }))
    }

    /// Serves `plan` from now on, instead of an earlier one of the same name. Answers under way are
    /// finished, and what was used counts on. The same plan again changes nothing.
    pub fn apply(&self, plan: ModelApiPlan) {
        let holder = Holder::ModelApi(plan.id.clone());
        self.0.accounts.limit(&holder, plan.limits);
        let id = plan.id.clone();
        let mut all = self
            .0
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let old = all.get(&id);
        if old.is_some_and(|old| old.plan == plan) {
            return;
        }
        let service = match old.filter(|old| old.plan.telemetry == plan.telemetry) {
            Some(old) => old.service.clone(),
            None => self.0.pipeline.used_service(
                &id.name,
                &id.namespace,
                &ServiceTelemetry::of(&plan.telemetry),
            ),
        };
        let is_local = match plan.backend {
            ModelBackend::Provider(_) => false,
            ModelBackend::LiteLlm(_) | ModelBackend::Ollama(_) => true,
        };
        let stop = self.0.shutdown.child_token();
        let served = Arc::new(Served::new(plan, service, stop, self.0.changes.clone()));
        if let Some(old) = all.insert(id.clone(), Arc::clone(&served)) {
            old.stop.cancel();
        }
        drop(all);
        if is_local {
            let settings = Arc::clone(&self.0.local);
            let client = self.0.clients.long.clone();
            self.0.tracker.spawn(local::keep(served, settings, client));
        }
        // Nobody may be listening.
        self.0.changes.send(id).ok();
    }

    /// What an agent may ask of its models from now on.
    pub fn limit_agent(&self, agent: &ResourceId, limits: UsageLimits) {
        self.0.accounts.limit(&Holder::Agent(agent.clone()), limits);
    }

    /// Works out prices with the user's own table, in the form of the one that comes with the
    /// program; with that one alone when there is no own.
    pub fn set_prices(&self, own: Option<&str>) -> Result<(), PricesError> {
        let prices = own.map(Prices::with).transpose()?.unwrap_or_default();
        *self
            .0
            .prices
            .write()
            .unwrap_or_else(PoisonError::into_inner) = prices;
        Ok(())
    }

    /// How a model API is; `None` when there is none of that name.
    pub fn state(&self, id: &ResourceId) -> Option<ModelApiState> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        served.get(id).map(|served| served.state())
    }

    /// The model APIs whose state changes, as it happens. Who falls behind looks at all of them.
    pub fn changes(&self) -> broadcast::Receiver<ResourceId> {
        self.0.changes.subscribe()
    }

    /// All model APIs, in the order of their names.
    pub fn ids(&self) -> Vec<ResourceId> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        let mut ids: Vec<ResourceId> = served.keys().cloned().collect();
        ids.sort();
        ids
    }

    /// Waits until each of these answers, or does not because it has failed.
    pub async fn until_serving(&self, ids: &[ResourceId]) {
        let mut changes = self.changes();
        let is_coming = |id| match self.state(id) {
            None | Some(ModelApiState::Starting(_)) => true,
            Some(ModelApiState::Ready | ModelApiState::Failed(_)) => false,
        };
        while ids.iter().any(is_coming) {
            if let Err(RecvError::Closed) = changes.recv().await {
                return;
            }
        }
    }

    /// Stops serving the model API; answers under way are finished.
    pub fn remove(&self, id: &ResourceId) {
        let mut served = self
            .0
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let removed = served.remove(id);
        drop(served);
        if let Some(removed) = removed {
            removed.stop.cancel();
        }
        self.0.accounts.close(&Holder::ModelApi(id.clone()));
    }

    /// Forgets the limits of an agent that is gone; what it has spent counts on if it comes back.
    pub fn forget_agent(&self, agent: &ResourceId) {
        self.0.accounts.close(&Holder::Agent(agent.clone()));
    }

    /// The endpoints, each under `/{namespace}/{name}`.
    pub fn router(&self) -> Router {
        endpoints::router(self.clone())
    }

    /// Answers a question in a conversation with a model API.
    pub(crate) async fn chat(&self, id: &ResourceId, request: Request) -> Response {
        let answer = endpoints::answer(self, id, Endpoint::Chat, request).await;
        answer.unwrap_or_else(IntoResponse::into_response)
    }

    fn served(&self, id: &ResourceId) -> Result<Arc<Served>, GatewayError> {
        let served = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        let found = served.get(id).map(Arc::clone);
        found.ok_or_else(|| GatewayError::FindModelApi(id.clone()))
    }

    fn prices(&self) -> Prices {
        let prices = self.0.prices.read().unwrap_or_else(PoisonError::into_inner);
        prices.clone()
    }

    /// Shows in telemetry that somebody was refused.
    fn count_refusal(&self, api: &ResourceId, refusal: &Refusal) {
        let agent = match &refusal.holder {
            Holder::ModelApi(_) => None,
            Holder::Agent(id) => Some(id.name.as_str()),
        };
        let (api, limit) = (api.to_string(), refusal.limit.as_str());
        self.0.service.instruments().refusal(&api, limit, agent);
    }
}

#[cfg(test)]
mod tests;
