//! Everything the runtime answers: `/agents`, `/modelapis`, `/mcpservers` and `/api/runs`.
//!
//! A question in a conversation goes a short way. Agents ask models and each other here, several times for one
//! answer, and a router takes every request apart and puts it together again at each of its doors.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use api::plan::ResourceId;
use axum::{Router, body::Body, response::Response};
use futures::future::BoxFuture;
use http::{Method, Request};
use tower::{Service, ServiceExt};

use crate::{agent::Agents, gateway::Gateway, mcp::McpServers};

/// Where questions in a conversation go, below an agent or a model API.
const CHAT: &str = "/v1/chat/completions";

/// All endpoints of the runtime. Clones are the same.
#[derive(Clone)]
pub struct Endpoints(Arc<Inner>);

struct Inner {
    agents: Agents,
    gateway: Gateway,
    router: Router,
}

/// Who is asked.
#[derive(Debug, PartialEq)]
enum Asked {
    Agent(ResourceId),
    ModelApi(ResourceId),
}

impl Asked {
    /// Who is asked at this path; `None` when it is another endpoint, or has escapes, which the router knows.
    fn at(path: &str) -> Option<Self> {
        let (kind, id) = path
            .strip_suffix(CHAT)?
            .strip_prefix('/')?
            .split_once('/')?;
        let (namespace, name) = id.split_once('/')?;
        if id.contains('%') || name.contains('/') {
            return None;
        }
        let id = ResourceId::new(namespace, name);
        match kind {
            "agents" => Some(Self::Agent(id)),
            "modelapis" => Some(Self::ModelApi(id)),
            _ => None,
        }
    }
}

impl Endpoints {
    /// The endpoints of these agents, models and tools.
    pub fn new(agents: &Agents, gateway: &Gateway, mcp: &McpServers) -> Self {
        let router = Router::new()
            .nest("/agents", agents.router())
            .nest("/modelapis", gateway.router())
            .nest("/mcpservers", mcp.router())
            .nest("/api/runs", agents.runs().router());
        Self(Arc::new(Inner {
            agents: agents.clone(),
            gateway: gateway.clone(),
            router,
        }))
    }

    /// The same as a part of a larger router, which knows the way to a model API already.
    pub fn router(&self) -> Router {
        let agents = format!("/agents/{{namespace}}/{{name}}{CHAT}");
        let router = self.0.router.clone();
        router.route_service(&agents, self.clone())
    }

    async fn answer(self, request: Request<Body>) -> Response {
        let asked = Asked::at(request.uri().path()).filter(|_| request.method() == Method::POST);
        match asked {
            Some(Asked::Agent(id)) => self.0.agents.chat(&id, request).await,
            Some(Asked::ModelApi(id)) => self.0.gateway.chat(&id, request).await,
            None => match self.0.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
        }
    }
}

impl Service<Request<Body>> for Endpoints {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_known_by_its_path() {
        let id = || ResourceId::new("team", "a");
        let check = |path, expected| assert_eq!(Asked::at(path), expected, "{path}");
        check(
            "/agents/team/a/v1/chat/completions",
            Some(Asked::Agent(id())),
        );
        check(
            "/modelapis/team/a/v1/chat/completions",
            Some(Asked::ModelApi(id())),
        );
        for other in [
            "/agents/team/a/v1/models",
            "/agents/team/a%62/v1/chat/completions",
            "/agents/team/a/b/v1/chat/completions",
            "/agents/a/v1/chat/completions",
            "/mcpservers/team/a/v1/chat/completions",
            "/v1/chat/completions",
        ] {
            check(other, None);
        }
    }
}
