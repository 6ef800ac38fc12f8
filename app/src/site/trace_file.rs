//! Traces as a file: those that the list shows, all of them.

use axum::{
    body::Body,
    extract::{Path, RawQuery, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tower::ServiceExt;

use super::{Failure, Ports};
use crate::{
    pages::traces::list::{Asked, load},
    url,
};

/// `/ns/{ns}/traces.jsonl`, with the query of the list.
pub(super) async fn get(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let Some(files) = ports.files.clone() else {
        return Ok((StatusCode::NOT_FOUND, "traces are kept elsewhere\n").into_response());
    };
    let pairs = query.as_deref().map(url::pairs).unwrap_or_default();
    let asked = Asked::of(namespace, &pairs);
    if let Err(wrong) = &asked.query {
        let message = format!("{}\n", wrong.message);
        return Ok((StatusCode::BAD_REQUEST, message).into_response());
    }
    let found = load(&ports, &asked).await?;
    let ids: Vec<_> = found
        .matches
        .iter()
        .map(|trace| trace.id.to_string())
        .collect();
    if ids.is_empty() {
        return Ok((StatusCode::NOT_FOUND, "no trace matches\n").into_response());
    }
    let request = Request::get(format!("/api/export/traces?trace={}", ids.join(",")));
    Ok(match request.body(Body::empty()) {
        Ok(request) => {
            // A router's error type has no values.
            let Ok(response) = files.oneshot(request).await;
            response
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    })
}
