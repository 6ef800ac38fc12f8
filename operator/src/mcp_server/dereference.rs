//! Step 1: reads what an MCP server takes from elsewhere: its environment, its headers, its runtime.

use std::collections::BTreeMap;

use api::resources::McpServerSpec;
use kube::Client;

use super::registry::{self, Registry};
use super::validate::BUILT_IN;
use crate::keys::{self, Lookup};

/// Values by name, in the order of the spec.
pub(super) type Values = Vec<(String, Lookup)>;

/// What an MCP server takes from elsewhere.
pub(super) struct Found {
    pub(super) env: Values,
    pub(super) headers: Values,
    /// The runtimes there are, if the spec names one of them.
    pub(super) registry: Registry,
}

/// Reads each variable and each header of `spec`.
pub(super) async fn dereference(
    client: &Client,
    namespace: &str,
    spec: &McpServerSpec,
) -> Result<Found, keys::Error> {
    let env = spec.container.as_ref().map_or(&[][..], |of| &of.env);
    Ok(Found {
        env: keys::environment(client, namespace, env).await?,
        headers: keys::environment(client, namespace, &spec.headers).await?,
        registry: if BUILT_IN.contains(&spec.runtime.as_str()) {
            Ok(BTreeMap::new())
        } else {
            registry::read(client).await?
        },
    })
}
