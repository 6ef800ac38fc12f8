//! Step 2: decides whether a model API can run.

use api::plan::{ModelBackend, ProviderPlan};
use api::resources::model_api::{Mode, ProxyConfig};
use api::resources::{ModelApiSpec, UsageLimits};
use api::validation::validate_model_api;

use super::DEFAULT_PROVIDER;
use crate::keys::Lookup;
use crate::report::{Blocked, Cause, refuse_invalid};

/// A model API that can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidModelApi {
    pub(super) backend: ModelBackend,
    pub(super) models: Vec<String>,
    pub(super) limits: UsageLimits,
}

/// Decides by the spec, then by its provider, then by its key.
pub(super) fn validate(
    name: &str,
    spec: &ModelApiSpec,
    key: Lookup,
    known_providers: &[&str],
) -> Result<ValidModelApi, Blocked> {
    refuse_invalid(&validate_model_api(name, spec))?;
    let proxy = proxy_config(spec)?;
    let provider = proxy.provider.as_deref().unwrap_or(DEFAULT_PROVIDER);
    if proxy.api_base.is_none() && !known_providers.contains(&provider) {
        return Err(refused(
            "UnknownProvider",
            format!(
                "spec.proxyConfig.provider: {provider} is not known; use one of {}, or say in \
                 spec.proxyConfig.apiBase where it answers",
                known_providers.join(", ")
            ),
        ));
    }
    let api_key = match key {
        Lookup::Found(key) => Some(key),
        Lookup::Absent => None,
        Lookup::Missing(cause) => return Err(Blocked::Waiting(vec![cause])),
    };
    let plan = ProviderPlan {
        provider: provider.to_owned(),
        api_base: proxy.api_base.clone(),
        api_version: proxy.api_version.clone(),
        api_key,
    };
    Ok(ValidModelApi {
        backend: ModelBackend::Provider(plan),
        models: proxy.models.clone(),
        limits: spec.limits.unwrap_or_default(),
    })
}

fn proxy_config(spec: &ModelApiSpec) -> Result<&ProxyConfig, Blocked> {
    match (spec.mode, &spec.proxy_config) {
        (Mode::Proxy, Some(proxy)) if proxy.config_yaml.is_none() => Ok(proxy),
        (Mode::Proxy, Some(_)) => Err(refused(
            "NotSupported",
            "spec.proxyConfig.configYaml: LiteLLM's own configuration is not supported yet; use \
             provider, apiBase, apiKey and models instead",
        )),
        // Validation has refused this already; it only cannot tell the compiler.
        (Mode::Proxy, None) => Err(refused("Invalid", "spec.proxyConfig: is required")),
        (Mode::Hosted, _) => Err(refused(
            "NotSupported",
            "spec.mode: Hosted is not supported yet; run Ollama yourself and use mode Proxy with \
             spec.proxyConfig.apiBase: http://127.0.0.1:11434/v1",
        )),
    }
}

fn refused(reason: &'static str, message: impl Into<String>) -> Blocked {
    Blocked::Refused(Cause::new(reason, message))
}

#[cfg(test)]
mod tests;
