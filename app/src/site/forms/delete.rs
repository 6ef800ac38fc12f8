//! Deletes an agent, after its page has asked.

use api::validation::name_problem;
use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use crate::site::{AgentPath, Ports, kubernetes};

/// The longest name Kubernetes knows.
const MAX_NAMESPACE: usize = 63;

pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, name)): AgentPath,
    request: Request,
) -> Response {
    if let Err(response) = super::read(&ports, request).await {
        return response;
    }
    let is_name = |text: &str| name_problem(text, MAX_NAMESPACE).is_none();
    if !is_name(&namespace) || !is_name(&name) {
        return (StatusCode::BAD_REQUEST, "this is no name of an agent\n").into_response();
    }
    match kubernetes::delete_agent(&ports.kube, &namespace, &name).await {
        Ok(()) => Redirect::to(&format!("/ns/{namespace}/agents")).into_response(),
        Err(failure) => failure.into_response(),
    }
}
