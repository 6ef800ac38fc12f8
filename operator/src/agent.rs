//! The reconciler of `Agent`s.
//!
//! An agent waits for its model API and its MCP servers, but not for an MCP server that has failed: it
//! answers with its other tools. It never waits for other agents, which may well wait for it.

mod build;
mod dereference;
mod memory;
mod status;
mod validate;

use std::sync::Arc;

use api::plan::ResourceId;
use api::resources::Agent;
use kube::runtime::controller::Action;

use self::dereference::Links;
use crate::Kind;
use crate::links::Guarded;
use crate::reconcile::{Context, Error, applied, report_malformed, write_status};
use crate::report::{Before, Blocked, Outcome};
use crate::watch::id_of;

/// Brings one agent in accord with its spec.
pub(crate) async fn reconcile(
    object: Arc<Guarded<Agent>>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    let id = id_of(&*object);
    let agent = match &object.0 {
        Ok(agent) => agent,
        Err(error) => {
            return report_malformed::<Agent>(&context, (Kind::Agent, &id), error).await;
        }
    };
    let complete = context.stores.complete().await;
    complete.map_err(|source| Error::List(id.clone(), source))?;

    let links = dereference::dereference(&id.namespace, &agent.spec, &context.stores);
    let (outcome, result) = apply(&id, agent, &links, &context).await?;

    let reported = agent.status.as_ref();
    let before = Before {
        conditions: reported.map_or(&[], |status| &status.conditions),
        generation: agent.metadata.generation,
        now: context.clock.now(),
    };
    let status = status::build(&outcome, &links, &before);
    write_status::<Agent, _>(&context.client, (Kind::Agent, &id), reported, &status).await?;
    result.map(|()| Action::await_change())
}

/// Runs what can be run. An agent that waits keeps its last plan, so that a dependency that is replaced
/// does not cut off answers; one that is refused stops.
async fn apply(
    id: &ResourceId,
    agent: &Agent,
    links: &Links,
    context: &Context,
) -> Result<(Outcome, Result<(), Error>), Error> {
    let workloads = context.workloads.as_ref();
    let keys = memory::dereference(&context.client, id, &agent.spec).await?;
    let valid = match validate::validate(&id.name, &agent.spec, links, keys) {
        Ok(valid) => valid,
        Err(blocked) => {
            match &blocked {
                Blocked::Refused(_) => workloads.stop(Kind::Agent, id).await?,
                Blocked::Waiting(_) => {}
            }
            return Ok((Outcome::Blocked(blocked), Ok(())));
        }
    };
    let endpoint =
        |kind, name: &str| workloads.endpoint(kind, &ResourceId::new(&id.namespace, name));
    let plan = build::build(id, agent, &valid, &endpoint);
    let result = workloads.apply_agent(plan).await;
    let (outcome, result) = applied(result, valid.without, || endpoint(Kind::Agent, &id.name));
    Ok((outcome, result.map_err(Error::from)))
}
