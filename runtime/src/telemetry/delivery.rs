//! Hands batches to a receiver, patiently but not forever.
//!
//! Each receiver has a queue and a task of its own, so that a dead one takes nothing from the others.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use tokio::sync::{mpsc, oneshot};

use super::{Place, batch::Batch, ledger::Ledger};

/// The longest pause between two attempts, unless the receiver asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that a receiver can ask for.
const LONGEST_WISH: Duration = Duration::from_mins(1);

/// Takes what agents emit: the built-in store, or any OTLP endpoint.
///
/// Requests are lent, because one that fails is sent again; receiving one twice must do no harm. Logs
/// written inside a span come before the span itself.
#[async_trait]
pub trait Receiver: Send + Sync + 'static {
    /// What the status and logs call it.
    fn name(&self) -> String {
        "a receiver".to_owned()
    }
    /// Where it is: an endpoint of a service's own takes the place of all that are not here.
    fn place(&self) -> Place {
        Place::Here
    }
    /// Takes spans.
    async fn traces(&self, request: &ExportTraceServiceRequest) -> Result<Received, ReceiveError>;
    /// Takes metrics; sums are cumulative.
    async fn metrics(
        &self,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Received, ReceiveError>;
    /// Takes log records.
    async fn logs(&self, request: &ExportLogsServiceRequest) -> Result<Received, ReceiveError>;
}

/// What a receiver took of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Spans, data points or log records that it will never take.
    pub rejected: u64,
    /// Why.
    pub reason: String,
}

impl Received {
    /// All but `rejected`, as OTLP's partial success says it.
    pub fn without(rejected: i64, reason: String) -> Self {
        Self {
            rejected: u64::try_from(rejected).unwrap_or(0),
            reason,
        }
    }
}

/// Why a receiver did not take a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the telemetry was not received: {reason}")]
pub struct ReceiveError {
    /// What it said.
    pub reason: String,
    /// Whether it may take the same request later.
    pub again: Again,
}

/// Whether a request is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// No: it would be refused again.
    Never,
    /// After a pause that grows.
    Soon,
    /// Not before the receiver's own wish.
    After(Duration),
}

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
    /// Nothing comes after it.
    End,
}

/// The pipeline's side of a receiver.
#[derive(Debug)]
pub(super) struct Outlet {
    queue: mpsc::Sender<Delivery>,
    ledger: Arc<Ledger>,
}

impl Outlet {
    /// An outlet that holds `bound` batches, and the queue to [`deliver`] from.
    pub(super) fn new(bound: usize, ledger: Arc<Ledger>) -> (Self, mpsc::Receiver<Delivery>) {
        let (queue, deliveries) = mpsc::channel(bound.max(1));
        (Self { queue, ledger }, deliveries)
    }

    /// Queues a batch, or drops it when the receiver is too far behind.
    pub(super) fn send(&self, batch: &Arc<Batch>) {
        let queued = self.queue.try_send(Delivery::Batch(Arc::clone(batch)));
        if queued.is_err() {
            self.ledger.lose(batch.signal(), batch.len());
        }
    }

    /// Resolves when everything sent so far is delivered or dropped; `None` when the receiver is too
    /// far behind to say.
    pub(super) fn barrier(&self) -> Option<oneshot::Receiver<()>> {
        let (done, reached) = oneshot::channel();
        self.queue.try_send(Delivery::Barrier(done)).ok()?;
        Some(reached)
    }

    /// Ends the delivery after everything sent so far.
    pub(super) async fn end(&self) {
        // Who has ended already, or was given up, needs no telling.
        self.queue.send(Delivery::End).await.ok();
    }
}

/// Delivers until the queue ends, or is closed and empty.
pub(super) async fn deliver(
    receiver: Arc<dyn Receiver>,
    mut deliveries: mpsc::Receiver<Delivery>,
    patience: Patience,
    ledger: Arc<Ledger>,
) {
    while let Some(delivery) = deliveries.recv().await {
        match delivery {
            Delivery::Batch(batch) => {
                let outcome = try_all(receiver.as_ref(), &batch, patience, &ledger).await;
                ledger.settle(batch.signal(), batch.len(), outcome);
            }
            Delivery::Barrier(done) => {
                // Nobody waits any more when the flush was given up.
                done.send(()).ok();
            }
            Delivery::End => return,
        }
    }
}

async fn try_all(
    receiver: &dyn Receiver,
    batch: &Batch,
    patience: Patience,
    ledger: &Ledger,
) -> Result<Received, ReceiveError> {
    let mut pause = patience.pause;
    let mut attempt = 1;
    loop {
        let error = match try_once(receiver, batch, patience.timeout).await {
            Ok(taken) => return Ok(taken),
            Err(error) => error,
        };
        let wish = match error.again {
            Again::Never => return Err(error),
            Again::Soon => Duration::ZERO,
            Again::After(wish) => wish.min(LONGEST_WISH),
        };
        if attempt >= patience.attempts {
            return Err(error);
        }
        ledger.fail(&error);
        tokio::time::sleep(pause.max(wish)).await;
        attempt += 1;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_once(
    receiver: &dyn Receiver,
    batch: &Batch,
    timeout: Duration,
) -> Result<Received, ReceiveError> {
    let sending = async {
        match batch {
            Batch::Traces(request) => receiver.traces(request).await,
            Batch::Metrics(request) => receiver.metrics(request).await,
            Batch::Logs(request) => receiver.logs(request).await,
        }
    };
    let late = |_| {
        Err(ReceiveError {
            reason: format!("no answer within {timeout:?}"),
            again: Again::Soon,
        })
    };
    tokio::time::timeout(timeout, sending)
        .await
        .unwrap_or_else(late)
}
