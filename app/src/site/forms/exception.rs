//! Says that a group of exceptions is mended, or that it does not matter, or that it is open again.

use api::telemetry::{Decision, ExceptionGroupId};
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{Fields, Sent, failed, own_path};
use crate::site::Ports;

/// `POST /exceptions/decide`: the group stands in the field that says what about it.
pub(in crate::site) async fn decide(
    State(ports): State<Ports>,
    Sent { head, fields }: Sent,
) -> Response {
    let at_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or(0);
    if let Some((group, decision)) = decided(&fields, at_ns)
        && let Err(error) = ports.notebook.decide(group, decision).await
    {
        return failed(ports, head, error.into()).await;
    }
    Redirect::to(own_path(fields.get("back").unwrap_or_default())).into_response()
}

/// None of a form that somebody else has written.
fn decided(fields: &Fields, at_ns: u64) -> Option<(ExceptionGroupId, Option<Decision>)> {
    let decisions = [
        ("resolve", Some(Decision::Resolved { at_ns })),
        ("ignore", Some(Decision::Ignored)),
        ("reopen", None),
    ];
    decisions.into_iter().find_map(|(field, decision)| {
        let group = ExceptionGroupId::parse(fields.get(field)?)?;
        Some((group, decision))
    })
}
