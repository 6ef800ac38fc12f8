//! Lets an agent forget a session.

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use tower::ServiceExt;

use super::{Refused, Sent};
use crate::{
    components::instead::Why,
    kinds::Kind,
    site::{Ports, render_again},
    url::Encoded,
};

/// `POST /ns/{ns}/agents/{name}/memory/{session}/delete`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, name, session)): Path<(String, String, String)>,
    Sent { head, .. }: Sent,
) -> Response {
    let uri = format!(
        "/agents/{}/{}/memory/sessions/{}",
        Encoded(&namespace),
        Encoded(&name),
        Encoded(&session)
    );
    let status = match Request::delete(uri).body(Body::empty()) {
        Ok(request) => {
            // A router's error type has no values.
            let Ok(response) = ports.agents.clone().oneshot(request).await;
            response.status()
        }
        Err(_) => StatusCode::BAD_REQUEST,
    };
    // A session that is gone already is forgotten, too.
    if status.is_success() || status == StatusCode::NOT_FOUND {
        let page = Kind::Agent.href(&namespace, &name);
        return Redirect::to(&format!("{page}/memory")).into_response();
    }
    let why = Why::Failed {
        what: "The memory without this session".to_owned(),
        message: format!("{name} did not forget it: it answered with HTTP {status}"),
    };
    render_again(ports, head, StatusCode::BAD_GATEWAY, Refused::Failure(why)).await
}
