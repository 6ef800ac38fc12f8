//! Step 1: reads what a model API takes from Secrets and `ConfigMap`s, wherever the spec says it is.

use api::plan::Secret;
use api::resources::ModelApiSpec;
use api::resources::model_api::ProxyConfig;
use kube::Client;

use crate::keys::{self, Lookup};

/// The provider that answers without a key, because it answers itself.
const MOCK: &str = "mock";

/// Everything that was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The provider's key.
    pub(super) key: Lookup,
    /// The configuration of `LiteLLM`.
    pub(super) config: Lookup,
    /// The environment of its process.
    pub(super) env: Vec<(String, Lookup)>,
}

/// Looks up everything that `spec` refers to.
pub(super) async fn dereference(
    client: &Client,
    namespace: &str,
    spec: &ModelApiSpec,
) -> Result<Found, keys::Error> {
    let mut found = Found {
        key: Lookup::Absent,
        config: Lookup::Absent,
        env: Vec::new(),
    };
    let Some(proxy) = &spec.proxy_config else {
        return Ok(found);
    };
    found.key = key(client, namespace, proxy).await?;
    if let Some(yaml) = &proxy.config_yaml {
        found.config = match (&yaml.from_string, &yaml.from_secret_key_ref) {
            (Some(text), _) => Lookup::Found(Secret::new(text)),
            (None, Some(reference)) => keys::in_secret(client, namespace, reference).await?,
            (None, None) => Lookup::Absent,
        };
        let variables = spec.container.as_ref().map_or(&[][..], |of| &of.env);
        found.env = keys::environment(client, namespace, variables).await?;
    }
    Ok(found)
}

async fn key(client: &Client, namespace: &str, proxy: &ProxyConfig) -> Result<Lookup, keys::Error> {
    if proxy.provider.as_deref() == Some(MOCK) {
        return Ok(Lookup::Absent);
    }
    if let Some(source) = proxy.key_source() {
        return keys::look_up(client, namespace, &source).await;
    }
    let written = proxy.api_key.as_ref().and_then(|key| key.value.as_deref());
    Ok(match written.map(str::trim) {
        Some("") | None => Lookup::Absent,
        Some(value) => Lookup::Found(Secret::new(value)),
    })
}
