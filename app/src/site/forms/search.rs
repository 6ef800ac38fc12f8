//! Keeps searches of traces by their names, and forgets them.

use api::telemetry::SavedSearch;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{Sent, failed};
use crate::{pages::traces::list::Asked, site::Ports};

/// `POST /ns/{ns}/traces/searches`: the list's own names and values, and `name`.
pub(in crate::site) async fn save(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let asked = Asked::of(namespace.clone(), &fields.0);
    let search = SavedSearch {
        namespace,
        name: fields.text("name"),
        address: asked.question(),
    };
    match ports.notebook.save_search(search).await {
        Ok(()) => Redirect::to(&asked.href()).into_response(),
        Err(error) => failed(ports, head, error.into()).await,
    }
}

/// `POST /ns/{ns}/traces/searches/delete`: the same, with the name of the one to forget.
pub(in crate::site) async fn delete(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let asked = Asked::of(namespace.clone(), &fields.0);
    let name = fields.text("name");
    match ports.notebook.delete_search(&namespace, &name).await {
        Ok(()) => Redirect::to(&asked.href()).into_response(),
        Err(error) => failed(ports, head, error.into()).await,
    }
}
