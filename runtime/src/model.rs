//! Asks a model over OpenAI's chat completions, whole or streamed, and does not give up at the first
//! failure: it asks once more, then the next model, until somebody has heard a word of an answer.

mod assemble;
mod circuit;
mod error;
mod exchange;
#[cfg(test)]
mod tests;
mod wait;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use api::{chat::ChatRequest, clock::Clock, run::RunEvent};
use http::HeaderMap;
use tokio::time::{Instant, sleep};

use self::{circuit::Circuits, exchange::Exchange, wait::Waits};
use crate::{transport::Transport, turn::ModelAnswer};

pub(crate) use self::{circuit::CircuitSettings, error::ModelError, wait::Retries};

/// How long to wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Until a streamed answer begins. One that comes whole has until `total`: it begins when it is
    /// complete.
    pub(crate) first_byte: Duration,
    /// Between two pieces of an answer.
    pub(crate) idle: Duration,
    /// For everything, attempts and waits included.
    pub(crate) total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_mins(1),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(5),
        }
    }
}

/// An agent bounds its run itself and says every few seconds that it is alive.
const AGENT_TIMEOUTS: Timeouts = Timeouts {
    first_byte: Duration::from_mins(1),
    idle: Duration::from_mins(1),
    total: Duration::from_hours(1),
};

/// How models are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelSettings {
    /// How long to wait.
    pub(crate) timeouts: Timeouts,
    /// How often to ask.
    pub(crate) retries: Retries,
    /// When to stop asking for a while.
    pub(crate) circuit: CircuitSettings,
    /// Where the chance in the waits begins.
    pub(crate) jitter_seed: u64,
}

/// The way to all models; cheap to clone. What one agent learns of a model's failures, all know.
#[derive(Clone)]
pub(crate) struct Models {
    transport: Transport,
    clock: Arc<dyn Clock>,
    settings: ModelSettings,
    circuits: Circuits,
    asked: Arc<AtomicU64>,
}

/// Where a question goes.
pub(crate) struct Target<'a> {
    /// The model API's base URL, without `/v1`.
    pub(crate) base_url: &'a str,
    /// The model asked first.
    pub(crate) model: &'a str,
    /// Asked in order when it fails.
    pub(crate) fallbacks: &'a [String],
    /// The headers of every attempt.
    pub(crate) headers: HeaderMap,
}

/// An answer and what telemetry wants to know of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reply {
    /// What the model said.
    pub(crate) answer: ModelAnswer,
    /// The provider's id of the answer.
    pub(crate) id: String,
    /// The model that answered, in the provider's words.
    pub(crate) model: String,
    /// The model that answered, as it was asked for; empty when an agent answered.
    pub(crate) asked: String,
}

/// What is done about a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Remedy<'a> {
    /// The same model is asked once more.
    Retry {
        /// Which model.
        model: &'a str,
        /// Which attempt comes now, from 2.
        attempt: u32,
        /// After which wait.
        wait: Duration,
    },
    /// Another model is asked instead.
    Fallback {
        /// The one that failed.
        from: &'a str,
        /// The one asked now.
        to: &'a str,
    },
}

/// Hears a streamed answer while it comes.
#[async_trait::async_trait]
pub(crate) trait Listener: Send {
    /// More words.
    async fn text(&mut self, text: &str);

    /// What the answering side does, when it is an agent.
    async fn event(&mut self, _event: RunEvent) {}

    /// An attempt failed; nothing of it was heard.
    async fn failed(&mut self, _error: &ModelError, _remedy: Remedy<'_>) {}
}

/// Asks an agent as if it were a model: once, because what it did must not be done twice.
pub(crate) async fn ask_agent(
    transport: &Transport,
    base_url: &str,
    headers: HeaderMap,
    request: &ChatRequest,
    listener: &mut dyn Listener,
) -> Result<Reply, ModelError> {
    let exchange = Exchange {
        transport,
        base_url,
        headers: &headers,
        timeouts: &AGENT_TIMEOUTS,
        deadline: Instant::now() + AGENT_TIMEOUTS.total,
    };
    exchange.ask(request, listener).await
}

impl Models {
    /// The way to models through `transport`.
    pub(crate) fn new(
        transport: Transport,
        clock: Arc<dyn Clock>,
        settings: ModelSettings,
    ) -> Self {
        Self {
            transport,
            clock,
            settings,
            circuits: Circuits::new(settings.circuit),
            asked: Arc::default(),
        }
    }

    /// Asks until somebody answers, or until nobody is left to ask.
    ///
    /// A request that streams is heard by `listener` as it comes; from its first word on, a failure
    /// is final. Dropping the future cancels whatever it does.
    pub(crate) async fn ask(
        &self,
        target: Target<'_>,
        mut request: ChatRequest,
        listener: &mut dyn Listener,
    ) -> Result<Reply, ModelError> {
        let deadline = Instant::now() + self.settings.timeouts.total;
        let exchange = Exchange {
            transport: &self.transport,
            base_url: target.base_url,
            headers: &target.headers,
            timeouts: &self.settings.timeouts,
            deadline,
        };
        let mut listener = Hearing {
            listener,
            heard: false,
        };
        let mut model = target.model;
        let mut fallbacks = target.fallbacks.iter();
        loop {
            request.model = Some(model.to_owned());
            let asking = self.ask_model(exchange, model, &request, &mut listener);
            let error = match asking.await {
                Ok(reply) => {
                    let asked = model.to_owned();
                    return Ok(Reply { asked, ..reply });
                }
                Err(error) => error,
            };
            let is_final = listener.heard || !error.is_models_own() || Instant::now() >= deadline;
            let Some(next) = fallbacks.next().filter(|_| !is_final) else {
                return Err(error);
            };
            let (from, to) = (model, next.as_str());
            listener.failed(&error, Remedy::Fallback { from, to }).await;
            model = next;
        }
    }

    /// Asks one model, more than once if need be.
    async fn ask_model(
        &self,
        exchange: Exchange<'_>,
        model: &str,
        request: &ChatRequest,
        listener: &mut Hearing<'_>,
    ) -> Result<Reply, ModelError> {
        let seed = self.asked.fetch_add(1, Ordering::Relaxed);
        let seed = self.settings.jitter_seed.wrapping_add(seed);
        let mut waits = Waits::new(&self.settings.retries, seed);
        let mut before: Option<ModelError> = None;
        let mut attempt = 1;
        loop {
            let permit = match self.circuits.permit(exchange.base_url, model) {
                Ok(permit) => permit,
                // What opened the circuit says more than that it is open.
                Err(open) => return Err(before.unwrap_or(open)),
            };
            let error = match exchange.ask(request, listener).await {
                Ok(reply) => {
                    permit.answered();
                    return Ok(reply);
                }
                Err(error) => error,
            };
            permit.failed(&error);
            let is_final = listener.heard || !error.may_pass();
            let rest = error
                .retry_after()
                .and_then(|after| wait::rest(after, self.clock.now()));
            let wait = waits.next(rest).filter(|_| !is_final);
            let Some(wait) = wait.filter(|wait| Instant::now() + *wait < exchange.deadline) else {
                return Err(error);
            };
            attempt += 1;
            let retry = Remedy::Retry {
                model,
                attempt,
                wait,
            };
            listener.failed(&error, retry).await;
            sleep(wait).await;
            before = Some(error);
        }
    }
}

/// Knows whether somebody has heard a word.
struct Hearing<'a> {
    listener: &'a mut dyn Listener,
    heard: bool,
}

#[async_trait::async_trait]
impl Listener for Hearing<'_> {
    async fn text(&mut self, text: &str) {
        self.heard = true;
        self.listener.text(text).await;
    }

    async fn event(&mut self, event: RunEvent) {
        self.heard = true;
        self.listener.event(event).await;
    }

    async fn failed(&mut self, error: &ModelError, remedy: Remedy<'_>) {
        self.listener.failed(error, remedy).await;
    }
}
