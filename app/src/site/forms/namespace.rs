//! Creates and deletes namespaces.

use api::validation::name_problem;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use super::Sent;
use crate::site::{Ports, kubernetes, render_again};

/// What the form of a namespace held, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamespaceForm {
    pub(crate) name: String,
    pub(crate) error: String,
}

/// `POST /namespaces`.
pub(in crate::site) async fn create(
    State(ports): State<Ports>,
    Sent { head, fields }: Sent,
) -> Response {
    let name = fields.text("name");
    let created = match name_problem(&name, 63) {
        Some(problem) => Err((StatusCode::UNPROCESSABLE_ENTITY, problem)),
        None => kubernetes::create_namespace(&ports.kube, &name)
            .await
            .map_err(|error| refusal(&error)),
    };
    match created {
        Ok(()) => Redirect::to(&format!("/ns/{name}")).into_response(),
        Err((status, error)) => {
            render_again(ports, head, status, NamespaceForm { name, error }).await
        }
    }
}

/// `POST /namespaces/{name}/delete`.
pub(in crate::site) async fn delete(
    State(ports): State<Ports>,
    Path(name): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let deleted = if fields.text("confirm") == name {
        kubernetes::delete_namespace(&ports.kube, &name)
            .await
            .map_err(|error| refusal(&error))
    } else {
        Err((StatusCode::UNPROCESSABLE_ENTITY, format!("must be {name}")))
    };
    match deleted {
        Ok(()) => Redirect::to("/namespaces").into_response(),
        Err((status, error)) => {
            render_again(ports, head, status, NamespaceForm { name, error }).await
        }
    }
}

fn refusal(error: &kube::Error) -> (StatusCode, String) {
    match error {
        kube::Error::Api(status) => (
            StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY),
            status.message.clone(),
        ),
        other => (StatusCode::BAD_GATEWAY, other.to_string()),
    }
}
