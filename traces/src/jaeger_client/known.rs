//! What was found out about a Jaeger, so that it is not asked in vain each time.

use std::sync::atomic::{AtomicBool, Ordering};

/// Each is only a saving: when Jaeger is replaced by another version, what is wrong is forgotten.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// It is older than `/api/v3/trace-summaries`.
    pub(super) no_summaries: Fact,
    /// It is older than `/api/v3/traces`.
    pub(super) no_v3: Fact,
    /// Its storage finds nothing without the name of a service.
    pub(super) needs_service: Fact,
    /// Its storage has found something without the name of a service.
    pub(super) searches_all: Fact,
}

impl Known {
    pub(super) fn forget(&self) {
        let Self {
            no_summaries,
            no_v3,
            needs_service,
            searches_all,
        } = self;
        for fact in [no_summaries, no_v3, needs_service, searches_all] {
            fact.0.store(false, Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Fact(AtomicBool);

impl Fact {
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
