//! Step 1: reads the provider's key, wherever the spec says it is.

use api::plan::Secret;
use api::resources::ModelApiSpec;
use api::resources::model_api::ProxyConfig;
use kube::Client;

use crate::keys::{self, Lookup};

/// The provider that answers without a key, because it answers itself.
const MOCK: &str = "mock";

/// Reads the key that `spec` refers to.
pub(super) async fn dereference(
    client: &Client,
    namespace: &str,
    spec: &ModelApiSpec,
) -> Result<Lookup, keys::Error> {
    let Some(proxy) = spec.proxy_config.as_ref().filter(|proxy| needs_key(proxy)) else {
        return Ok(Lookup::Absent);
    };
    if let Some(source) = proxy.key_source() {
        return keys::look_up(client, namespace, &source).await;
    }
    let written = proxy.api_key.as_ref().and_then(|key| key.value.as_deref());
    Ok(match written.map(str::trim) {
        Some("") | None => Lookup::Absent,
        Some(value) => Lookup::Found(Secret::new(value)),
    })
}

fn needs_key(proxy: &ProxyConfig) -> bool {
    proxy.provider.as_deref() != Some(MOCK)
}
