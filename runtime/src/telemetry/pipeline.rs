//! The one task that collects what all services emit and hands it to the receivers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use opentelemetry::{Context, trace::FutureExt};
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    DeliveryStatus, Exposition, Receiver, Sampling, Service,
    batch::{self, Batch},
    delivery::{Outlet, Patience, deliver},
    ledger::Ledger,
    losses::Losses,
    meters::{Meters, Scope},
    queue::{Bounds, Drain, Queue},
    service::Identity,
};

/// How long runs that were cancelled by the shutdown have to end their spans.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long after the shutdown everything must be delivered.
const LAST_DELIVERY: Duration = Duration::from_secs(2);
/// Flushes that may wait at a time.
const MAX_FLUSHES: usize = 16;

/// How a pipeline works.
#[derive(Clone, Debug)]
pub struct PipelineSettings {
    /// How long spans and logs are collected before they are sent.
    pub flush_interval: Duration,
    /// How often metrics are read.
    pub metric_interval: Duration,
    /// Spans that may wait to be sent.
    pub max_spans: usize,
    /// Log records that may wait to be sent.
    pub max_logs: usize,
    /// Spans, log records or services' metrics in one request to a receiver.
    pub max_batch: usize,
    /// Requests that may wait for a slow receiver.
    pub max_waiting_batches: usize,
    /// Bytes of a text attribute; longer ones are cut.
    pub max_text_bytes: usize,
    /// How often a request is tried.
    pub attempts: u32,
    /// The pause after the first attempt; doubled after each further one, up to five seconds.
    pub retry_pause: Duration,
    /// How long any receiver may take for a request.
    pub timeout: Duration,
    /// Which traces are kept.
    pub sampling: Sampling,
    /// Attributes of every service's resource, beside its own.
    pub resource_attributes: Vec<(String, String)>,
    /// Whether messages, arguments and results go into spans.
    pub capture_content: CaptureContent,
    /// The `service.version` of all services.
    pub version: String,
}

impl Default for PipelineSettings {
    fn default() -> Self {
        Self {
            flush_interval: Duration::from_millis(200),
            metric_interval: Duration::from_secs(5),
            max_spans: 16_384,
            max_logs: 16_384,
            max_batch: 512,
            max_waiting_batches: 64,
            max_text_bytes: 256 * 1024,
            attempts: 8,
            retry_pause: Duration::from_millis(250),
            timeout: Duration::from_mins(1),
            sampling: Sampling::default(),
            resource_attributes: Vec::new(),
            capture_content: CaptureContent::Off,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Whether messages, arguments and results go into spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureContent {
    /// They may hold what people would not want stored.
    #[default]
    Off,
    /// They go into spans, cut at [`PipelineSettings::max_text_bytes`].
    On,
}

/// Where all services of a process send their telemetry; cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Arc<Queue>,
    meters: Arc<Meters>,
    flushes: mpsc::Sender<oneshot::Sender<Barriers>>,
    dropped: Arc<AtomicU64>,
    losses: Arc<Losses>,
    services: AtomicU64,
    capture_content: CaptureContent,
    sampling: Sampling,
    resource_attributes: Vec<(String, String)>,
    version: String,
}

/// One for each receiver that is not too far behind.
type Barriers = Vec<oneshot::Receiver<()>>;

impl Pipeline {
    /// Starts collecting on `tracker`. Once `shutdown` fires, everything still emitted is delivered
    /// within two seconds; the receivers have to live that long.
    pub fn start(
        receivers: Vec<Arc<dyn Receiver>>,
        settings: PipelineSettings,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let dropped = Arc::<AtomicU64>::default();
        let bounds = Bounds {
            spans: settings.max_spans,
            logs: settings.max_logs,
            text_bytes: settings.max_text_bytes,
        };
        let (queue, drain) = Queue::new(&bounds, Arc::clone(&dropped));
        let queue = Arc::new(queue);
        let meters = Arc::<Meters>::default();
        let (outlets, ledgers) =
            start_deliveries(receivers, &settings, &dropped, tracker, &shutdown);
        let (flushes, asked) = mpsc::channel(MAX_FLUSHES);
        let losses = Arc::new(Losses::new(ledgers, Arc::clone(&dropped)));
        let collector = Collector {
            losses: Arc::clone(&losses),
            queue: Arc::clone(&queue),
            drain,
            meters: Arc::clone(&meters),
            outlets,
            max_batch: settings.max_batch,
        };
        let (flush, measure) = (settings.flush_interval, settings.metric_interval);
        tracker.spawn(quiet(collector.run(asked, flush, measure, shutdown)));
        let shared = Shared {
            queue,
            meters,
            flushes,
            dropped,
            losses,
            services: AtomicU64::new(0),
            capture_content: settings.capture_content,
            sampling: settings.sampling,
            resource_attributes: settings.resource_attributes,
            version: settings.version,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The service `name` of `namespace`.
    pub fn service(&self, name: &str, namespace: &str) -> Service {
        let Shared {
            queue,
            meters,
            services,
            capture_content,
            sampling,
            resource_attributes,
            version,
            ..
        } = &*self.shared;
        let id = services.fetch_add(1, Ordering::Relaxed);
        let identity = Identity {
            id,
            name,
            namespace,
            version,
            sampling: *sampling,
            resource_attributes,
        };
        Service::new(&identity, queue, meters, *capture_content)
    }

    /// The program itself as a service: what telemetry lost is among its metrics.
    pub fn own_service(&self, name: &str, namespace: &str) -> Service {
        let own = self.service(name, namespace);
        let table = own.instruments().table();
        self.shared.losses.show_in(Arc::clone(table));
        own
    }

    /// Resolves when everything emitted before has been handed to the receivers, or dropped.
    pub async fn flush(&self) {
        let (asked, barriers) = oneshot::channel();
        // Neither fails but after the shutdown, when everything has been handed over.
        if self.shared.flushes.send(asked).await.is_ok()
            && let Ok(barriers) = barriers.await
        {
            futures::future::join_all(barriers).await;
        }
    }

    /// Everything that all services have measured, as text for a scraper.
    pub fn exposition(&self, form: Exposition) -> String {
        self.shared.losses.publish();
        form.write(&self.shared.meters.tables())
    }

    /// How it goes with each receiver.
    pub fn deliveries(&self) -> Vec<DeliveryStatus> {
        self.shared.losses.deliveries()
    }

    /// How many spans, log records and data points were lost because the queue was full or a
    /// receiver did not take them in time; what two receivers lost counts twice.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

/// What telemetry itself logs must not become telemetry.
fn quiet<F: Future>(task: F) -> impl Future<Output = F::Output> {
    task.with_context(Context::new().with_telemetry_suppressed())
}

fn start_deliveries(
    receivers: Vec<Arc<dyn Receiver>>,
    settings: &PipelineSettings,
    dropped: &Arc<AtomicU64>,
    tracker: &TaskTracker,
    shutdown: &CancellationToken,
) -> (Vec<Outlet>, Vec<Arc<Ledger>>) {
    let patience = Patience {
        attempts: settings.attempts,
        pause: settings.retry_pause,
        timeout: settings.timeout,
    };
    let start = |receiver: Arc<dyn Receiver>| {
        let bound = settings.max_waiting_batches;
        let ledger = Arc::new(Ledger::new(receiver.name(), Arc::clone(dropped)));
        let (outlet, deliveries) = Outlet::new(bound, Arc::clone(&ledger));
        let delivering = deliver(receiver, deliveries, patience, Arc::clone(&ledger));
        let shutdown = shutdown.clone();
        tracker.spawn(quiet(async move {
            let given_up = async {
                shutdown.cancelled().await;
                tokio::time::sleep(LAST_DELIVERY).await;
            };
            tokio::select! {
                () = delivering => {}
                () = given_up => tracing::warn!("a telemetry receiver is too slow to stop for"),
            }
        }));
        (outlet, ledger)
    };
    receivers.into_iter().map(start).unzip()
}

/// The task's own state.
struct Collector {
    losses: Arc<Losses>,
    queue: Arc<Queue>,
    drain: Drain,
    meters: Arc<Meters>,
    outlets: Vec<Outlet>,
    max_batch: usize,
}

impl Collector {
    /// Runs until `shutdown` fires; its outlets close when it ends.
    async fn run(
        mut self,
        mut flushes: mpsc::Receiver<oneshot::Sender<Barriers>>,
        flush_interval: Duration,
        metric_interval: Duration,
        shutdown: CancellationToken,
    ) {
        let queue = Arc::clone(&self.queue);
        let [mut flush, mut measure] = [flush_interval, metric_interval].map(|period| {
            let mut ticks = interval(period.max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = flush.tick() => self.send_emitted(),
                () = queue.filling() => self.send_emitted(),
                _ = measure.tick() => self.send_metrics(Scope::Changed),
                Some(asked) = flushes.recv() => self.flush(asked),
            }
        }
        tokio::time::sleep(LAST_WORDS).await;
        self.send_emitted();
        self.send_metrics(Scope::All);
    }

    fn flush(&mut self, asked: oneshot::Sender<Barriers>) {
        self.send_emitted();
        self.send_metrics(Scope::Changed);
        let barriers = self.outlets.iter().filter_map(Outlet::barrier).collect();
        // Whoever asked may have gone.
        asked.send(barriers).ok();
    }

    fn send_emitted(&mut self) {
        let (spans, logs) = self.drain.take();
        self.send(batch::logs(logs, self.max_batch));
        self.send(batch::traces(spans, self.max_batch));
    }

    fn send_metrics(&self, scope: Scope) {
        self.losses.publish();
        self.send(batch::metrics(self.meters.collect(scope), self.max_batch));
    }

    fn send(&self, batches: impl Iterator<Item = Batch>) {
        for batch in batches.map(Arc::new) {
            for outlet in &self.outlets {
                outlet.send(&batch);
            }
        }
    }
}
