//! The measurements of one service, added up as they come.
//!
//! Not the SDK's: it keeps no exemplars, and a provider with its instruments for each of a thousand
//! agents would cost more than the agents. What is not measured takes no room here.

use std::{
    hash::BuildHasher,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use api::clock::{Clock, SystemClock};
use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};
use opentelemetry::{Context, trace::TraceContextExt};

use super::queue::Source;

/// A label of a measurement: its key and its value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// Something that is measured.
#[derive(Debug)]
pub(super) struct Instrument {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) description: &'static str,
    pub(super) kind: Kind,
}

/// How measurements are added up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// How often something happened; it only grows.
    Count,
    /// How much there was in all; it only grows.
    Amount,
    /// How many there are now.
    Level,
    /// How they spread, with the upper bounds of the buckets.
    Spread(&'static [f64]),
}

/// All series of a service.
pub(super) struct Table {
    pub(super) source: Arc<Source>,
    series: Mutex<HashTable<Series>>,
    hasher: DefaultHashBuilder,
    changed: AtomicBool,
}

/// An instrument with one set of labels.
#[derive(Clone)]
pub(super) struct Series {
    pub(super) instrument: &'static Instrument,
    pub(super) labels: Box<[(&'static str, Box<str>)]>,
    /// When the first measurement came, in nanoseconds since the epoch.
    pub(super) start_ns: u64,
    pub(super) value: Value,
}

/// What measurements came to.
#[derive(Clone)]
pub(super) enum Value {
    /// Their sum, and the last of them.
    Sum { sum: f64, last: Option<Exemplar> },
    /// How they spread over the buckets; the last bucket has no upper bound.
    Spread {
        counts: Box<[u64]>,
        sum: f64,
        min: f64,
        max: f64,
        last: Box<[Option<Exemplar>]>,
    },
}

/// One measurement, and the span it was made in.
#[derive(Clone, Copy)]
pub(super) struct Exemplar {
    pub(super) value: f64,
    pub(super) time_ns: u64,
    pub(super) trace_id: [u8; 16],
    pub(super) span_id: [u8; 8],
}

impl Table {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            series: Mutex::default(),
            hasher: DefaultHashBuilder::default(),
            changed: AtomicBool::new(false),
        }
    }

    /// Adds a measurement; the span of the current context becomes its exemplar.
    pub(super) fn record(
        &self,
        instrument: &'static Instrument,
        labels: &[Label<'_>],
        measured: f64,
    ) {
        let time_ns = now_ns();
        let exemplar = Exemplar::here(measured, time_ns);
        let hash = self.hash(instrument, labels.iter().copied());
        let mut table = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = table.entry(
            hash,
            |series| series.is(instrument, labels),
            |series| {
                let labels = series.labels.iter().map(|(key, value)| (*key, &**value));
                self.hash(series.instrument, labels)
            },
        );
        let series = match entry {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place
                .insert(Series::new(instrument, labels, time_ns))
                .into_mut(),
        };
        series.value.add(instrument.kind, measured, exemplar);
        drop(table);
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Whether something was measured since this was asked last.
    pub(super) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    /// The series as they are now, in no order.
    pub(super) fn series(&self) -> Vec<Series> {
        let table = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        table.iter().cloned().collect()
    }

    fn hash<'a>(
        &self,
        instrument: &Instrument,
        labels: impl Iterator<Item = (&'static str, &'a str)>,
    ) -> u64 {
        use std::hash::{Hash, Hasher};

        let mut hasher = self.hasher.build_hasher();
        instrument.name.hash(&mut hasher);
        for (_, value) in labels {
            value.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Series {
    fn new(instrument: &'static Instrument, labels: &[Label<'_>], start_ns: u64) -> Self {
        let labels = labels.iter().map(|(key, value)| (*key, (*value).into()));
        Self {
            instrument,
            labels: labels.collect(),
            start_ns,
            value: Value::nothing(instrument.kind),
        }
    }

    fn is(&self, instrument: &'static Instrument, labels: &[Label<'_>]) -> bool {
        std::ptr::eq(self.instrument, instrument)
            && self.labels.len() == labels.len()
            && self
                .labels
                .iter()
                .zip(labels)
                .all(|((key, value), label)| (*key, &**value) == *label)
    }
}

impl Value {
    fn nothing(kind: Kind) -> Self {
        match kind {
            Kind::Count | Kind::Amount | Kind::Level => Self::Sum {
                sum: 0.0,
                last: None,
            },
            Kind::Spread(bounds) => Self::Spread {
                counts: vec![0; bounds.len() + 1].into(),
                sum: 0.0,
                min: f64::INFINITY,
                max: f64::NEG_INFINITY,
                last: vec![None; bounds.len() + 1].into(),
            },
        }
    }

    fn add(&mut self, kind: Kind, measured: f64, exemplar: Option<Exemplar>) {
        match (self, kind) {
            (Self::Sum { sum, last }, _) => {
                *sum += measured;
                *last = exemplar.or(*last);
            }
            (
                Self::Spread {
                    counts,
                    sum,
                    min,
                    max,
                    last,
                },
                Kind::Spread(bounds),
            ) => {
                let bucket = bounds.partition_point(|bound| *bound < measured);
                counts[bucket] += 1;
                *sum += measured;
                *min = min.min(measured);
                *max = max.max(measured);
                last[bucket] = exemplar.or(last[bucket]);
            }
            // A series is made for its instrument's kind.
            (Self::Spread { .. }, Kind::Count | Kind::Amount | Kind::Level) => {}
        }
    }
}

impl Exemplar {
    /// A measurement in the span of the current context, if there is one.
    fn here(value: f64, time_ns: u64) -> Option<Self> {
        Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            span.is_valid().then(|| Self {
                value,
                time_ns,
                trace_id: span.trace_id().to_bytes(),
                span_id: span.span_id().to_bytes(),
            })
        })
    }
}

/// Nanoseconds since the epoch.
pub(super) fn now_ns() -> u64 {
    u64::try_from(SystemClock.now().as_nanosecond()).unwrap_or_default()
}
