//! Everything that agents measure, with names, units and buckets: one table.

use api::attributes::metric;

use super::series::{Instrument, Kind};

/// Upper bounds of the buckets of token counts: powers of four, as the conventions advise.
const TOKEN_BUCKETS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Upper bounds of the buckets of steps: an agent may take twenty.
const STEP_BUCKETS: [f64; 10] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0];

/// Something that is counted and timed.
pub(super) struct Timed {
    /// What it is called where errors are counted.
    pub(super) what: &'static str,
    pub(super) count: Instrument,
    pub(super) duration: Instrument,
}

const fn count(name: &'static str, description: &'static str) -> Instrument {
    Instrument {
        name,
        unit: "1",
        description,
        kind: Kind::Count,
    }
}

impl Timed {
    const fn new(
        what: &'static str,
        [count, duration]: [&'static str; 2],
        [counted, timed]: [&'static str; 2],
    ) -> Self {
        Self {
            what,
            count: self::count(count, counted),
            duration: Instrument {
                name: duration,
                unit: "ms",
                description: timed,
                kind: Kind::Spread(&metric::DURATION_BUCKETS_MS),
            },
        }
    }
}

pub(super) static REQUESTS: Timed = Timed::new(
    "request",
    [metric::REQUESTS, metric::REQUEST_DURATION],
    ["Request count", "Request duration"],
);
pub(super) static MODEL_CALLS: Timed = Timed::new(
    "model",
    [metric::MODEL_CALLS, metric::MODEL_DURATION],
    ["Model API call count", "Model API call duration"],
);
pub(super) static TOOL_CALLS: Timed = Timed::new(
    "tool",
    [metric::TOOL_CALLS, metric::TOOL_DURATION],
    ["Tool call count", "Tool call duration"],
);
pub(super) static DELEGATIONS: Timed = Timed::new(
    "delegation",
    [metric::DELEGATIONS, metric::DELEGATION_DURATION],
    ["Delegation count", "Delegation duration"],
);
pub(super) static MODEL_RETRIES: Instrument =
    count(metric::MODEL_RETRIES, "Model API call retry count");
pub(super) static MODEL_REFUSALS: Instrument = count(
    metric::MODEL_REFUSALS,
    "Model API calls that were refused because of a limit",
);
pub(super) static LIMITS: Instrument = count(metric::LIMITS, "Limits that runs reached");
pub(super) static STEPS: Instrument = count(metric::STEPS, "Steps begun");
pub(super) static ERRORS: Instrument = count(
    metric::ERRORS,
    "Requests, model calls, tool calls and delegations that failed",
);
pub(super) static ACTIVE_REQUESTS: Instrument = Instrument {
    kind: Kind::Level,
    ..count(metric::ACTIVE_REQUESTS, "Requests under way")
};
pub(super) static REQUEST_STEPS: Instrument = Instrument {
    kind: Kind::Spread(&STEP_BUCKETS),
    ..count(metric::REQUEST_STEPS, "Steps of a request")
};
pub(super) static TOKENS: Instrument = Instrument {
    unit: "{token}",
    ..count(metric::TOKENS, "Tokens used")
};
pub(super) static TOKEN_USAGE: Instrument = Instrument {
    name: metric::TOKEN_USAGE,
    unit: "{token}",
    description: "Number of input and output tokens used",
    kind: Kind::Spread(&TOKEN_BUCKETS),
};
pub(super) static OPERATION_DURATION: Instrument = Instrument {
    name: metric::OPERATION_DURATION,
    unit: "s",
    description: "GenAI operation duration",
    kind: Kind::Spread(&metric::DURATION_BUCKETS_S),
};
pub(super) static TIME_TO_FIRST_CHUNK: Instrument = Instrument {
    name: metric::TIME_TO_FIRST_CHUNK,
    unit: "s",
    description: "Time until the first piece of a streamed answer",
    kind: Kind::Spread(&metric::DURATION_BUCKETS_S),
};
pub(super) static TELEMETRY_DROPPED: Instrument = count(
    metric::TELEMETRY_DROPPED,
    "Spans, data points and log records that were lost",
);
pub(super) static MODEL_COST: Instrument = Instrument {
    name: metric::MODEL_COST,
    unit: "{USD}",
    description: "What model API calls cost, where the price is known",
    kind: Kind::Amount,
};
