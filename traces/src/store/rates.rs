//! How often operations were done, how well and how fast, step by step.

use std::collections::BTreeMap;

use api::telemetry::Window;
use api::traces::{ReadError, SpanKind};

use super::Store;
use super::scan::{self, Once};
use super::sketch::Sketch;
use super::view::{QueryError, View};
use crate::convert;

/// What to count.
#[derive(Clone, Debug)]
pub(crate) struct RateQuery {
    pub(crate) services: Vec<String>,
    /// Spans of one of these kinds.
    pub(crate) kinds: Vec<SpanKind>,
    pub(crate) by_operation: bool,
    pub(crate) window: Window,
    /// Length of a step, in nanoseconds; not 0.
    pub(crate) step_ns: u64,
}

/// Service and operation; the latter is empty unless it was asked for.
pub(crate) type RateKey = (String, String);

/// What was done in a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub(crate) n_errors: u64,
    pub(crate) durations: Sketch,
}

impl Done {
    /// Together with what was done in another step.
    pub(crate) fn add(&mut self, other: &Self) {
        self.n_errors += other.n_errors;
        self.durations.merge(&other.durations);
    }
}

/// By the number of the step.
pub(crate) type Steps = BTreeMap<u64, Done>;

impl Store {
    /// What the spans of some services did, counted when they started.
    pub(crate) async fn rates(
        &self,
        query: RateQuery,
    ) -> Result<BTreeMap<RateKey, Steps>, ReadError> {
        let rates = move |view: &View| rates(view, &query);
        self.readers.read("rates", rates).await
    }
}

fn rates(view: &View, query: &RateQuery) -> Result<BTreeMap<RateKey, Steps>, QueryError> {
    let mut found: BTreeMap<RateKey, Steps> = BTreeMap::new();
    let mut once = Once::default();
    scan::each_span(view, query.window, |snapshot, _, span| {
        let operation = snapshot.operation(span.operation)?;
        let is_wanted = query.services.contains(&operation.service)
            && query.kinds.contains(&convert::kind(operation.kind));
        if !is_wanted || !once.is_first(span) {
            return Ok(());
        }
        let name = if query.by_operation {
            operation.name.clone()
        } else {
            String::new()
        };
        let steps = found.entry((operation.service.clone(), name)).or_default();
        let step = (span.started_ns() - query.window.from_ns) / query.step_ns;
        let done = steps.entry(step).or_default();
        done.n_errors += u64::from(span.is_error);
        done.durations.add(span.duration_ns());
        Ok(())
    })?;
    Ok(found)
}
