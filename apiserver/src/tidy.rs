//! Removes `Event` objects that are too old, as a cluster does.

use std::time::Duration;

use crate::{
    ApiServer,
    cascade::{self, Dependents},
    refusal::Refusal,
    store::{Durability, OBJECT_EVENTS_KEPT_FOR},
};

const EVERY: Duration = Duration::from_mins(5);

/// Runs until the server shuts down.
pub(crate) async fn run(server: ApiServer) {
    loop {
        if let Err(refusal) = remove_old_events(&server).await {
            let error: &dyn std::error::Error = &refusal;
            tracing::warn!(error, "old events could not be removed; trying again later");
        }
        tokio::select! {
            () = server.inner.shutdown.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn remove_old_events(server: &ApiServer) -> Result<(), Refusal> {
    let now = server.inner.clock.now();
    let before = now - OBJECT_EVENTS_KEPT_FOR;
    server
        .write(Durability::Keep, move |tx| {
            for place in tx.places_of_old_events(before)? {
                cascade::delete(tx, &place, Dependents::Delete, now)?;
            }
            Ok(())
        })
        .await
}
