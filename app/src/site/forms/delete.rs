//! Deletes a resource, after its page has asked.

use api::validation::name_problem;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;

use super::{Sent, done, failed, no_such_kind};
use crate::{
    kinds::Kind,
    site::{
        Ports,
        dependants::dependants,
        flash::{Deed, Flash},
        kubernetes, render_again,
    },
};

/// The longest name Kubernetes knows.
const MAX_NAME: usize = 253;

/// Says to the page of the question that the name typed is not that of the resource.
#[derive(Clone, Copy)]
pub(crate) struct Deletion;

pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    if name_problem(&namespace, 63).is_some() || !is_object_name(&name) {
        return (StatusCode::BAD_REQUEST, "this is no name of an object\n").into_response();
    }
    let names = [name.clone()];
    let depend = match dependants(&ports.kube, kind, &namespace, &names).await {
        Ok(depend) => depend,
        Err(failure) => return failed(ports, head, failure).await,
    };
    if !depend.is_empty() && fields.text("confirm") != name {
        return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, Deletion).await;
    }
    match kubernetes::delete(&ports.kube, kind, &namespace, &name).await {
        Ok(()) => done(
            &kind.list_href(&namespace),
            &Flash {
                deed: Deed::Deleted,
                kind,
                namespace,
                object: name,
            },
        ),
        Err(failure) => failed(ports, head, failure).await,
    }
}

/// Names of Secrets may have dots.
fn is_object_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name
            .split('.')
            .all(|part| name_problem(part, MAX_NAME).is_none())
}
