//! Step 1: reads what an MCP server takes from elsewhere: its environment, its headers, its runtime.

use std::collections::BTreeMap;

use api::plan::Secret;
use api::resources::{EnvVar, McpServerSpec};
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
        env: read(client, namespace, env).await?,
        headers: read(client, namespace, &spec.headers).await?,
        registry: if BUILT_IN.contains(&spec.runtime.as_str()) {
            Ok(BTreeMap::new())
        } else {
            registry::read(client).await?
        },
    })
}

async fn read(
    client: &Client,
    namespace: &str,
    variables: &[EnvVar],
) -> Result<Values, keys::Error> {
    let mut found = Vec::with_capacity(variables.len());
    for EnvVar {
        name,
        value,
        value_from,
    } in variables
    {
        let lookup = match (value, value_from) {
            (Some(value), _) => Lookup::Found(Secret::new(value)),
            (None, Some(source)) => keys::look_up(client, namespace, source).await?,
            (None, None) => Lookup::Found(Secret::new("")),
        };
        found.push((name.clone(), lookup));
    }
    Ok(found)
}
