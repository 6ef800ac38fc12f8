//! What was lost on the way to the receivers, as a metric of the program itself.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    DeliveryStatus, SignalCounts, catalog::TELEMETRY_DROPPED, ledger::Ledger, series::Table,
};

/// What the status calls the queue between agents and the pipeline's task.
const QUEUE: &str = "the queue";

/// The ledgers of all receivers, and where their losses are shown.
pub(super) struct Losses {
    ledgers: Mutex<Vec<Arc<Ledger>>>,
    /// What was lost in all, in the queue too.
    total: Arc<AtomicU64>,
    /// The program's own measurements.
    table: OnceLock<Arc<Table>>,
    /// What the metric has already, by receiver and kind.
    published: Mutex<HashMap<(String, &'static str), u64>>,
}

impl Losses {
    pub(super) fn new(total: Arc<AtomicU64>) -> Self {
        Self {
            ledgers: Mutex::default(),
            total,
            table: OnceLock::new(),
            published: Mutex::default(),
        }
    }

    /// From now on the metric is among these measurements.
    pub(super) fn show_in(&self, table: Arc<Table>) {
        // The first one stays: there is one program.
        self.table.set(table).ok();
    }

    /// From now on what is lost on the way to one more receiver counts.
    pub(super) fn watch(&self, ledger: Arc<Ledger>) {
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.push(ledger);
    }

    /// How it goes with each receiver that something is still sent to.
    pub(super) fn deliveries(&self) -> Vec<DeliveryStatus> {
        let ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        let used = ledgers.iter().filter(|it| Arc::strong_count(it) > 1);
        used.map(|ledger| ledger.status()).collect()
    }

    /// The same of all that ever were.
    fn all(&self) -> Vec<DeliveryStatus> {
        let ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.iter().map(|ledger| ledger.status()).collect()
    }

    /// Brings the metric up to date.
    pub(super) fn publish(&self) {
        let Some(table) = self.table.get() else {
            return;
        };
        let total = self.total.load(Ordering::Relaxed);
        let mut of_receivers = 0;
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut put = |receiver: &str, kind, lost: u64| {
            let known = published.entry((receiver.to_owned(), kind)).or_default();
            let more = u32::try_from(lost.saturating_sub(*known)).unwrap_or(u32::MAX);
            if more > 0 {
                *known += u64::from(more);
                let labels = [("receiver", receiver), ("kind", kind)];
                table.record(&TELEMETRY_DROPPED, &labels, more.into());
            }
        };
        for DeliveryStatus {
            receiver, dropped, ..
        } in self.all()
        {
            let SignalCounts {
                spans,
                data_points,
                log_records,
            } = dropped;
            of_receivers += spans + data_points + log_records;
            put(&receiver, "spans", spans);
            put(&receiver, "data_points", data_points);
            put(&receiver, "log_records", log_records);
        }
        put(
            QUEUE,
            "spans_or_log_records",
            total.saturating_sub(of_receivers),
        );
    }
}
