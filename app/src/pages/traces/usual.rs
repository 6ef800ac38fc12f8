//! How long a step usually takes: as it took in the day before its run.

use api::{
    telemetry::{DurationQuery, Durations, Window},
    traces::Span,
};

use crate::{pages::params::DAY_NS, site::Ports};

/// Of fewer times nothing is said.
const FEWEST: u64 = 5;

/// What the service's last calls of the same operation took that began in the day before `start_ns`, the
/// beginning of the run. None when they are too few to say something, or cannot be read.
pub(super) async fn usual(ports: &Ports, span: &Span, start_ns: u64) -> Option<Durations> {
    let query = DurationQuery {
        service: span.service.clone(),
        operation: span.name.clone(),
        window: day_before(start_ns),
        limit: 0,
    };
    // Without it the trace is still worth reading.
    let durations = ports.telemetry.durations(&query).await.ok()?;
    (durations.n >= FEWEST).then_some(durations)
}

/// The time that is looked at.
pub(super) fn day_before(start_ns: u64) -> Window {
    Window {
        from_ns: start_ns.saturating_sub(DAY_NS),
        to_ns: start_ns,
    }
}

/// Where a duration stands among them, in words.
pub(super) fn place(among: &Durations, ns: u64) -> &'static str {
    if ns > among.p99_ns {
        "slower than 99 % of its calls"
    } else if ns > among.p95_ns {
        "slower than 95 % of its calls"
    } else if ns > among.p50_ns {
        "slower than half of its calls"
    } else {
        "faster than half of its calls"
    }
}
