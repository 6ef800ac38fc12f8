//! Which traces are kept.

use opentelemetry_sdk::trace::Sampler;

/// How it is decided whether a trace is kept.
///
/// By default all are, whatever a caller decided for its own part: every answer shows what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// By ourselves, for each trace.
    Own(RootSampling),
    /// By who began the trace; by ourselves when that is us.
    AsParent {
        /// How traces are kept that begin here.
        root: RootSampling,
    },
}

/// Which of the traces that begin here are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RootSampling {
    /// All.
    All,
    /// None.
    Nothing,
    /// A part of them between 0 and 1, by their ids.
    Ratio(f64),
}

impl Default for Sampling {
    fn default() -> Self {
        Self::Own(RootSampling::All)
    }
}

impl Sampling {
    /// The same for traces that begin here, and as their parent for all others.
    pub(super) fn as_parent(self) -> Self {
        match self {
            Self::Own(root) | Self::AsParent { root } => Self::AsParent { root },
        }
    }

    pub(super) fn sampler(self) -> Sampler {
        match self {
            Self::Own(root) => root.sampler(),
            Self::AsParent { root } => Sampler::ParentBased(Box::new(root.sampler())),
        }
    }
}

impl RootSampling {
    fn sampler(self) -> Sampler {
        match self {
            Self::All => Sampler::AlwaysOn,
            Self::Nothing => Sampler::AlwaysOff,
            Self::Ratio(ratio) => Sampler::TraceIdRatioBased(ratio),
        }
    }
}
