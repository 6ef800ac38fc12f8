//! Hands batches to a receiver, patiently but not forever.
//!
//! Each receiver has a queue and a task of its own, so that a dead one takes nothing from the others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;

/// Takes what agents emit: the built-in store, or any OTLP endpoint.
///
/// A request that fails is sent again, so receiving one twice must do no harm. Logs written inside a
/// span come before the span itself.
#[async_trait]
pub trait Receiver: Send + Sync + 'static {
    /// Takes spans.
    async fn traces(&self, request: ExportTraceServiceRequest) -> Result<(), ReceiveError>;
    /// Takes metrics; sums are cumulative.
    async fn metrics(&self, request: ExportMetricsServiceRequest) -> Result<(), ReceiveError>;
    /// Takes log records.
    async fn logs(&self, request: ExportLogsServiceRequest) -> Result<(), ReceiveError>;
}

/// Why a receiver did not take a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the telemetry was not received: {0}")]
pub struct ReceiveError(pub String);

/// How often, and how long, a receiver is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) attempts: u32,
    /// The pause after the first attempt; doubled after each further one.
    pub(super) pause: Duration,
    pub(super) timeout: Duration,
}

/// What waits for a receiver.
pub(super) enum Delivery {
    Batch(Arc<Batch>),
    /// Answered when everything before it has been delivered, or given up.
    Barrier(oneshot::Sender<()>),
}

/// The pipeline's side of a receiver.
pub(super) struct Outlet {
    queue: mpsc::Sender<Delivery>,
    dropped: Arc<AtomicU64>,
}

impl Outlet {
    /// An outlet that holds `bound` batches, and the queue to [`deliver`] from.
    pub(super) fn new(bound: usize, dropped: Arc<AtomicU64>) -> (Self, mpsc::Receiver<Delivery>) {
        let (queue, deliveries) = mpsc::channel(bound.max(1));
        (Self { queue, dropped }, deliveries)
    }

    /// Queues a batch, or drops it when the receiver is too far behind.
    pub(super) fn send(&self, batch: &Arc<Batch>) {
        if self
            .queue
            .try_send(Delivery::Batch(Arc::clone(batch)))
            .is_err()
        {
            self.dropped.fetch_add(batch.len(), Ordering::Relaxed);
        }
    }

    /// Resolves when everything sent so far is delivered or dropped; `None` when the receiver is too
    /// far behind to say.
    pub(super) fn barrier(&self) -> Option<oneshot::Receiver<()>> {
        let (done, reached) = oneshot::channel();
        self.queue.try_send(Delivery::Barrier(done)).ok()?;
        Some(reached)
    }
}

/// Delivers until the queue is closed and empty.
pub(super) async fn deliver(
    receiver: Arc<dyn Receiver>,
    mut deliveries: mpsc::Receiver<Delivery>,
    patience: Patience,
    dropped: Arc<AtomicU64>,
) {
    let mut failing = false;
    while let Some(delivery) = deliveries.recv().await {
        match delivery {
            Delivery::Batch(batch) => match try_all(receiver.as_ref(), &batch, patience).await {
                Ok(()) => failing = false,
                Err(error) => {
                    dropped.fetch_add(batch.len(), Ordering::Relaxed);
                    // Said once per outage: each batch would repeat it.
                    if !failing {
                        tracing::warn!("{error}; it is dropped until the receiver is back");
                    }
                    failing = true;
                }
            },
            Delivery::Barrier(done) => {
                // Nobody waits any more when the flush was given up.
                done.send(()).ok();
            }
        }
    }
}

async fn try_all(
    receiver: &dyn Receiver,
    batch: &Batch,
    patience: Patience,
) -> Result<(), ReceiveError> {
    let mut pause = patience.pause;
    let mut attempt = 1;
    loop {
        match try_once(receiver, batch.clone(), patience.timeout).await {
            Ok(()) => return Ok(()),
            Err(error) if attempt >= patience.attempts => return Err(error),
            Err(_) => tokio::time::sleep(pause).await,
        }
        attempt += 1;
        pause *= 2;
    }
}

async fn try_once(
    receiver: &dyn Receiver,
    batch: Batch,
    timeout: Duration,
) -> Result<(), ReceiveError> {
    let sending = async {
        match batch {
            Batch::Traces(request) => receiver.traces(request).await,
            Batch::Metrics(request) => receiver.metrics(request).await,
            Batch::Logs(request) => receiver.logs(request).await,
        }
    };
    tokio::time::timeout(timeout, sending)
        .await
        .unwrap_or_else(|_| Err(ReceiveError(format!("no answer within {timeout:?}"))))
}
