//! What runs now, as the program itself tells it.

use axum::{Router, body::Body};
use http::Request;
use serde::Deserialize;
use tower::ServiceExt;

use crate::{components::running::RunUnderWay, kinds::ALL_NAMESPACES, url::Encoded};

/// More than a list of runs ever takes.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    runs: Vec<RunUnderWay>,
}

/// The runs under way in a namespace, newest first; why they cannot be told otherwise.
pub(crate) async fn under_way(
    agents: &Router,
    namespace: &str,
) -> Result<Vec<RunUnderWay>, String> {
    let of_namespace = if namespace == ALL_NAMESPACES {
        String::new()
    } else {
        format!("&namespace={}", Encoded(namespace))
    };
    let request = Request::get(format!("/api/runs?state=running{of_namespace}"))
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    // A router's error type has no values.
    let Ok(response) = agents.clone().oneshot(request).await;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("/api/runs answered with HTTP {status}"));
    }
    let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER).await;
    let body = body.map_err(|error| error.to_string())?;
    let Runs { runs } = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    Ok(runs)
}
