//! Step 2: decides whether an MCP server can run, and what it runs.

use api::plan::{McpRuntime, Secret};
use api::resources::{McpServerSpec, mcp_server::McpTransport};
use api::validation::validate_mcp_server;

use super::dereference::{Found, Values};
use super::registry::{Registry, Runtime};
use crate::keys::Lookup;
use crate::report::{Blocked, Cause, refuse_invalid};

/// Runtimes that need no registry.
pub(super) const BUILT_IN: [&str; 3] = ["python-string", "custom", "url"];
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
    let is_there = |(_, lookup): &&(String, Lookup)| *lookup != Lookup::Absent;
    let given = found.env.iter().filter(is_there);
    let given: Vec<String> = given.map(|(name, _)| name.clone()).collect();
    let mut missing = Vec::new();
    let mut env = present(found.env, &mut missing);
    let headers = present(found.headers, &mut missing);
    let runtime = match spec.runtime.as_str() {
        "python-string" => McpRuntime::PythonString(spec.params.clone().unwrap_or_default()),
        "custom" => command(spec)?,
        "url" => elsewhere(spec, headers)?,
        _ => {
            let runtime = registered(spec, &found.registry)?;
            require(spec, runtime, &given)?;
            env.extend(params(spec, runtime)?);
            local(spec, runtime)?
        }
    };
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

/// The runtime of the registry that the spec names.
fn registered<'a>(spec: &McpServerSpec, registry: &'a Registry) -> Result<&'a Runtime, Blocked> {
    let name = &spec.runtime;
    let runtimes = registry.as_ref();
    let runtimes = runtimes.map_err(|error| refused("RegistryUnreadable", error.clone()))?;
    if let Some(runtime) = runtimes.get(name) {
        return Ok(runtime);
    }
    if IMAGES.contains(&name.as_str()) {
        return Err(needs_cluster(name));
    }
    let known: Vec<&str> = BUILT_IN
        .into_iter()
        .chain(runtimes.keys().map(String::as_str))
        .collect();
    let known = known.join(", ");
    Err(refused(
        "UnknownRuntime",
        format!("spec.runtime: {name} is not known; use one of {known}"),
    ))
}

/// Refuses a spec without a variable that its runtime cannot work without.
fn require(spec: &McpServerSpec, runtime: &Runtime, given: &[String]) -> Result<(), Blocked> {
    let required = runtime.required_env.iter();
    let lacking: Vec<&str> = required
        .filter(|name| !given.contains(name))
        .map(String::as_str)
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let (name, lacking) = (&spec.runtime, lacking.join(", "));
    Err(refused(
        "RequiredEnvMissing",
        format!(
            "spec.container.env: the runtime {name} needs {lacking}; give it there, from a Secret \
             if it is one"
        ),
    ))
}

/// The variable in which the runtime wants the parameters.
fn params(spec: &McpServerSpec, runtime: &Runtime) -> Result<Option<(String, Secret)>, Blocked> {
    match (&spec.params, &runtime.params_env_var) {
        (Some(params), Some(variable)) => Ok(Some((variable.clone(), Secret::new(params)))),
        (None, _) => Ok(None),
        (Some(_), None) => Err(refused(
            "Invalid",
            format!("spec.params: the runtime {} takes none", spec.runtime),
        )),
    }
}

/// A runtime of the registry on this machine.
fn local(spec: &McpServerSpec, runtime: &Runtime) -> Result<McpRuntime, Blocked> {
    if runtime.image.is_some() || runtime.command.is_empty() {
        return Err(needs_cluster(&spec.runtime));
    }
    let own = spec.container.as_ref().map_or(&[][..], |of| &of.args);
    Ok(McpRuntime::Command {
        argv: [runtime.command.as_slice(), &runtime.args, own].concat(),
        transport: runtime.transport.unwrap_or(McpTransport::Http),
    })
}

fn needs_cluster(runtime: &str) -> Blocked {
    refused(
        "NeedsCluster",
        format!(
            "spec.runtime: {runtime} is a container image, which needs a cluster; here, use \
             python-string, url, or custom with spec.container.command"
        ),
    )
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
