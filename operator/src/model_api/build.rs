//! Step 3: builds the plan. Pure, and cannot fail, because everything was decided before.

use api::plan::{ModelApiPlan, ResourceId};

use super::validate::ValidModelApi;

/// The plan of the model API `id`.
pub(super) fn build(id: &ResourceId, valid: ValidModelApi) -> ModelApiPlan {
    let ValidModelApi {
        backend,
        models,
        limits,
        telemetry,
    } = valid;
    ModelApiPlan {
        id: id.clone(),
        backend,
        models,
        limits,
        telemetry,
    }
}
