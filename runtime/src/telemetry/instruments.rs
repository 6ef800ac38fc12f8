//! What an agent counts and times.

use std::{sync::Arc, time::Duration};

use api::{attributes::key, chat::Usage};

use super::{
    catalog::{
        ACTIVE_REQUESTS, DELEGATIONS, ERRORS, LIMITS, MODEL_CALLS, MODEL_COST, MODEL_REFUSALS,
        MODEL_RETRIES, OPERATION_DURATION, REQUEST_STEPS, REQUESTS, STEPS, TIME_TO_FIRST_CHUNK,
        TOKEN_USAGE, TOKENS, TOOL_CALLS, Timed,
    },
    series::{Instrument, Label, Table},
};

/// Labels of a measurement besides the agent's name, at most.
const MAX_LABELS: usize = 4;

/// A call of a model that has ended.
#[derive(Clone, Copy, Debug)]
pub struct ModelCall<'a> {
    /// The model that was asked.
    pub model: &'a str,
    /// Who offers it.
    pub provider: &'a str,
    /// How long it took.
    pub elapsed: Duration,
    /// How long the first piece of a streamed answer took.
    pub first_chunk: Option<Duration>,
    /// The type of the error it failed with.
    pub error: Option<&'a str>,
}

/// The instruments of one agent.
pub struct Instruments {
    agent: String,
    table: Arc<Table>,
}

impl Instruments {
    pub(super) fn new(agent: &str, table: Arc<Table>) -> Self {
        Self {
            agent: agent.to_owned(),
            table,
        }
    }

    pub(super) fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// A run reached one of its limits.
    pub fn limit(&self, limit: &'static str) {
        self.count(&LIMITS, &[(key::LIMIT, limit)]);
    }

    /// A request is under way, until what this returns is dropped.
    pub fn request_began(&self) -> ActiveRequest<'_> {
        ActiveRequest::new(self)
    }

    /// A request was answered after so many steps, or failed with an error of this type.
    pub fn request(&self, elapsed: Duration, steps: u32, error: Option<&str>) {
        self.timed(&REQUESTS, elapsed, error, None);
        self.measure(&REQUEST_STEPS, &[], steps.into());
    }

    /// A step of a request began.
    pub fn step(&self) {
        self.count(&STEPS, &[]);
    }

    /// The model was called.
    pub fn model(&self, call: &ModelCall<'_>) {
        let ModelCall {
            model,
            provider,
            elapsed,
            first_chunk,
            error,
        } = *call;
        self.timed(&MODEL_CALLS, elapsed, error, Some((key::MODEL, model)));
        let labels = [
            (key::OPERATION, "chat"),
            (key::PROVIDER, provider),
            (key::REQUEST_MODEL, model),
            (key::ERROR_TYPE, error.unwrap_or_default()),
        ];
        let n_labels = if error.is_some() { 4 } else { 3 };
        let labels = &labels[..n_labels];
        self.measure(&OPERATION_DURATION, labels, elapsed.as_secs_f64());
        if let Some(first_chunk) = first_chunk {
            self.measure(
                &TIME_TO_FIRST_CHUNK,
                &labels[..3],
                first_chunk.as_secs_f64(),
            );
        }
    }

    /// A question to a model API was refused because of a limit: its own, or that of `agent`.
    pub fn refusal(&self, model_api: &str, limit: &'static str, agent: Option<&str>) {
        let labels = [
            (key::MODEL_API, model_api),
            (key::LIMIT, limit),
            (key::AGENT_NAME, agent.unwrap_or_default()),
        ];
        let n_labels = if agent.is_some() { 3 } else { 2 };
        self.table.record(&MODEL_REFUSALS, &labels[..n_labels], 1.0);
    }

    /// The model is asked once more, because of `reason`: a status or the type of an error.
    pub fn model_retry(&self, model: &str, reason: &str) {
        let labels = [(key::MODEL, model), (key::RETRY_REASON, reason)];
        self.count(&MODEL_RETRIES, &labels);
    }

    /// A tool was called. Names that a model made up must not come here: each becomes a series.
    pub fn tool(&self, tool: &str, elapsed: Duration, error: Option<&str>) {
        self.timed(&TOOL_CALLS, elapsed, error, Some((key::TOOL, tool)));
    }

    /// A task was handed to another agent; as with tools, only to one that exists.
    pub fn delegation(&self, target: &str, elapsed: Duration, error: Option<&str>) {
        self.timed(&DELEGATIONS, elapsed, error, Some((key::TARGET, target)));
    }

    /// A call of the model used tokens, and money where its price is known.
    #[expect(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
    pub fn usage(&self, model: &str, usage: Usage) {
        for (kind, tokens) in [
            ("input", usage.prompt_tokens),
            ("output", usage.completion_tokens),
        ] {
            let labels = [(key::MODEL, model), (key::TOKEN_TYPE, kind)];
            self.measure(&TOKENS, &labels, tokens as f64);
            let labels = [
                (key::OPERATION, "chat"),
                (key::REQUEST_MODEL, model),
                (key::TOKEN_TYPE, kind),
            ];
            self.measure(&TOKEN_USAGE, &labels, tokens as f64);
        }
        if let Some(cost) = usage.cost {
            self.measure(&MODEL_COST, &[(key::MODEL, model)], cost.dollars());
        }
    }

    fn timed(
        &self,
        timed: &'static Timed,
        elapsed: Duration,
        error: Option<&str>,
        label: Option<Label<'_>>,
    ) {
        let success = if error.is_none() { "true" } else { "false" };
        let labels = [(key::SUCCESS, success), label.unwrap_or_default()];
        let n_labels = if label.is_some() { 2 } else { 1 };
        let labels = &labels[..n_labels];
        self.count(&timed.count, labels);
        let elapsed_ms = elapsed.as_secs_f64() * 1000.0;
        self.measure(&timed.duration, labels, elapsed_ms);
        if let Some(error) = error {
            let what = [("operation", timed.what), (key::ERROR_TYPE, error)];
            self.count(&ERRORS, &what);
        }
    }

    fn count(&self, instrument: &'static Instrument, labels: &[Label<'_>]) {
        self.measure(instrument, labels, 1.0);
    }

    /// Everything an agent measures carries its name.
    fn measure(&self, instrument: &'static Instrument, labels: &[Label<'_>], measured: f64) {
        let mut all = [(key::AGENT_NAME, &*self.agent); 1 + MAX_LABELS];
        let (_, own) = all.split_at_mut(1);
        let n_labels = labels.len().min(MAX_LABELS);
        own[..n_labels].copy_from_slice(&labels[..n_labels]);
        self.table.record(instrument, &all[..=n_labels], measured);
    }
}

/// A request under way.
#[must_use = "it counts as under way until this is dropped"]
pub struct ActiveRequest<'a>(&'a Instruments);

impl<'a> ActiveRequest<'a> {
    fn new(instruments: &'a Instruments) -> Self {
        instruments.measure(&ACTIVE_REQUESTS, &[], 1.0);
        Self(instruments)
    }
}

impl Drop for ActiveRequest<'_> {
    fn drop(&mut self) {
        self.0.measure(&ACTIVE_REQUESTS, &[], -1.0);
    }
}
