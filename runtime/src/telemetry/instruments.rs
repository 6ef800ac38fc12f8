//! What an agent counts and times.

use std::{sync::atomic::Ordering, time::Duration};

use api::{
    attributes::{key, metric},
    chat::Usage,
};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{Counter, Histogram, Meter, MeterProvider},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::meters::Changed;

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

/// The instruments of one agent.
pub struct Instruments {
    agent: KeyValue,
    requests: Timed,
    model_calls: Timed,
    tool_calls: Timed,
    delegations: Timed,
    model_retries: Counter<u64>,
    tokens: Histogram<u64>,
    cost: Counter<f64>,
    limits: Counter<u64>,
    changed: Changed,
}

/// Something that is counted and timed.
struct Timed {
    count: Counter<u64>,
    duration: Histogram<f64>,
}

impl Instruments {
    pub(super) fn new(
        agent: &str,
        provider: &SdkMeterProvider,
        scope: InstrumentationScope,
        changed: Changed,
    ) -> Self {
        let meter = provider.meter_with_scope(scope);
        let timed = |count, duration, what| Timed::new(&meter, count, duration, what);
        Self {
            agent: KeyValue::new(key::AGENT_NAME, agent.to_owned()),
            requests: timed(metric::REQUESTS, metric::REQUEST_DURATION, "Request"),
            model_calls: timed(
                metric::MODEL_CALLS,
                metric::MODEL_DURATION,
                "Model API call",
            ),
            tool_calls: timed(metric::TOOL_CALLS, metric::TOOL_DURATION, "Tool call"),
            delegations: timed(
                metric::DELEGATIONS,
                metric::DELEGATION_DURATION,
                "Delegation",
            ),
            model_retries: meter
                .u64_counter(metric::MODEL_RETRIES)
                .with_unit("1")
                .with_description("Model API call retry count")
                .build(),
            tokens: meter
                .u64_histogram(metric::TOKEN_USAGE)
                .with_unit("{token}")
                .with_description("Number of input and output tokens used")
                .with_boundaries(TOKEN_BUCKETS.to_vec())
                .build(),
            cost: meter
                .f64_counter(metric::MODEL_COST)
                .with_unit("{USD}")
                .with_description("What model API calls cost, where the price is known")
                .build(),
            limits: meter
                .u64_counter(metric::LIMITS)
                .with_unit("1")
                .with_description("Limits that runs reached")
                .build(),
            changed,
        }
    }

    /// A run reached one of its limits.
    pub fn limit(&self, limit: &'static str) {
        let labels = [self.agent.clone(), KeyValue::new(key::LIMIT, limit)];
        self.limits.add(1, &labels);
        self.changed.store(true, Ordering::Relaxed);
    }

    /// A request was answered, or failed.
    pub fn request(&self, elapsed: Duration, success: bool) {
        self.record(&self.requests, elapsed, success, None);
    }

    /// The model was called.
    pub fn model(&self, model: &str, elapsed: Duration, success: bool) {
        let label = KeyValue::new(key::MODEL, model.to_owned());
        self.record(&self.model_calls, elapsed, success, Some(label));
    }

    /// The model is asked once more, because of `reason`: a status or the type of an error.
    pub fn model_retry(&self, model: &str, reason: String) {
        let labels = [
            self.agent.clone(),
            KeyValue::new(key::MODEL, model.to_owned()),
            KeyValue::new(key::RETRY_REASON, reason),
        ];
        self.model_retries.add(1, &labels);
        self.changed.store(true, Ordering::Relaxed);
    }

    /// A tool was called. Names that a model made up must not come here: each becomes a series.
    pub fn tool(&self, tool: &str, elapsed: Duration, success: bool) {
        let label = KeyValue::new(key::TOOL, tool.to_owned());
        self.record(&self.tool_calls, elapsed, success, Some(label));
    }

    /// A task was handed to another agent; as with tools, only to one that exists.
    pub fn delegation(&self, target: &str, elapsed: Duration, success: bool) {
        let label = KeyValue::new(key::TARGET, target.to_owned());
        self.record(&self.delegations, elapsed, success, Some(label));
    }

    /// A call of the model used tokens, and money if the price is known.
    pub fn usage(&self, model: &str, usage: Usage) {
        for (kind, tokens) in [
            ("input", usage.prompt_tokens),
            ("output", usage.completion_tokens),
        ] {
            let labels = [
                self.agent.clone(),
                KeyValue::new(key::OPERATION, "chat"),
                KeyValue::new(key::REQUEST_MODEL, model.to_owned()),
                KeyValue::new(key::TOKEN_TYPE, kind),
            ];
            self.tokens.record(tokens, &labels);
        }
        if let Some(cost) = usage.cost {
            let model = KeyValue::new(key::REQUEST_MODEL, model.to_owned());
            self.cost.add(cost.dollars(), &[self.agent.clone(), model]);
        }
        self.changed.store(true, Ordering::Relaxed);
    }

    fn record(&self, timed: &Timed, elapsed: Duration, success: bool, label: Option<KeyValue>) {
        let success = if success { "true" } else { "false" };
        let mut labels = vec![self.agent.clone(), KeyValue::new(key::SUCCESS, success)];
        labels.extend(label);
        timed.count.add(1, &labels);
        timed
            .duration
            .record(elapsed.as_secs_f64() * 1000.0, &labels);
        self.changed.store(true, Ordering::Relaxed);
    }
}

impl Timed {
    fn new(meter: &Meter, count: &'static str, duration: &'static str, what: &str) -> Self {
        Self {
            count: meter
                .u64_counter(count)
                .with_unit("1")
                .with_description(format!("{what} count"))
                .build(),
            duration: meter
                .f64_histogram(duration)
                .with_unit("ms")
                .with_description(format!("{what} duration"))
                .with_boundaries(metric::DURATION_BUCKETS_MS.to_vec())
                .build(),
        }
    }
}
