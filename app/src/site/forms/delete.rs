//! Deletes an agent, after its page has asked.

use axum::{
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};

use crate::site::{AgentPath, Ports, kubernetes};

pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, name)): AgentPath,
    request: Request,
) -> Response {
    if let Err(response) = super::read(&ports, request).await {
        return response;
    }
    match kubernetes::delete_agent(&ports.kube, &namespace, &name).await {
        Ok(()) => Redirect::to(&format!("/ns/{namespace}/agents")).into_response(),
        Err(failure) => failure.into_response(),
    }
}
