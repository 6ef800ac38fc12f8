//! The reconciler of `MCPServer`s.

mod build;
mod dereference;
mod registry;
mod status;
mod validate;

use std::sync::Arc;

use api::plan::ResourceId;
use api::resources::MCPServer;
use kube::runtime::controller::Action;

pub(crate) use registry::is_registry;

use crate::Kind;
use crate::links::Guarded;
use crate::reconcile::{Context, Error, applied, report_malformed, write_status};
use crate::report::{Before, Outcome};
use crate::watch::id_of;

/// Brings one MCP server in accord with its spec.
pub(crate) async fn reconcile(
    object: Arc<Guarded<MCPServer>>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let id = id_of(&*object);
    let server = match &object.0 {
        Ok(server) => server,
        Err(error) => {
            return report_malformed::<MCPServer>(&context, (Kind::McpServer, &id), error).await;
        }
    };
    let (outcome, result) = apply(&id, server, &context).await?;

    let reported = server.status.as_ref();
    let before = Before {
        conditions: reported.map_or(&[], |status| &status.conditions),
        generation: server.metadata.generation,
        now: context.clock.now(),
    };
    let status = status::build(&outcome, &before);
    write_status::<MCPServer, _>(&context.client, (Kind::McpServer, &id), reported, &status)
        .await?;
    result.map(|()| Action::await_change())
}

/// Runs what can be run. An MCP server that cannot, stops.
async fn apply(
    id: &ResourceId,
    server: &MCPServer,
    context: &Context,
) -> Result<(Outcome, Result<(), Error>), Error> {
    let workloads = context.workloads.as_ref();
    let found = dereference::dereference(&context.client, &id.namespace, &server.spec).await?;
    let valid = match validate::validate(&id.name, &server.spec, found) {
        Ok(valid) => valid,
        Err(blocked) => {
            workloads.stop(Kind::McpServer, id).await?;
            return Ok((Outcome::Blocked(blocked), Ok(())));
        }
    };
    let plan = build::build(id, &server.spec, valid);
    let result = workloads.apply_mcp_server(plan).await;
    let (outcome, result) = applied(result, Vec::new(), || {
        workloads.endpoint(Kind::McpServer, id)
    });
    Ok((outcome, result.map_err(Error::from)))
}
