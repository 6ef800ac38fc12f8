//! One controller: takes names, reconciles their objects, and removes the workloads of those that
//! have gone.

use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::Arc;

use api::plan::ResourceId;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use kube::Resource;
use kube::runtime::controller::{self, Action, Config, applier};
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::Kind;
use crate::links::{Guarded, reference};
use crate::reconcile::{Context, Error};
use crate::watch::id_of;

/// How many objects of a kind are reconciled at a time: enough to hide the latency of the API.
const CONCURRENCY: u16 = 32;

/// What makes the controllers differ.
pub(crate) struct Controller<K: Resource<DynamicType = ()> + 'static> {
    pub(crate) kind: Kind,
    pub(crate) store: Store<Guarded<K>>,
    pub(crate) names: mpsc::Receiver<ResourceId>,
    pub(crate) reconcile: Reconcile<K>,
}

/// Reconciles one object.
pub(crate) type Reconcile<K> =
    fn(Arc<Guarded<K>>, Arc<Context>) -> BoxFuture<'static, Result<Action, Error>>;

/// Reconciles until `shutdown` fires, then finishes what it has begun.
pub(crate) fn control<K>(
    controller: Controller<K>,
    context: &Arc<Context>,
    shutdown: &CancellationToken,
) -> impl Future<Output = ()> + Send + use<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
{
    let Controller {
        kind,
        store,
        mut names,
        reconcile,
    } = controller;
    let queue = stream::poll_fn(move |waker| names.poll_recv(waker))
        .map(|id| Ok::<ObjectRef<Guarded<K>>, Infallible>(reference(&id)))
        .take_until(shutdown.clone().cancelled_owned());
    let context = Arc::clone(context);
    applier(
        move |object: Arc<Guarded<K>>, context| {
            if object.meta().deletion_timestamp.is_some() {
                return withdraw(kind, object, context).boxed();
            }
            reconcile(object, context)
        },
        move |object, _, context: Arc<Context>| {
            Action::requeue(context.retries.after_failure(kind, id_of(&*object)))
        },
        Arc::clone(&context),
        store,
        queue.boxed(),
        Config::default().concurrency(CONCURRENCY),
    )
    .for_each(move |result| settle(kind, Arc::clone(&context), result))
}

/// Stops what is being deleted but kept by somebody's finalizer.
async fn withdraw<K: Resource>(
    kind: Kind,
    object: Arc<K>,
    context: Arc<Context>,
) -> Result<Action, Error> {
    context.workloads.stop(kind, &id_of(&*object)).await?;
    Ok(Action::await_change())
}

type Settled<K> = Result<(ObjectRef<K>, Action), controller::Error<Error, Infallible>>;

/// Takes note of how a reconcile ended. No other one of the same kind begins meanwhile, so that an
/// object made anew under the name of a deleted one is not removed with it.
async fn settle<K: Resource<DynamicType = ()>>(
    kind: Kind,
    context: Arc<Context>,
    result: Settled<K>,
) {
    match result {
        Ok((object, _)) => context.retries.forget(kind, named(&object)),
        Err(controller::Error::ObjectNotFound(object)) => {
            let id = named(&*object);
            if let Err(error) = context.workloads.remove(kind, &id).await {
                tracing::error!(%error, "a deleted resource may still run");
            }
            context.retries.forget(kind, id);
        }
        Err(controller::Error::ReconcilerFailed(error, object)) => {
            let error = chain(&error);
            tracing::warn!(
                kaos.kind = %kind, kaos.id = %named(&*object), error, "a reconcile failed and is retried"
            );
        }
        Err(controller::Error::RunnerError(error)) => {
            tracing::error!(%error, "the controller of {kind}s cannot run");
        }
        Err(controller::Error::QueueError(never)) => match never {},
    }
}

fn named<K: kube::runtime::reflector::Lookup>(object: &ObjectRef<K>) -> ResourceId {
    ResourceId::new(object.namespace.clone().unwrap_or_default(), &object.name)
}

/// An error with all its sources, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |line, source| {
        format!("{line}: {source}")
    })
}
