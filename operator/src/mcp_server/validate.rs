//! Step 2: decides whether an MCP server can run, and what it runs.

use api::plan::{McpRuntime, Secret};
use api::resources::McpServerSpec;
use api::validation::validate_mcp_server;

use crate::keys::Lookup;
use crate::report::{Blocked, Cause, refuse_invalid};

/// Runtimes that are images, and images need something that runs containers.
const IMAGES: [&str; 2] = ["kubernetes", "slack"];

/// An MCP server that can run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValidMcpServer {
    pub(super) runtime: McpRuntime,
    pub(super) env: Vec<(String, Secret)>,
}

/// Decides by the spec, then by its runtime, then by its environment.
pub(super) fn validate(
    name: &str,
    spec: &McpServerSpec,
    env: Vec<(String, Lookup)>,
) -> Result<ValidMcpServer, Blocked> {
    refuse_invalid(&validate_mcp_server(name, spec))?;
    let runtime = runtime(spec)?;
    let mut missing = Vec::new();
    let mut present = Vec::new();
    for (variable, lookup) in env {
        match lookup {
            Lookup::Found(value) => present.push((variable, value)),
            Lookup::Absent => {}
            Lookup::Missing(cause) => missing.push(cause),
        }
    }
    if missing.is_empty() {
        Ok(ValidMcpServer {
            runtime,
            env: present,
        })
    } else {
        Err(Blocked::Waiting(missing))
    }
}

fn runtime(spec: &McpServerSpec) -> Result<McpRuntime, Blocked> {
    let params = spec.params.clone().unwrap_or_default();
    match spec.runtime.as_str() {
        "python-string" => Ok(McpRuntime::PythonString(params)),
        "custom" => command(spec).map(McpRuntime::Command),
        name if IMAGES.contains(&name) => Err(refused(
            "NeedsCluster",
            format!(
                "spec.runtime: {name} is a container image, which needs a cluster; here, use \
                 python-string, or custom with spec.container.command"
            ),
        )),
        name => Err(refused(
            "UnknownRuntime",
            format!("spec.runtime: {name} is not known; use python-string or custom"),
        )),
    }
}

fn command(spec: &McpServerSpec) -> Result<Vec<String>, Blocked> {
    match &spec.container {
        Some(container) if !container.command.is_empty() => {
            Ok([container.command.as_slice(), &container.args].concat())
        }
        Some(_) | None => Err(refused(
            "NeedsCluster",
            "spec.container.image: a container image needs a cluster; here, say in \
             spec.container.command what to run",
        )),
    }
}

fn refused(reason: &'static str, message: impl Into<String>) -> Blocked {
    Blocked::Refused(Cause::new(reason, message))
}

#[cfg(test)]
mod tests;
