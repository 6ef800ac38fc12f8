//! Reads the metrics of all services, each with a provider of its own but none with a thread.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest, metrics::v1::ResourceMetrics,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    metrics::{
        InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality, data,
        reader::MetricReader,
    },
};

/// Collections after which idle services are read too, so that backends do not forget them.
const FULL_EVERY: u32 = 12;

/// The meter providers of all services.
#[derive(Default)]
pub(super) struct Meters(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    providers: Vec<Provider>,
    collections: u32,
}

struct Provider {
    /// Kept until its last values are read, which may be after its service is gone.
    sdk: SdkMeterProvider,
    reader: SharedReader,
    /// Dead when the service is gone.
    changed: Weak<AtomicBool>,
}

/// Set when a service measures something.
pub(super) type Changed = Arc<AtomicBool>;

/// Which services are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that measured something since, and from time to time all.
    Changed,
    /// All of them.
    All,
}

impl Meters {
    /// A provider whose metrics will be collected as long as someone holds its `Changed`, and once
    /// more afterwards.
    pub(super) fn provider(&self, resource: Resource) -> (SdkMeterProvider, Changed) {
        let reader = SharedReader::default();
        let provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.clone())
            .build();
        let changed = Changed::default();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.providers.push(Provider {
            sdk: provider.clone(),
            reader,
            changed: Arc::downgrade(&changed),
        });
        (provider, changed)
    }

    /// The metrics now, one element per service.
    pub(super) fn collect(&self, scope: Scope) -> Vec<ResourceMetrics> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.collections = inner.collections.wrapping_add(1);
        let all = scope == Scope::All || inner.collections.is_multiple_of(FULL_EVERY);
        let mut collected = Vec::new();
        inner.providers.retain(|provider| {
            let changed = provider.changed.upgrade();
            // A service that is gone is read one last time.
            let wanted = changed
                .as_ref()
                .is_none_or(|it| it.swap(false, Ordering::Relaxed));
            if wanted || all {
                collected.extend(provider.read());
            }
            changed.is_some()
        });
        collected
    }
}

impl Provider {
    fn read(&self) -> Vec<ResourceMetrics> {
        let mut metrics = data::ResourceMetrics::default();
        // Fails only after a shutdown, and then there is nothing to read.
        if self.reader.collect(&mut metrics).is_err() || metrics.scope_metrics().next().is_none() {
            return Vec::new();
        }
        ExportMetricsServiceRequest::from(&metrics).resource_metrics
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It has nothing to flush, so that the outcome does not matter.
        self.sdk.shutdown().ok();
    }
}

/// The SDK's manual reader, held by the provider and by us.
#[derive(Clone, Debug, Default)]
struct SharedReader(Arc<ManualReader>);

impl MetricReader for SharedReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut data::ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
