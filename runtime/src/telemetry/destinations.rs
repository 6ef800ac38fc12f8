//! Where telemetry goes: to the receivers that all services share, and to the endpoints that some
//! services have of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::AtomicU64},
    time::Duration,
};

use opentelemetry::{Context, trace::FutureExt};
use tokio::sync::oneshot;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Otlp, OtlpError, OtlpSettings, Receiver,
    batch::Batch,
    delivery::{Outlet, Patience, deliver},
    ledger::Ledger,
    losses::Losses,
};

/// How long after the shutdown everything must be delivered.
const LAST_DELIVERY: Duration = Duration::from_secs(2);

/// Where the telemetry of one service goes.
#[derive(Clone, Debug, Default)]
pub(super) enum Destination {
    /// To all receivers.
    #[default]
    Usual,
    /// To the receivers in this program, and to an endpoint instead of all others.
    Own(Arc<Outlet>),
    /// To nobody.
    Nowhere,
}

impl Destination {
    /// Whether both are the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Usual, Self::Usual) | (Self::Nowhere, Self::Nowhere) => true,
            (Self::Own(one), Self::Own(other)) => Arc::ptr_eq(one, other),
            (Self::Usual | Self::Own(_) | Self::Nowhere, _) => false,
        }
    }
}

/// All places that telemetry goes to.
pub(super) struct Destinations {
    shared: Vec<Shared>,
    /// By URL, as long as a service sends there.
    own: Mutex<HashMap<String, Weak<Outlet>>>,
    deliveries: Deliveries,
}

struct Shared {
    outlet: Arc<Outlet>,
    place: Place,
}

/// Where a receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this program.
    Here,
    /// At these URLs.
    At(Vec<String>),
}

/// What every delivery needs.
pub(super) struct Deliveries {
    /// Requests that may wait for one receiver.
    pub(super) max_waiting: usize,
    pub(super) patience: Patience,
    pub(super) dropped: Arc<AtomicU64>,
    pub(super) losses: Arc<Losses>,
    pub(super) tracker: TaskTracker,
    pub(super) shutdown: CancellationToken,
}

impl Destinations {
    pub(super) fn new(receivers: Vec<Arc<dyn Receiver>>, deliveries: Deliveries) -> Self {
        let start = |receiver: Arc<dyn Receiver>| Shared {
            place: receiver.place(),
            outlet: Arc::new(deliveries.start(receiver)),
        };
        Self {
            shared: receivers.into_iter().map(start).collect(),
            own: Mutex::default(),
            deliveries,
        }
    }

    /// The destination of a service with an endpoint of its own.
    pub(super) fn at(&self, url: &str) -> Result<Destination, OtlpError> {
        let settings = OtlpSettings::at(url)?;
        let urls = settings.urls();
        let is_usual = |shared: &Shared| match &shared.place {
            Place::Here => false,
            Place::At(known) => urls.iter().all(|url| known.contains(url)),
        };
        if self.shared.iter().any(is_usual) {
            return Ok(Destination::Usual);
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, outlet| outlet.strong_count() > 0);
        if let Some(outlet) = own.get(url).and_then(Weak::upgrade) {
            return Ok(Destination::Own(outlet));
        }
        let receiver = Otlp::new(settings)?;
        let outlet = Arc::new(self.deliveries.start(Arc::new(receiver)));
        own.insert(url.to_owned(), Arc::downgrade(&outlet));
        Ok(Destination::Own(outlet))
    }

    pub(super) fn send(&self, to: &Destination, batch: Batch) {
        let batch = Arc::new(batch);
        for shared in &self.shared {
            match (to, &shared.place) {
                (Destination::Usual, _) | (Destination::Own(_), Place::Here) => {
                    shared.outlet.send(&batch);
                }
                (Destination::Own(_), Place::At(_)) | (Destination::Nowhere, _) => {}
            }
        }
        if let Destination::Own(outlet) = to {
            outlet.send(&batch);
        }
    }

    /// One for each receiver that is not too far behind: it resolves when everything sent so far has
    /// been delivered or dropped.
    pub(super) fn barriers(&self) -> Vec<oneshot::Receiver<()>> {
        let outlets = self.outlets();
        outlets.iter().filter_map(|it| it.barrier()).collect()
    }

    /// Nothing is sent after this.
    pub(super) async fn end(&self) {
        futures::future::join_all(self.outlets().iter().map(|outlet| outlet.end())).await;
    }

    fn outlets(&self) -> Vec<Arc<Outlet>> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = self.shared.iter().map(|shared| Arc::clone(&shared.outlet));
        shared
            .chain(own.values().filter_map(Weak::upgrade))
            .collect()
    }
}

impl Deliveries {
    /// Starts to deliver to a receiver; ends with the outlet, or some time after the shutdown.
    fn start(&self, receiver: Arc<dyn Receiver>) -> Outlet {
        let ledger = Arc::new(Ledger::new(receiver.name(), Arc::clone(&self.dropped)));
        self.losses.watch(Arc::clone(&ledger));
        let (outlet, queue) = Outlet::new(self.max_waiting, Arc::clone(&ledger));
        let delivering = deliver(receiver, queue, self.patience, ledger);
        let shutdown = self.shutdown.clone();
        self.tracker.spawn(quiet(async move {
            let given_up = async {
                shutdown.cancelled().await;
                tokio::time::sleep(LAST_DELIVERY).await;
            };
            tokio::select! {
                () = delivering => {}
                () = given_up => tracing::warn!("a telemetry receiver is too slow to stop for"),
            }
        }));
        outlet
    }
}

/// What telemetry itself logs must not become telemetry.
pub(super) fn quiet<F: Future>(task: F) -> impl Future<Output = F::Output> {
    task.with_context(Context::new().with_telemetry_suppressed())
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use opentelemetry_proto::tonic::collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    };

    use super::*;
    use crate::telemetry::{ReceiveError, Received};

    /// Takes everything, at some place.
    struct Taker(Place);

    #[async_trait]
    impl Receiver for Taker {
        fn place(&self) -> Place {
            self.0.clone()
        }

        async fn traces(&self, _: &ExportTraceServiceRequest) -> Result<Received, ReceiveError> {
            Ok(Received::default())
        }

        async fn metrics(&self, _: &ExportMetricsServiceRequest) -> Result<Received, ReceiveError> {
            Ok(Received::default())
        }

        async fn logs(&self, _: &ExportLogsServiceRequest) -> Result<Received, ReceiveError> {
            Ok(Received::default())
        }
    }

    fn destinations(places: Vec<Place>) -> Destinations {
        // Only the first test can.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let receivers = places
            .into_iter()
            .map(|place| Arc::new(Taker(place)) as Arc<dyn Receiver>);
        let dropped = Arc::<AtomicU64>::default();
        let deliveries = Deliveries {
            max_waiting: 8,
            patience: Patience {
                attempts: 1,
                pause: Duration::ZERO,
                timeout: Duration::from_secs(1),
            },
            losses: Arc::new(Losses::new(Arc::clone(&dropped))),
            dropped,
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        Destinations::new(receivers.collect(), deliveries)
    }

    fn at(urls: &[&str]) -> Place {
        Place::At(urls.iter().map(|url| (*url).to_owned()).collect())
    }

    #[tokio::test]
    async fn an_endpoint_that_all_services_send_to_is_the_usual_destination() {
        // One is named by its base, as an agent names it, and one signal by signal.
        let over_http = ["traces", "metrics", "logs"].map(|it| format!("http://one:4318/v1/{it}"));
        let over_http: Vec<_> = over_http.iter().map(String::as_str).collect();
        let destinations = destinations(vec![
            Place::Here,
            at(&over_http),
            at(&["http://two:4317"]),
            at(&["http://three:4318/v1/traces"]),
        ]);
        let check = |url: &str, is_usual: bool| {
            let found = destinations.at(url).unwrap();
            assert_eq!(found.is(&Destination::Usual), is_usual, "{url}");
        };
        check("http://one:4318", true);
        check("http://one:4318/", true);
        check("http://two:4317", true);
        // Another port, another host, and one that gets traces alone.
        check("http://one:4317", false);
        check("http://elsewhere:4318", false);
        check("http://three:4318", false);
    }

    #[tokio::test]
    async fn services_with_the_same_endpoint_share_it_as_long_as_one_sends_there() {
        let destinations = destinations(vec![Place::Here]);
        let url = "http://own:4318";
        let first = destinations.at(url).unwrap();
        assert!(first.is(&destinations.at(url).unwrap()));
        assert!(!first.is(&destinations.at("http://other:4318").unwrap()));
        assert_eq!(
            destinations.outlets().len(),
            2,
            "that of here, and the own one"
        );
        drop(first);
        assert_eq!(destinations.outlets().len(), 1);
        assert!(destinations.at("no address").is_err());
    }
}
