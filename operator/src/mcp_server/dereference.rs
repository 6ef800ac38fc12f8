//! Step 1: reads the environment of an MCP server, wherever its values are.

use api::plan::Secret;
use api::resources::{EnvVar, McpServerSpec};
use kube::Client;

use crate::keys::{self, Lookup};

/// Reads each variable of `spec`, in its order.
pub(super) async fn dereference(
    client: &Client,
    namespace: &str,
    spec: &McpServerSpec,
) -> Result<Vec<(String, Lookup)>, keys::Error> {
    let variables = spec.container.as_ref().map_or(&[][..], |of| &of.env);
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
