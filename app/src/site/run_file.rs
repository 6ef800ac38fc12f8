//! A trace as one file of HTML, to be opened where there is no dashboard.

use std::convert::Infallible;

use api::traces::TraceId;
use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use futures::stream;
use http::{StatusCode, header};

use super::{Failure, Ports};
use crate::{
    pages::traces::{TraceUrl, file},
    url,
};

/// `/traces/{id}/trace.html`, with the query of the page. A row is drawn when the ones before have been
/// sent.
pub(super) async fn get(
    State(ports): State<Ports>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let pairs = query.as_deref().map(url::pairs).unwrap_or_default();
    let url = TraceId::parse(&id).map(|id| TraceUrl::asked(id, &pairs));
    let file = match url {
        Some(url) => file::TraceFile::read(&ports, url).await?,
        None => None,
    };
    let Some(file) = file else {
        return Ok((StatusCode::NOT_FOUND, "there is no such trace\n").into_response());
    };
    let name = format!("attachment; filename=\"trace-{}.html\"", id.to_lowercase());
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_DISPOSITION, name.as_str()),
        (header::CONTENT_SECURITY_POLICY, file::POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let pieces = file.into_pieces().map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    Ok((headers, body).into_response())
}
