//! Step 2: decides whether an MCP server can run, and what it runs.

use api::plan::{McpRuntime, Secret};
use api::resources::McpServerSpec;
use api::validation::validate_mcp_server;

use super::dereference::{Found, Values};
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

/// Decides by the spec, then by its runtime, then by what it takes from elsewhere.
pub(super) fn validate(
    name: &str,
    spec: &McpServerSpec,
    found: Found,
) -> Result<ValidMcpServer, Blocked> {
    refuse_invalid(&validate_mcp_server(name, spec))?;
    let mut missing = Vec::new();
    let env = present(found.env, &mut missing);
    let headers = present(found.headers, &mut missing);
    let runtime = runtime(spec, headers)?;
    if missing.is_empty() {
        Ok(ValidMcpServer { runtime, env })
    } else {
        Err(Blocked::Waiting(missing))
    }
}

/// The values there are; what is missing and must not be goes to `missing`.
fn present(values: Values, missing: &mut Vec<Cause>) -> Vec<(String, Secret)> {
    let mut present = Vec::new();
    for (name, lookup) in values {
        match lookup {
            Lookup::Found(value) => present.push((name, value)),
            Lookup::Absent => {}
            Lookup::Missing(cause) => missing.push(cause),
        }
    }
    present
}

fn runtime(spec: &McpServerSpec, headers: Vec<(String, Secret)>) -> Result<McpRuntime, Blocked> {
    let params = spec.params.clone().unwrap_or_default();
    match spec.runtime.as_str() {
        "python-string" => Ok(McpRuntime::PythonString(params)),
        "custom" => command(spec),
        "url" => elsewhere(spec, headers),
        name if IMAGES.contains(&name) => Err(refused(
            "NeedsCluster",
            format!(
                "spec.runtime: {name} is a container image, which needs a cluster; here, use \
                 python-string, url, or custom with spec.container.command"
            ),
        )),
        name => Err(refused(
            "UnknownRuntime",
            format!("spec.runtime: {name} is not known; use python-string, custom or url"),
        )),
    }
}

fn command(spec: &McpServerSpec) -> Result<McpRuntime, Blocked> {
    match &spec.container {
        Some(container) if !container.command.is_empty() => Ok(McpRuntime::Command {
            argv: [container.command.as_slice(), &container.args].concat(),
            transport: spec.transport.unwrap_or_default(),
        }),
        Some(_) | None => Err(refused(
            "NeedsCluster",
            "spec.container.image: a container image needs a cluster; here, say in \
             spec.container.command what to run",
        )),
    }
}

fn elsewhere(spec: &McpServerSpec, headers: Vec<(String, Secret)>) -> Result<McpRuntime, Blocked> {
    let can_be_sent = |value: &Secret| {
        let mut bytes = value.expose().bytes();
        bytes.all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
    };
    if let Some((name, _)) = headers.iter().find(|(_, value)| !can_be_sent(value)) {
        return Err(refused(
            "InvalidHeader",
            format!("spec.headers: the value of {name} has characters that no header may have"),
        ));
    }
    Ok(McpRuntime::Url {
        url: spec.url.clone().unwrap_or_default(),
        headers,
    })
}

fn refused(reason: &'static str, message: impl Into<String>) -> Blocked {
    Blocked::Refused(Cause::new(reason, message))
}

#[cfg(test)]
mod tests;
