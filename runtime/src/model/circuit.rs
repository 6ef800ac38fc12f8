//! Circuit breakers: what fails again and again is left alone for a while.
//!
//! There is one for each address of a model API, and one for each model behind it: an address that
//! cannot be reached fails whichever model is asked, while a model that answers 500 says nothing
//! about the next one, which a fallback may need. All agents of the process share them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::error::{Blame, ModelError};

/// Circuits remembered before those that do not matter any more are forgotten.
const MAX_CIRCUITS: usize = 1024;

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CircuitSettings {
    /// Failures in a row that open it.
    pub(crate) failures: u32,
    /// How long it stays open before one question is let through.
    pub(crate) open_for: Duration,
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            open_for: Duration::from_secs(30),
        }
    }
}

/// All circuits that are not plainly closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Circuits {
    settings: CircuitSettings,
    states: Arc<Mutex<HashMap<Key, State>>>,
}

/// What a circuit protects: an address, or one model there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    url: String,
    model: Option<String>,
}

/// A circuit that is not listed is closed and without failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Questions pass; so many failed in a row.
    Closed { failures: u32 },
    /// No question passes until then.
    Open { until: Instant },
    /// One question is under way that decides.
    HalfOpen,
}

/// How a question went, for one circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Works,
    Fails,
    /// It was given up before anybody knew.
    Unknown,
}

/// The leave to ask one question. Dropped unsettled, as by a cancelled run, it decides nothing.
pub(super) struct Permit {
    circuits: Circuits,
    address: Pass,
    model: Pass,
}

struct Pass {
    key: Key,
    kind: Kind,
}

/// What a question is to its circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One of many.
    Usual,
    /// The one that decides whether the circuit closes.
    Probe,
}

impl Circuits {
    pub(super) fn new(settings: CircuitSettings) -> Self {
        Self {
            settings,
            states: Arc::default(),
        }
    }

    /// Leave to ask `model` at `url` now, or when to try again.
    pub(super) fn permit(&self, url: &str, model: &str) -> Result<Permit, ModelError> {
        let address = Key {
            url: url.to_owned(),
            model: None,
        };
        let model_key = Key {
            url: url.to_owned(),
            model: Some(model.to_owned()),
        };
        let now = Instant::now();
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let retry_in = [&address, &model_key]
            .into_iter()
            .filter_map(|key| states.get(key)?.refuses(now))
            .max();
        if let Some(retry_in) = retry_in {
            return Err(ModelError::CircuitOpen {
                url: url.to_owned(),
                model: model.to_owned(),
                retry_in,
            });
        }
        let mut pass = |key: Key| {
            let kind = match states.get_mut(&key) {
                Some(state @ State::Open { .. }) => {
                    *state = State::HalfOpen;
                    Kind::Probe
                }
                Some(State::Closed { .. } | State::HalfOpen) | None => Kind::Usual,
            };
            Pass { key, kind }
        };
        let (address, model) = (pass(address), pass(model_key));
        drop(states);
        Ok(Permit {
            circuits: self.clone(),
            address,
            model,
        })
    }

    fn settle(&self, pass: &Pass, verdict: Verdict) {
        let now = Instant::now();
        let open = State::Open {
            until: now + self.settings.open_for,
        };
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let before = states
            .get(&pass.key)
            .copied()
            .unwrap_or(State::Closed { failures: 0 });
        let after = match (verdict, before, pass.kind) {
            (Verdict::Works, _, _) => {
                states.remove(&pass.key);
                return;
            }
            (Verdict::Fails, State::Closed { failures }, _) => {
                let failures = failures + 1;
                if failures < self.settings.failures {
                    State::Closed { failures }
                } else {
                    open
                }
            }
            (Verdict::Fails, State::HalfOpen, Kind::Probe) => open,
            // The next one may try at once.
            (Verdict::Unknown, State::HalfOpen, Kind::Probe) => State::Open { until: now },
            // It began before the circuit opened, and says nothing new.
            (Verdict::Fails, State::HalfOpen | State::Open { .. }, _)
            | (Verdict::Unknown, _, _) => return,
        };
        if states.len() >= MAX_CIRCUITS {
            states.retain(|_, state| state.refuses(now).is_some());
        }
        states.insert(pass.key.clone(), after);
    }
}

impl State {
    /// How long no question passes; `None` when one may.
    fn refuses(self, now: Instant) -> Option<Duration> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { until } => until
                .checked_duration_since(now)
                .filter(|left| !left.is_zero()),
            // Whoever tries now says soon how it went.
            Self::HalfOpen => Some(Duration::from_secs(1)),
        }
    }
}

impl Permit {
    /// The question was answered.
    pub(super) fn answered(mut self) {
        self.settle(Verdict::Works, Verdict::Works);
    }

    /// The question failed.
    pub(super) fn failed(mut self, error: &ModelError) {
        match error.blame() {
            Blame::Address => self.settle(Verdict::Fails, Verdict::Unknown),
            Blame::Model => self.settle(Verdict::Works, Verdict::Fails),
            Blame::Question => self.settle(Verdict::Works, Verdict::Works),
        }
    }

    fn settle(&mut self, address: Verdict, model: Verdict) {
        self.circuits.settle(&self.address, address);
        self.circuits.settle(&self.model, model);
        // Dropping it decides nothing any more.
        self.address.kind = Kind::Usual;
        self.model.kind = Kind::Usual;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.settle(Verdict::Unknown, Verdict::Unknown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://kaos/modelapis/default/llm";

    fn circuits() -> Circuits {
        Circuits::new(CircuitSettings {
            failures: 2,
            open_for: Duration::from_secs(10),
        })
    }

    fn unreachable() -> ModelError {
        ModelError::Reach {
            url: URL.to_owned(),
            reason: "refused".to_owned(),
        }
    }

    fn broken() -> ModelError {
        ModelError::BreakOff("the stream stopped in the middle".to_owned())
    }

    fn fail(circuits: &Circuits, model: &str, error: &ModelError) {
        circuits.permit(URL, model).unwrap().failed(error);
    }

    fn retry_in(circuits: &Circuits, model: &str) -> Option<Duration> {
        match circuits.permit(URL, model).err()? {
            ModelError::CircuitOpen { retry_in, .. } => Some(retry_in),
            other => panic!("{other}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_cannot_be_reached_is_left_alone_by_all_models() {
        let circuits = circuits();
        fail(&circuits, "a", &unreachable());
        fail(&circuits.clone(), "b", &unreachable());
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(retry_in(&circuits, "c"), Some(Duration::from_secs(6)));
        let other = "http://kaos/modelapis/default/other";
        assert!(circuits.permit(other, "a").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_fails_does_not_take_the_others_with_it() {
        let circuits = circuits();
        fail(&circuits, "a", &broken());
        fail(&circuits, "a", &broken());
        assert_eq!(retry_in(&circuits, "a"), Some(Duration::from_secs(10)));
        assert_eq!(retry_in(&circuits, "b"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn only_failures_in_a_row_open_a_circuit() {
        let circuits = circuits();
        for _ in 0..5 {
            fail(&circuits, "a", &unreachable());
            circuits.permit(URL, "a").unwrap().answered();
        }
        assert_eq!(retry_in(&circuits, "a"), None);
        let refused = ModelError::Understand("garbage".to_owned());
        for _ in 0..5 {
            fail(&circuits, "a", &refused);
        }
        assert_eq!(retry_in(&circuits, "a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_question_decides_whether_an_open_circuit_closes() {
        let circuits = circuits();
        fail(&circuits, "a", &unreachable());
        fail(&circuits, "a", &unreachable());
        tokio::time::advance(Duration::from_secs(10)).await;
        let probe = circuits.permit(URL, "a").unwrap();
        assert_eq!(retry_in(&circuits, "a"), Some(Duration::from_secs(1)));
        probe.failed(&unreachable());
        assert_eq!(retry_in(&circuits, "a"), Some(Duration::from_secs(10)));

        tokio::time::advance(Duration::from_secs(10)).await;
        drop(circuits.permit(URL, "a").unwrap());
        let probe = circuits.permit(URL, "a");
        let probe = probe.unwrap_or_else(|error| panic!("the first was cancelled: {error}"));
        probe.answered();
        fail(&circuits, "a", &unreachable());
        assert_eq!(retry_in(&circuits, "a"), None, "it counts from the start");
    }
}
