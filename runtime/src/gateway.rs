//! The gateway to models: one OpenAI-compatible endpoint per `ModelAPI`.
//!
//! It knows the provider's address and key, so agents need neither. What it passes on it passes on
//! as it comes, without buffering. The `mock` provider answers behind the same endpoint.

mod error;
pub mod mock;
mod models;
mod provider;
mod upstream;

pub use error::GatewayError;
pub use provider::{KeyHeader, MOCK, PROVIDERS, Provider, provider};

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use api::{
    chat::ChatRequest,
    clock::Clock,
    plan::{ModelApiPlan, ResourceId},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// The largest request read: conversations carry images.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// All model APIs of this process. Clones are the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    plans: RwLock<HashMap<ResourceId, Arc<ModelApiPlan>>>,
    /// Told after every new plan.
    served: watch::Sender<()>,
}

impl Gateway {
    /// A gateway without model APIs, which asks providers through `client`
    /// (see [`crate::transport::client`]).
    pub fn new(client: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            client,
            clock,
            plans: RwLock::default(),
            served: watch::Sender::new(()),
        }))
    }

    /// Serves `plan` from now on, instead of an earlier one of the same name.
    pub fn apply(&self, plan: ModelApiPlan) {
        let mut plans = self.0.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.insert(plan.id.clone(), Arc::new(plan));
        drop(plans);
        self.0.served.send_replace(());
    }

    /// Waits until all of these are served.
    pub async fn until_serving(&self, ids: &[ResourceId]) {
        let mut served = self.0.served.subscribe();
        while !self.serves(ids) {
            if served.changed().await.is_err() {
                return;
            }
        }
    }

    fn serves(&self, ids: &[ResourceId]) -> bool {
        let plans = self.0.plans.read().unwrap_or_else(PoisonError::into_inner);
        ids.iter().all(|id| plans.contains_key(id))
    }

    /// Stops serving the model API; answers under way are finished.
    pub fn remove(&self, id: &ResourceId) {
        let mut plans = self.0.plans.write().unwrap_or_else(PoisonError::into_inner);
        plans.remove(id);
    }

    /// The endpoints, each under `/{namespace}/{name}`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/{namespace}/{name}/v1/chat/completions", post(complete))
            .route("/{namespace}/{name}/v1/models", get(list_models))
            .route("/{namespace}/{name}/health", get(health))
            .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
            .with_state(self.clone())
    }

    fn plan(&self, namespace: String, name: String) -> Result<Arc<ModelApiPlan>, GatewayError> {
        let id = ResourceId::new(namespace, name);
        let plans = self.0.plans.read().unwrap_or_else(PoisonError::into_inner);
        plans
            .get(&id)
            .cloned()
            .ok_or(GatewayError::FindModelApi(id))
    }
}

async fn complete(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, GatewayError> {
    let plan = gateway.plan(namespace, name)?;
    let mut request: Map<String, Value> = parse(&body)?;
    let Some(model) = request.get("model").and_then(Value::as_str) else {
        return Err(GatewayError::NameModel);
    };
    let upstream_name = models::upstream_name(&plan, model)?.to_owned();
    if plan.provider == MOCK {
        let request: ChatRequest = parse(&body)?;
        return mock::answer(&upstream_name, &request, gateway.0.clock.now()).await;
    }
    // Only the name changes; fields we know nothing of travel on untouched.
    request.insert("model".to_owned(), Value::String(upstream_name));
    upstream::complete(&gateway.0.client, &plan, &request).await
}

async fn list_models(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Response, GatewayError> {
    let plan = gateway.plan(namespace, name)?;
    let names = if plan.provider == MOCK {
        let offered = mock::MODELS.iter().copied();
        models::exact(&plan)
            .chain(offered.filter(|name| !plan.models.iter().any(|model| model == name)))
            .filter(|name| models::allows(&plan, name))
            .map(str::to_owned)
            .collect()
    } else if models::exact(&plan).count() == plan.models.len() {
        models::exact(&plan).map(str::to_owned).collect()
    } else {
        let mut names = upstream::list_models(&gateway.0.client, &plan).await?;
        names.retain(|name| models::allows(&plan, name));
        names
    };
    let data: Vec<Value> = names
        .into_iter()
        .map(|name| json!({"id": name, "object": "model", "created": 0, "owned_by": plan.provider}))
        .collect();
    Ok(Json(json!({"object": "list", "data": data})).into_response())
}

async fn health(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<Value>, GatewayError> {
    let plan = gateway.plan(namespace, name)?;
    Ok(Json(
        json!({"status": "healthy", "provider": plan.provider}),
    ))
}

fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, GatewayError> {
    serde_json::from_slice(body).map_err(|error| GatewayError::ParseRequest(error.to_string()))
}

#[cfg(test)]
mod tests;
