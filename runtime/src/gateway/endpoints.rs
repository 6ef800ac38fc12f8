//! The endpoints of model APIs, as OpenAI has them.

use std::sync::Arc;

use api::{chat::ChatRequest, plan::ResourceId};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    AGENT_HEADER, Gateway, GatewayError,
    answer::Bill,
    limits::{Account, Accounts, Holder},
    mock, models,
    prices::RESELLERS,
    provider::StreamUsage,
    question::QuestionSpan,
    request::Asked,
    served::{Backend, Served},
    upstream::{Endpoint, Question},
};
use crate::body;

/// The largest request read: conversations carry images.
const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

type Name = Path<(String, String)>;

pub(super) fn router(gateway: Gateway) -> Router {
    Router::new()
        .route("/{namespace}/{name}/v1/chat/completions", post(complete))
        .route("/{namespace}/{name}/v1/embeddings", post(embed))
        .route("/{namespace}/{name}/v1/models", get(list_models))
        .route("/{namespace}/{name}/health", get(health))
        .with_state(gateway)
}

async fn complete(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Name,
    request: Request,
) -> Result<Response, GatewayError> {
    let id = ResourceId::new(namespace, name);
    answer(&gateway, &id, Endpoint::Chat, request).await
}

async fn embed(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Name,
    request: Request,
) -> Result<Response, GatewayError> {
    let id = ResourceId::new(namespace, name);
    answer(&gateway, &id, Endpoint::Embeddings, request).await
}

/// Answers a question, inside its span.
pub(super) async fn answer(
    gateway: &Gateway,
    id: &ResourceId,
    endpoint: Endpoint,
    request: Request,
) -> Result<Response, GatewayError> {
    let served = gateway.served(id)?;
    let (http::request::Parts { headers, .. }, body) = request.into_parts();
    let body = body::read(body, MAX_REQUEST_BYTES).await?;
    let span = QuestionSpan::start(&served, endpoint, &headers);
    let incoming = Incoming {
        endpoint,
        headers: &headers,
        body: &body,
    };
    let outcome = ask(gateway, &served, incoming, &span).await;
    match &outcome {
        Ok(response) => span.passed_on(response),
        Err(error) => span.failed(error),
    }
    outcome
}

/// A request as it comes in.
#[derive(Clone, Copy)]
struct Incoming<'a> {
    endpoint: Endpoint,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

async fn ask(
    gateway: &Gateway,
    served: &Served,
    incoming: Incoming<'_>,
    span: &QuestionSpan,
) -> Result<Response, GatewayError> {
    let Incoming {
        endpoint,
        headers,
        body,
    } = incoming;
    let asked = Asked::read(body)?;
    let model = models::upstream_name(&served.plan, &asked.model)?.to_owned();
    span.asks_for(&model);
    let backend = served.backend()?;
    let mut bill = gateway.open_bill(served, headers, &model, body.len())?;
    bill.span = span.clone();
    match (&*backend, endpoint) {
        (Backend::Mock, Endpoint::Chat) => {
            let request: ChatRequest = parse(body)?;
            mock::answer(&model, &request, gateway.0.clock.now(), bill).await
        }
        (Backend::Mock, Endpoint::Embeddings) => mock::embed(&model, &parse(body)?, bill),
        (Backend::Upstream(upstream), endpoint) => {
            span.is_passed_on_to(&upstream.host);
            bill.wants_usage = asked.wants_usage || upstream.stream_usage == StreamUsage::Always;
            let question = Question {
                endpoint,
                streams: asked.streams,
                body: asked.body_for(&model, upstream.stream_usage, body)?,
                model: &model,
            };
            upstream.ask(&gateway.0.clients, question, bill).await
        }
    }
}

impl Gateway {
    /// The bill of an answer that may be asked for.
    fn open_bill(
        &self,
        served: &Served,
        headers: &HeaderMap,
        model: &str,
        length: usize,
    ) -> Result<Bill, GatewayError> {
        let provider = served.plan.backend.provider();
        let api = Holder::ModelApi(served.plan.id.clone());
        let agent = agent(headers).map(Holder::Agent);
        let holders = [Some(api), agent].into_iter().flatten();
        let accounts: Vec<Arc<Account>> = holders
            .filter_map(|holder| self.0.accounts.of(&holder))
            .collect();
        let price = self.prices().of(provider, model);
        let is_priced = price.is_some() || RESELLERS.contains(&provider);
        if !is_priced && let Some(account) = accounts.iter().find(|it| it.has_budget()) {
            return Err(GatewayError::FindPrice {
                holder: account.holder().clone(),
                model: format!("{provider}/{model}"),
            });
        }
        Accounts::admit(&accounts)
            .inspect_err(|refusal| self.count_refusal(&served.plan.id, refusal))?;
        Ok(Bill::new(price, accounts, length))
    }
}

/// The agent that asks, if it is one.
fn agent(headers: &HeaderMap) -> Option<ResourceId> {
    let value = headers.get(AGENT_HEADER)?.to_str().ok()?;
    let (namespace, name) = value.split_once('/')?;
    Some(ResourceId::new(namespace, name))
}

async fn list_models(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Name,
) -> Result<Response, GatewayError> {
    let served = gateway.served(&ResourceId::new(namespace, name))?;
    let plan = &served.plan;
    let names = if models::exact(plan).count() == plan.models.len() {
        models::exact(plan).map(str::to_owned).collect()
    } else {
        match &*served.backend()? {
            Backend::Mock => mock_models(&served),
            Backend::Upstream(upstream) => {
                let mut names = upstream.list_models(&gateway.0.clients.long).await?;
                names.retain(|name| models::allows(plan, name));
                names
            }
        }
    };
    let owner = plan.backend.provider();
    let data: Vec<Value> = names
        .into_iter()
        .map(|name| json!({"id": name, "object": "model", "created": 0, "owned_by": owner}))
        .collect();
    Ok(Json(json!({"object": "list", "data": data})).into_response())
}

fn mock_models(served: &Served) -> Vec<String> {
    let plan = &served.plan;
    let offered = mock::MODELS.iter().copied();
    models::exact(plan)
        .chain(offered.filter(|name| !plan.models.iter().any(|model| model == name)))
        .filter(|name| models::allows(plan, name))
        .map(str::to_owned)
        .collect()
}

async fn health(
    State(gateway): State<Gateway>,
    Path((namespace, name)): Name,
) -> Result<Json<Value>, GatewayError> {
    let served = gateway.served(&ResourceId::new(namespace, name))?;
    served.backend()?;
    let provider = served.plan.backend.provider();
    Ok(Json(json!({"status": "healthy", "provider": provider})))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, GatewayError> {
    serde_json::from_slice(body).map_err(|error| GatewayError::ParseRequest(error.to_string()))
}
