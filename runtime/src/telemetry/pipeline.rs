//! The one task that collects what all services emit and hands it to the receivers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use api::plan::TelemetryPlan;
use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    DeliveryStatus, Exposition, Receiver, RootSampling, Sampling, Service,
    batch::{self, by_destination},
    delivery::Patience,
    destinations::{Deliveries, Destination, Destinations, quiet},
    losses::Losses,
    meters::{Meters, Scope},
    queue::{self, Bounds, Drain, Queue},
    service::{Identity, Role},
};

/// How long runs that were cancelled by the shutdown have to end their spans.
const LAST_WORDS: Duration = Duration::from_millis(200);
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

impl PipelineSettings {
    fn patience(&self) -> Patience {
        Patience {
            attempts: self.attempts,
            pause: self.retry_pause,
            timeout: self.timeout,
        }
    }
}

/// What is different about the telemetry of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTelemetry {
    /// Whether it goes anywhere; it can be scraped all the same.
    pub emits: bool,
    /// An OTLP endpoint instead of those that all others are exported to, `http://host:port`.
    pub endpoint: Option<String>,
    /// Whether messages, arguments and results go into its spans; `None` is as for all.
    pub capture_content: Option<CaptureContent>,
}

impl ServiceTelemetry {
    /// What a resource asks for.
    pub fn of(plan: &TelemetryPlan) -> Self {
        let TelemetryPlan {
            emits,
            endpoint,
            capture_content,
        } = plan;
        let capture = |captures| {
            if captures {
                CaptureContent::On
            } else {
                CaptureContent::Off
            }
        };
        Self {
            emits: *emits,
            endpoint: endpoint.clone(),
            capture_content: capture_content.map(capture),
        }
    }
}

impl Default for ServiceTelemetry {
    fn default() -> Self {
        Self {
            emits: true,
            endpoint: None,
            capture_content: None,
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
    destinations: Arc<Destinations>,
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
        let losses = Arc::new(Losses::new(Arc::clone(&dropped)));
        let deliveries = Deliveries {
            max_waiting: settings.max_waiting_batches,
            patience: settings.patience(),
            dropped: Arc::clone(&dropped),
            losses: Arc::clone(&losses),
            tracker: tracker.clone(),
            shutdown: shutdown.clone(),
        };
        let destinations = Arc::new(Destinations::new(receivers, deliveries));
        let (flushes, asked) = mpsc::channel(MAX_FLUSHES);
        let collector = Collector {
            losses: Arc::clone(&losses),
            queue: Arc::clone(&queue),
            drain,
            meters: Arc::clone(&meters),
            destinations: Arc::clone(&destinations),
            max_batch: settings.max_batch,
        };
        let (flush, measure) = (settings.flush_interval, settings.metric_interval);
        tracker.spawn(quiet(collector.run(asked, flush, measure, shutdown)));
        let shared = Shared {
            queue,
            destinations,
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

    /// The agent `name` of `namespace`.
    pub fn service(&self, name: &str, namespace: &str) -> Service {
        self.service_with(name, namespace, &ServiceTelemetry::default())
    }

    /// The same, with what is different about its telemetry.
    pub fn service_with(
        &self,
        name: &str,
        namespace: &str,
        telemetry: &ServiceTelemetry,
    ) -> Service {
        self.service_as(Role::Agent, (name, namespace), telemetry)
    }

    /// What agents of `namespace` use as `name`. It tells of what it does for those whose trace is
    /// kept.
    pub fn used_service(
        &self,
        name: &str,
        namespace: &str,
        telemetry: &ServiceTelemetry,
    ) -> Service {
        self.service_as(Role::Used, (name, namespace), telemetry)
    }

    fn service_as(
        &self,
        role: Role,
        (name, namespace): (&str, &str),
        telemetry: &ServiceTelemetry,
    ) -> Service {
        let destination = match (telemetry.emits, &telemetry.endpoint) {
            (false, _) => Destination::Nowhere,
            (true, None) => Destination::Usual,
            (true, Some(url)) => self.shared.destinations.at(url).unwrap_or_else(|error| {
                tracing::warn!("the telemetry of {namespace}/{name} goes where all goes: {error}");
                Destination::Usual
            }),
        };
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
            role,
            version,
            sampling: match (telemetry.emits, role) {
                (false, _) => Sampling::Own(RootSampling::Nothing),
                (true, Role::Agent) => *sampling,
                (true, Role::Used) => sampling.as_parent(),
            },
            resource_attributes,
            destination,
            capture_content: telemetry.capture_content.unwrap_or(*capture_content),
        };
        Service::new(&identity, queue, meters)
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

/// The task's own state.
struct Collector {
    losses: Arc<Losses>,
    queue: Arc<Queue>,
    drain: Drain,
    meters: Arc<Meters>,
    destinations: Arc<Destinations>,
    max_batch: usize,
}

impl Collector {
    /// Runs until `shutdown` fires; the deliveries end with it.
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
        self.destinations.end().await;
    }

    fn flush(&mut self, asked: oneshot::Sender<Barriers>) {
        self.send_emitted();
        self.send_metrics(Scope::Changed);
        // Whoever asked may have gone.
        asked.send(self.destinations.barriers()).ok();
    }

    fn send_emitted(&mut self) {
        let Self {
            drain,
            destinations,
            max_batch,
            ..
        } = self;
        let waiting = drain.waiting();
        for logs in queue::parts(&mut drain.logs, waiting.logs, *max_batch) {
            for (to, logs) in by_destination(logs, |it| &it.source.destination) {
                destinations.send(&to, batch::logs(logs));
            }
        }
        for spans in queue::parts(&mut drain.spans, waiting.spans, *max_batch) {
            for (to, spans) in by_destination(spans, |it| &it.source.destination) {
                destinations.send(&to, batch::traces(spans));
            }
        }
    }

    fn send_metrics(&self, scope: Scope) {
        self.losses.publish();
        for (to, metrics) in by_destination(self.meters.collect(scope), |(to, _)| to) {
            let mut metrics = metrics.into_iter().map(|(_, metrics)| metrics);
            while let Some(batch) = batch::metrics(metrics.by_ref().take(self.max_batch.max(1))) {
                self.destinations.send(&to, batch);
            }
        }
    }
}
