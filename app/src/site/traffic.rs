//! What went over the edges of the map lately.

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;

use super::Ports;
use crate::{
    map::Traffic,
    pages::{params::namespace_filter, range::Range},
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    ns: String,
    range: String,
}

/// Answers the map.
pub(super) async fn get(
    State(ports): State<Ports>,
    Query(Question { ns, range }): Query<Question>,
) -> Response {
    let range = Range::called(&range, USUAL);
    match read(&ports, &ns, range).await {
        Ok(traffic) => Json(traffic).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")).into_response(),
    }
}

/// The range of a map that is asked for none.
pub(crate) const USUAL: &str = "15m";

/// Calls between services of a namespace, or of all.
pub(crate) async fn read(
    ports: &Ports,
    namespace: &str,
    range: Range,
) -> Result<Traffic, api::traces::ReadError> {
    let now_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or_default();
    let window = range.window_at(now_ns);
    let mut graph = ports.telemetry.service_graph(window).await?;
    if let Some(namespace) = namespace_filter(namespace) {
        let elsewhere = |name: &str| {
            let mut nodes = graph.services.iter().filter(|node| node.service == name);
            // Services of other programs may not say where they are.
            nodes.clone().count() > 0
                && nodes.all(|node| !node.namespace.is_empty() && node.namespace != namespace)
        };
        let is_here = |edge: &api::telemetry::ServiceEdge| {
            !elsewhere(&edge.caller) && !elsewhere(&edge.callee)
        };
        let here: Vec<_> = graph
            .edges
            .iter()
            .filter(|edge| is_here(edge))
            .cloned()
            .collect();
        graph.edges = here;
    }
    let seconds = window.to_ns.saturating_sub(window.from_ns) / 1_000_000_000;
    Ok(Traffic::of(graph, seconds))
}
