//! Step 2: decides whether a model API can run, and who answers for it.

use api::plan::{LiteLlmPlan, ModelBackend, ProviderPlan, Secret, TelemetryPlan};
use api::resources::model_api::{Mode, ProxyConfig};
use api::resources::{ModelApiSpec, UsageLimits};
use api::validation::validate_model_api;

use super::DEFAULT_PROVIDER;
use super::dereference::Found;
use crate::keys::Lookup;
use crate::litellm::{BASE_VARIABLE, KEY_VARIABLE};
use crate::report::{Blocked, Cause, refuse_invalid};

/// A model API that can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidModelApi {
    pub(super) backend: ModelBackend,
    pub(super) models: Vec<String>,
    pub(super) limits: UsageLimits,
    pub(super) telemetry: TelemetryPlan,
}

/// Decides by the spec, then by its provider, then by what it refers to.
pub(super) fn validate(
    name: &str,
    spec: &ModelApiSpec,
    found: Found,
    known_providers: &[&str],
) -> Result<ValidModelApi, Blocked> {
    refuse_invalid(&validate_model_api(name, spec))?;
    let limits = spec.limits.unwrap_or_default();
    let telemetry = TelemetryPlan::of(spec.telemetry.as_ref());
    // Validation has refused a spec without the part for its mode; it only cannot tell the compiler.
    let missing = |field| Blocked::Refused(Cause::new("Invalid", format!("{field}: is required")));
    match spec.mode {
        Mode::Hosted => {
            let hosted = spec.hosted_config.as_ref();
            let hosted = hosted.ok_or_else(|| missing("spec.hostedConfig"))?;
            Ok(ValidModelApi {
                backend: ModelBackend::Ollama(hosted.model.clone()),
                models: vec![hosted.model.clone()],
                limits,
                telemetry,
            })
        }
        Mode::Proxy => {
            let proxy = spec.proxy_config.as_ref();
            let proxy = proxy.ok_or_else(|| missing("spec.proxyConfig"))?;
            let backend = match &proxy.config_yaml {
                Some(_) => ModelBackend::LiteLlm(litellm(proxy, found)?),
                None => ModelBackend::Provider(provider(proxy, found.key, known_providers)?),
            };
            Ok(ValidModelApi {
                backend,
                models: proxy.models.clone(),
                limits,
                telemetry,
            })
        }
    }
}

fn provider(proxy: &ProxyConfig, key: Lookup, known: &[&str]) -> Result<ProviderPlan, Blocked> {
    let provider = proxy.provider.as_deref().unwrap_or(DEFAULT_PROVIDER);
    if proxy.api_base.is_none() && !known.contains(&provider) {
        return Err(Blocked::Refused(Cause::new(
            "UnknownProvider",
            format!(
                "spec.proxyConfig.provider: {provider} is not known; use one of {}, or say in \
                 spec.proxyConfig.apiBase where it answers",
                known.join(", ")
            ),
        )));
    }
    let [api_key] = all_there([key])?;
    Ok(ProviderPlan {
        provider: provider.to_owned(),
        api_base: proxy.api_base.clone(),
        api_version: proxy.api_version.clone(),
        api_key,
    })
}

/// The key and the base URL come to `LiteLLM` in the variables that the cluster's would have.
fn litellm(proxy: &ProxyConfig, found: Found) -> Result<LiteLlmPlan, Blocked> {
    let Found { key, config, env } = found;
    let (names, values): (Vec<String>, Vec<Lookup>) = env.into_iter().unzip();
    let [key, config] = all_there([key, config])?;
    let mut declared = Vec::new();
    for (name, value) in names.into_iter().zip(values) {
        let [value] = all_there([value])?;
        declared.extend(value.map(|value| (name, value)));
    }
    let base = proxy.api_base.as_deref().map(Secret::new);
    let usual = [(KEY_VARIABLE, key), (BASE_VARIABLE, base)];
    let usual = usual
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Ok(LiteLlmPlan {
        // One that is optional and not there is a configuration without models, which is told.
        config: config.unwrap_or_else(|| Secret::new("")),
        env: usual.chain(declared).collect(),
    })
}

/// What was found, or all that is missing.
fn all_there<const N: usize>(lookups: [Lookup; N]) -> Result<[Option<Secret>; N], Blocked> {
    let missing: Vec<Cause> = lookups.iter().filter_map(Lookup::missing).collect();
    if !missing.is_empty() {
        return Err(Blocked::Waiting(missing));
    }
    Ok(lookups.map(Lookup::found))
}

#[cfg(test)]
mod tests;
