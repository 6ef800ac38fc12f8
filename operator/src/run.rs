//! The three controllers, and what wakes them.
//!
//! Kube's `Controller` would watch each kind once per controller that cares for it. Here each kind is
//! watched once, its store is shared by all reconcilers, and every wake-up is a name in the queue of
//! a controller. A name whose object is not in the store any more is one whose workload has to go:
//! that is how deletes are noticed, in order with the reconciles of the same object.

use std::sync::Arc;

use api::clock::Clock;
use api::plan::ResourceId;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered};
use futures::{FutureExt, Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::reflector;
use kube::{Api, Client};
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::control::{Controller, control};
use crate::links::{self, Stores};
use crate::reconcile::Context;
use crate::retries::Retries;
use crate::watch::{names_only, reflected};
use crate::{Kind, Workloads, agent, mcp_server, model_api};

/// How many names may wait in a queue. A controller takes them at once and drops doubles, so a queue
/// is short; a burst beyond this makes the watches wait.
const QUEUE: usize = 1024;

/// Why the controllers ended without having been asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the tasks returned.
    #[error("the {task} ended while it was still needed")]
    EndedEarly {
        /// What it was.
        task: &'static str,
    },
    /// One of the tasks panicked.
    #[error("the {task} crashed")]
    Crashed {
        /// What it was.
        task: &'static str,
        /// What the runtime knows of it.
        source: JoinError,
    },
}

/// Keeps workloads and statuses in accord with the objects of `client`, in all namespaces, until
/// `shutdown` fires; what is being reconciled then is finished first. Workloads are left running:
/// whoever made them stops them.
pub async fn run(
    client: Client,
    workloads: Arc<dyn Workloads>,
    clock: Arc<dyn Clock>,
    tracker: &TaskTracker,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let (stores, watches) = watches(&client, workloads.as_ref());
    let context = Arc::new(Context {
        client,
        workloads,
        clock,
        stores,
        retries: Retries::default(),
    });
    let (queues, controllers) = controllers(&context, &shutdown);
    let watches = watches.into_iter().map(|(name, names)| {
        let wake = wake(names, queues.clone(), shutdown.clone());
        (name, wake.boxed())
    });

    let mut tasks: FuturesUnordered<_> = watches
        .chain(controllers)
        .map(|(task, future)| {
            let handle = tracker.spawn(future);
            async move { (task, handle.await) }
        })
        .collect();
    while let Some((task, result)) = tasks.next().await {
        result.map_err(|source| Error::Crashed { task, source })?;
        if !shutdown.is_cancelled() {
            return Err(Error::EndedEarly { task });
        }
    }
    Ok(())
}

/// A stream of what has to be reconciled, and the name of where it comes from.
type Watch = (&'static str, BoxStream<'static, (Kind, ResourceId)>);

/// A task and its name.
type Task = (&'static str, BoxFuture<'static, ()>);

fn watches(client: &Client, workloads: &dyn Workloads) -> (Stores, Vec<Watch>) {
    let (agents, agent_writer) = reflector::store();
    let (model_apis, model_api_writer) = reflector::store();
    let (mcp_servers, mcp_server_writer) = reflector::store();
    let stores = Stores {
        agents,
        model_apis,
        mcp_servers,
    };
    let agents = reflected(Api::all(client.clone()), agent_writer);
    let model_apis = reflected(Api::all(client.clone()), model_api_writer);
    let mcp_servers = reflected(Api::all(client.clone()), mcp_server_writer);
    let secrets = names_only::<Secret>(client.clone());
    let config_maps = names_only::<ConfigMap>(client.clone());
    let watches = vec![
        (
            "watch of Agents",
            mapped(agents, &stores, links::after_agent),
        ),
        (
            "watch of ModelAPIs",
            mapped(model_apis, &stores, links::after_model_api),
        ),
        (
            "watch of MCPServers",
            mapped(mcp_servers, &stores, links::after_mcp_server),
        ),
        (
            "watch of Secrets",
            mapped(secrets, &stores, links::after_secret),
        ),
        (
            "watch of ConfigMaps",
            mapped(config_maps, &stores, links::after_config_map),
        ),
        ("watch of workloads", workloads.changes()),
    ];
    (stores, watches)
}

fn mapped(
    names: impl Stream<Item = ResourceId> + Send + 'static,
    stores: &Stores,
    after: fn(&Stores, &ResourceId) -> Vec<(Kind, ResourceId)>,
) -> BoxStream<'static, (Kind, ResourceId)> {
    let stores = stores.clone();
    names
        .flat_map(move |id| stream::iter(after(&stores, &id)))
        .boxed()
}

fn controllers(context: &Arc<Context>, shutdown: &CancellationToken) -> (Queues, Vec<Task>) {
    let (agents, agent_names) = mpsc::channel(QUEUE);
    let (model_apis, model_api_names) = mpsc::channel(QUEUE);
    let (mcp_servers, mcp_server_names) = mpsc::channel(QUEUE);
    let queues = Queues {
        agents,
        model_apis,
        mcp_servers,
    };
    let agents = Controller {
        kind: Kind::Agent,
        store: context.stores.agents.clone(),
        names: agent_names,
        reconcile: |object, context| agent::reconcile(object, context).boxed(),
    };
    let model_apis = Controller {
        kind: Kind::ModelApi,
        store: context.stores.model_apis.clone(),
        names: model_api_names,
        reconcile: |object, context| model_api::reconcile(object, context).boxed(),
    };
    let mcp_servers = Controller {
        kind: Kind::McpServer,
        store: context.stores.mcp_servers.clone(),
        names: mcp_server_names,
        reconcile: |object, context| mcp_server::reconcile(object, context).boxed(),
    };
    let tasks = vec![
        (
            "controller of Agents",
            control(agents, context, shutdown).boxed(),
        ),
        (
            "controller of ModelAPIs",
            control(model_apis, context, shutdown).boxed(),
        ),
        (
            "controller of MCPServers",
            control(mcp_servers, context, shutdown).boxed(),
        ),
    ];
    (queues, tasks)
}

/// The way into each controller.
#[derive(Clone)]
struct Queues {
    agents: mpsc::Sender<ResourceId>,
    model_apis: mpsc::Sender<ResourceId>,
    mcp_servers: mpsc::Sender<ResourceId>,
}

/// Hands names to the controllers until `shutdown` fires, whose controllers take no more.
async fn wake(
    mut names: BoxStream<'static, (Kind, ResourceId)>,
    queues: Queues,
    shutdown: CancellationToken,
) {
    while let Some(Some((kind, id))) = shutdown.run_until_cancelled(names.next()).await {
        let queue = match kind {
            Kind::Agent => &queues.agents,
            Kind::ModelApi => &queues.model_apis,
            Kind::McpServer => &queues.mcp_servers,
        };
        if queue.send(id).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
