//! `/api/status`: how it goes with what agents emit, and what of it was lost.

use axum::{Json, Router, extract::State, routing::get};
use runtime::telemetry::{DeliveryStatus, Pipeline, SignalCounts};
use serde_json::{Value, json};

pub(super) fn router(pipeline: Pipeline) -> Router {
    Router::new()
        .route("/api/status", get(status))
        .with_state(pipeline)
}

async fn status(State(pipeline): State<Pipeline>) -> Json<Value> {
    let deliveries = pipeline.deliveries();
    let receivers: Vec<_> = deliveries.iter().map(receiver).collect();
    let telemetry = json!({"dropped": pipeline.dropped(), "receivers": receivers});
    Json(json!({ "telemetry": telemetry }))
}

fn receiver(status: &DeliveryStatus) -> Value {
    let DeliveryStatus {
        receiver,
        delivered,
        dropped,
        failing,
    } = status;
    json!({"receiver": receiver, "delivered": counts(*delivered), "dropped": counts(*dropped),
        "failing": failing})
}

fn counts(counts: SignalCounts) -> Value {
    let SignalCounts {
        spans,
        data_points,
        log_records,
    } = counts;
    json!({"spans": spans, "dataPoints": data_points, "logRecords": log_records})
}
