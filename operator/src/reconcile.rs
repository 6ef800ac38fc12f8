//! What the reconcilers of all kinds share: their context, their errors, and how a status is written.

use std::fmt::Debug;
use std::sync::Arc;

use api::clock::Clock;
use api::plan::ResourceId;
use api::resources::Condition;
use jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::runtime::reflector::store::WriterDropped;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::links::{Guarded, Stores};
use crate::report::{Before, Blocked, Cause, Outcome, describe, merge_patch};
use crate::retries::Retries;
use crate::{Kind, Running, State, WorkloadError, Workloads, keys};

/// What every reconciler works with.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) workloads: Arc<dyn Workloads>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stores: Stores,
    pub(crate) retries: Retries,
}

/// Why a reconcile has to be tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to list what {0} may refer to")]
    List(ResourceId, #[source] WriterDropped),
    #[error(transparent)]
    ReadKey(#[from] keys::Error),
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    #[error("failed to build the status of {kind} {id}")]
    BuildStatus {
        kind: Kind,
        id: ResourceId,
        source: serde_json::Error,
    },
    #[error("failed to write the status of {kind} {id}")]
    WriteStatus {
        kind: Kind,
        id: ResourceId,
        source: Box<kube::Error>,
    },
}

/// The outcome of an apply. An error is shown in the status too, and then passed on to be retried.
pub(crate) fn applied(
    result: Result<Running, WorkloadError>,
    without: Vec<Cause>,
    endpoint: impl FnOnce() -> String,
) -> (Outcome, Result<(), WorkloadError>) {
    let (running, result) = match result {
        Ok(running) => (running, Ok(())),
        Err(error) => {
            let running = Running {
                state: State::Failed(error.to_string()),
                endpoint: endpoint(),
                tools: Vec::new(),
                warnings: Vec::new(),
            };
            (running, Err(error))
        }
    };
    (Outcome::Applied { running, without }, result)
}

/// Writes what differs between two statuses, if anything does. An object that has gone in the
/// meantime needs none.
pub(crate) async fn write_status<K, S>(
    client: &Client,
    (kind, id): (Kind, &ResourceId),
    before: Option<&S>,
    after: &S,
) -> Result<(), Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned,
    S: Serialize,
{
    let as_json = |status: &S| {
        serde_json::to_value(status).map_err(|source| Error::BuildStatus {
            kind,
            id: id.clone(),
            source,
        })
    };
    let before = match before {
        Some(status) => as_json(status)?,
        None => Value::Object(Map::new()),
    };
    let Some(difference) = merge_patch(&before, &as_json(after)?) else {
        return Ok(());
    };
    if let Some(phase) = difference.get("phase").and_then(Value::as_str) {
        tracing::info!(kaos.kind = %kind, kaos.id = %id, phase, "{kind} {id} is {phase}");
    }
    let objects: Api<Guarded<K>> = Api::namespaced(client.clone(), &id.namespace);
    let patch = Patch::Merge(json!({ "status": difference }));
    match objects
        .patch_status(&id.name, &PatchParams::default(), &patch)
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        Err(source) => Err(Error::WriteStatus {
            kind,
            id: id.clone(),
            source: Box::new(source),
        }),
    }
}

/// Reports an object whose stored form cannot be read. What its status says now has to be read again,
/// as plain JSON: without it, each report would differ from the last in its times alone.
pub(crate) async fn report_malformed<K>(
    context: &Context,
    (kind, id): (Kind, &ResourceId),
    object: &InvalidObject,
) -> Result<Action, Error>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
{
    let resource = ApiResource::erase::<K>(&());
    let objects: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &id.namespace, &resource);
    let failed = |source| Error::WriteStatus {
        kind,
        id: id.clone(),
        source: Box::new(source),
    };
    let Some(stored) = objects.get_opt(&id.name).await.map_err(failed)? else {
        return Ok(Action::await_change());
    };
    let before = stored
        .data
        .get("status")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let after = malformed_status(object, &before, context.clock.now());
    if let Some(difference) = merge_patch(&before, &after) {
        tracing::warn!(kaos.kind = %kind, kaos.id = %id, error = %object.error, "{kind} {id} cannot be read");
        let patch = Patch::Merge(json!({ "status": difference }));
        objects
            .patch_status(&id.name, &PatchParams::default(), &patch)
            .await
            .map_err(failed)?;
    }
    Ok(Action::await_change())
}

fn malformed_status(object: &InvalidObject, before: &Value, now: Timestamp) -> Value {
    let conditions: Vec<Condition> = before
        .get("conditions")
        .and_then(|conditions| serde_json::from_value(conditions.clone()).ok())
        .unwrap_or_default();
    let outcome = Outcome::Blocked(Blocked::Refused(Cause::new(
        "Malformed",
        format!("the stored object cannot be read: {}", object.error),
    )));
    let seen = Before {
        conditions: &conditions,
        generation: object.metadata.generation,
        now,
    };
    let common = describe(&outcome, &seen);
    json!({
        "phase": common.phase,
        "ready": common.ready,
        "message": common.message,
        "conditions": common.conditions,
        "observedGeneration": common.observed_generation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_object_is_reported_once() {
        let object = InvalidObject {
            error: "invalid type: sequence, expected a string".to_owned(),
            metadata: kube::core::ObjectMeta::default(),
        };
        let time = |second| Timestamp::from_second(second).unwrap();
        let first = malformed_status(&object, &json!({}), time(1));
        assert_eq!(first["phase"], "Failed");

        let second = malformed_status(&object, &first, time(2));
        assert_eq!(merge_patch(&first, &second), None);
    }
}
