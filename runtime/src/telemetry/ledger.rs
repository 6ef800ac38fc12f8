//! What became of everything that was meant for a receiver.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use super::delivery::{ReceiveError, Received};

/// One of the three kinds of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// Counts for one receiver.
#[derive(Debug)]
pub(super) struct Ledger {
    receiver: String,
    delivered: Counters,
    dropped: Counters,
    /// Why the last attempt failed; `None` when it did not.
    failing: Mutex<Option<String>>,
    /// Whether it was said already that it rejects something.
    has_rejected: AtomicBool,
    /// What all receivers together were not given.
    total: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Counters {
    traces: AtomicU64,
    metrics: AtomicU64,
    logs: AtomicU64,
}

/// How it goes with one receiver of telemetry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// What it is called.
    pub receiver: String,
    /// What it has taken.
    pub delivered: SignalCounts,
    /// What it was to take and never will.
    pub dropped: SignalCounts,
    /// Why it does not take anything at the moment.
    pub failing: Option<String>,
}

/// How many of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalCounts {
    /// Spans.
    pub spans: u64,
    /// Data points.
    pub data_points: u64,
    /// Log records.
    pub log_records: u64,
}

impl Ledger {
    pub(super) fn new(receiver: String, total: Arc<AtomicU64>) -> Self {
        Self {
            receiver,
            delivered: Counters::default(),
            dropped: Counters::default(),
            failing: Mutex::default(),
            has_rejected: AtomicBool::new(false),
            total,
        }
    }

    /// `n` of `signal` will never reach the receiver.
    pub(super) fn lose(&self, signal: Signal, n: u64) {
        self.dropped.of(signal).fetch_add(n, Ordering::Relaxed);
        self.total.fetch_add(n, Ordering::Relaxed);
    }

    /// An attempt failed; another may follow.
    pub(super) fn fail(&self, error: &ReceiveError) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        // Said once per outage: each attempt would repeat it.
        if failing.is_none() {
            tracing::warn!("{}: {error}", self.receiver);
        }
        *failing = Some(error.reason.clone());
    }

    /// A request of `n` has come to its end.
    pub(super) fn settle(&self, signal: Signal, n: u64, outcome: Result<Received, ReceiveError>) {
        match outcome {
            Ok(Received { rejected, reason }) => {
                let rejected = rejected.min(n);
                let delivered = self.delivered.of(signal);
                delivered.fetch_add(n - rejected, Ordering::Relaxed);
                if rejected > 0 {
                    self.reject(rejected, &reason);
                    self.lose(signal, rejected);
                }
                self.recover();
            }
            Err(error) => {
                self.fail(&error);
                self.lose(signal, n);
            }
        }
    }

    fn reject(&self, n: u64, reason: &str) {
        let receiver = &self.receiver;
        // The count tells of the rest; each batch would repeat it.
        if !self.has_rejected.swap(true, Ordering::Relaxed) {
            tracing::warn!("{receiver} rejected {n} spans, data points or log records: {reason}");
        }
    }

    fn recover(&self) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.take().is_some() {
            let SignalCounts {
                spans,
                data_points,
                log_records,
            } = self.dropped.now();
            tracing::info!(
                "{} takes telemetry again; lost so far: {spans} spans, {data_points} data points, \
                 {log_records} log records",
                self.receiver
            );
        }
    }

    pub(super) fn status(&self) -> DeliveryStatus {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        DeliveryStatus {
            receiver: self.receiver.clone(),
            delivered: self.delivered.now(),
            dropped: self.dropped.now(),
            failing: failing.clone(),
        }
    }
}

impl Counters {
    fn of(&self, signal: Signal) -> &AtomicU64 {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    fn now(&self) -> SignalCounts {
        SignalCounts {
            spans: self.traces.load(Ordering::Relaxed),
            data_points: self.metrics.load(Ordering::Relaxed),
            log_records: self.logs.load(Ordering::Relaxed),
        }
    }
}
