//! The reconciler of `ModelAPI`s.

mod build;
mod dereference;
mod status;
mod validate;

use std::sync::Arc;

use api::plan::ResourceId;
use api::resources::ModelAPI;
use kube::runtime::controller::Action;

use crate::Kind;
use crate::links::Guarded;
use crate::reconcile::{Context, Error, applied, report_malformed, write_status};
use crate::report::{Before, Outcome};
use crate::watch::id_of;

/// The provider where the spec names none: one that speaks the protocol all others imitate.
pub(crate) const DEFAULT_PROVIDER: &str = "openai";

/// Brings one model API in accord with its spec.
pub(crate) async fn reconcile(
    object: Arc<Guarded<ModelAPI>>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let id = id_of(&*object);
    let api = match &object.0 {
        Ok(api) => api,
        Err(error) => {
            return report_malformed::<ModelAPI>(&context, (Kind::ModelApi, &id), error).await;
        }
    };
    let (outcome, result) = apply(&id, api, &context).await?;

    let reported = api.status.as_ref();
    let before = Before {
        conditions: reported.map_or(&[], |status| &status.conditions),
        generation: api.metadata.generation,
        now: context.clock.now(),
    };
    let status = status::build(&outcome, &before);
    write_status::<ModelAPI, _>(&context.client, (Kind::ModelApi, &id), reported, &status).await?;
    result.map(|()| Action::await_change())
}

/// Runs what can be run. A model API that cannot, stops: a key that was deleted is used no longer.
async fn apply(
    id: &ResourceId,
    api: &ModelAPI,
    context: &Context,
) -> Result<(Outcome, Result<(), Error>), Error> {
    let workloads = context.workloads.as_ref();
    let found = dereference::dereference(&context.client, &id.namespace, &api.spec).await?;
    let known_providers = workloads.known_providers();
    let valid = match validate::validate(&id.name, &api.spec, found, known_providers) {
        Ok(valid) => valid,
        Err(blocked) => {
            workloads.stop(Kind::ModelApi, id).await?;
            return Ok((Outcome::Blocked(blocked), Ok(())));
        }
    };
    let result = workloads.apply_model_api(build::build(id, valid)).await;
    let (outcome, result) = applied(result, Vec::new(), || {
        workloads.endpoint(Kind::ModelApi, id)
    });
    Ok((outcome, result.map_err(Error::from)))
}
