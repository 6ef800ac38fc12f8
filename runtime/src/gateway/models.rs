//! Which models a `ModelAPI` may be asked for, and what its provider calls them.

use api::plan::ModelApiPlan;

use super::GatewayError;

/// The name under which the provider knows `model`, if the plan allows asking for it.
///
/// People write `openai/gpt-4o` where the provider is `openai` and knows `gpt-4o` only; that prefix
/// goes. Any other prefix is part of the name.
pub(super) fn upstream_name<'a>(
    plan: &ModelApiPlan,
    model: &'a str,
) -> Result<&'a str, GatewayError> {
    if allows(plan, model) {
        Ok(bare(plan, model))
    } else {
        Err(GatewayError::RefuseModel {
            id: plan.id.clone(),
            model: model.to_owned(),
            allowed: plan.models.join(", "),
        })
    }
}

/// Whether one of the plan's patterns fits `model`, each with or without the provider's prefix.
pub(super) fn allows(plan: &ModelApiPlan, model: &str) -> bool {
    let model = bare(plan, model);
    plan.models.iter().any(|pattern| {
        let pattern = bare(plan, pattern);
        match pattern.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => pattern == model,
        }
    })
}

/// The plan's models that are names rather than patterns.
pub(super) fn exact(plan: &ModelApiPlan) -> impl Iterator<Item = &str> {
    plan.models
        .iter()
        .map(String::as_str)
        .filter(|model| !model.ends_with('*'))
}

fn bare<'a>(plan: &ModelApiPlan, model: &'a str) -> &'a str {
    model
        .strip_prefix(plan.backend.provider())
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(model)
}
