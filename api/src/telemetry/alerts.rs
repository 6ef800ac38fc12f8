//! When something is bad enough, for long enough, to tell somebody.

mod backtest;

pub use backtest::{Episode, Measured};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::traces::ReadError;

/// How far below its threshold a value has to fall before an alert begins to resolve, so that one that
/// swings around it does not come and go.
const HYSTERESIS: f64 = 0.1;

/// What a rule looks at, over its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AlertMeasure {
    /// Seconds that 95 % of an agent's requests do not exceed.
    RequestLatency,
    /// The share of an agent's requests that failed, from 0 to 1.
    ErrorRate,
    /// The share of an agent's calls of models that failed, from 0 to 1.
    ModelFailures,
}

/// Something to watch, for each agent alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRule {
    /// What it is called; one of a kind.
    pub name: String,
    /// What it looks at.
    pub measure: AlertMeasure,
    /// Above this it is bad: seconds, or a share from 0 to 1.
    pub threshold: f64,
    /// Of this agent; of every agent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How far back is looked, in seconds.
    pub window_seconds: u64,
    /// For how long it has to be bad before it is told, and good before it is over.
    pub for_seconds: u64,
    /// Until when nobody is told, in nanoseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced_until_ns: Option<u64>,
}

impl AlertRule {
    /// What no rule is called, as it is where new ones are made.
    pub const NO_NAME: &str = "new";

    /// The three that are there from the beginning.
    pub fn defaults() -> Vec<Self> {
        let rule = |name: &str, measure, threshold| Self {
            name: name.to_owned(),
            measure,
            threshold,
            agent: None,
            window_seconds: 300,
            for_seconds: 120,
            silenced_until_ns: None,
        };
        vec![
            rule("KaosRequestLatencyHigh", AlertMeasure::RequestLatency, 30.0),
            rule("KaosErrorRateHigh", AlertMeasure::ErrorRate, 0.05),
            rule("KaosModelFailuresHigh", AlertMeasure::ModelFailures, 0.01),
        ]
    }

    /// Whether nobody is told now.
    pub fn is_silenced(&self, now_ns: u64) -> bool {
        self.silenced_until_ns
            .is_some_and(|until_ns| now_ns < until_ns)
    }

    /// What is wrong with it, if something is.
    pub fn fault(&self) -> Option<&'static str> {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if self.name.is_empty() || !self.name.chars().all(letters) {
            Some("a rule's name has to be of letters, digits and underscores")
        } else if self.name == Self::NO_NAME {
            Some("a rule cannot be called \"new\"")
        } else if !self.threshold.is_finite() || self.threshold < 0.0 {
            Some("a threshold has to be a number that is not below zero")
        } else if !(10..=86_400).contains(&self.window_seconds) {
            Some("a window has to be between ten seconds and a day")
        } else if self.for_seconds > 86_400 {
            Some("nothing can be bad for more than a day before it is told")
        } else {
            None
        }
    }
}

/// How it stands with a rule and an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// All is well.
    #[default]
    Inactive,
    /// Bad, but not for long.
    Pending,
    /// Bad for long enough.
    Firing,
    /// Well again.
    Resolved,
}

/// A rule and an agent, and how it stands with them. Times are nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The rule's name.
    pub rule: String,
    /// The agent.
    pub agent: String,
    /// How it stands.
    pub state: AlertState,
    /// Since when.
    pub since_ns: u64,
    /// What was measured last; none when nothing happened.
    pub value: Option<f64>,
    /// The rule's threshold.
    pub threshold: f64,
    /// Since when a firing one is good again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_since_ns: Option<u64>,
}

impl Alert {
    /// Before anything was measured.
    pub fn new(rule: &AlertRule, agent: &str) -> Self {
        Self {
            rule: rule.name.clone(),
            agent: agent.to_owned(),
            state: AlertState::Inactive,
            since_ns: 0,
            value: None,
            threshold: rule.threshold,
            good_since_ns: None,
        }
    }

    /// Takes a new measurement; whether somebody has to be told.
    pub fn measure(&mut self, rule: &AlertRule, value: Option<f64>, now_ns: u64) -> bool {
        self.value = value;
        self.threshold = rule.threshold;
        let long_ns = rule.for_seconds.saturating_mul(1_000_000_000);
        let lasted = |since_ns: u64| now_ns.saturating_sub(since_ns) >= long_ns;
        let is_bad = value.is_some_and(|value| value > rule.threshold);
        let is_good = value.is_none_or(|value| value <= rule.threshold * (1.0 - HYSTERESIS));
        match self.state {
            AlertState::Inactive | AlertState::Resolved if is_bad => {
                self.turn(AlertState::Pending, now_ns);
            }
            AlertState::Pending if !is_bad => self.turn(AlertState::Inactive, now_ns),
            AlertState::Firing => {
                self.good_since_ns = is_good.then(|| self.good_since_ns.unwrap_or(now_ns));
            }
            AlertState::Inactive | AlertState::Resolved | AlertState::Pending => {}
        }
        if self.state == AlertState::Pending && lasted(self.since_ns) {
            self.turn(AlertState::Firing, now_ns);
            return true;
        }
        if self.state == AlertState::Firing && self.good_since_ns.is_some_and(lasted) {
            self.turn(AlertState::Resolved, now_ns);
            return true;
        }
        false
    }

    fn turn(&mut self, state: AlertState, now_ns: u64) {
        self.state = state;
        self.since_ns = now_ns;
        self.good_since_ns = None;
    }
}

/// A rule was not taken.
#[expect(missing_docs, reason = "the messages say what the fields are")]
#[derive(Debug, thiserror::Error)]
pub enum RuleRefused {
    /// It makes no sense, or there is another one.
    #[error("the rule \"{name}\" cannot be used: {fault}")]
    UseRule { name: String, fault: &'static str },
    /// There is a limit.
    #[error("there can be {0} rules at most")]
    TakeSoMany(usize),
    /// It could not be written down.
    #[error("failed to write the rules: {0}")]
    Keep(String),
    /// Nothing is watched here.
    #[error("{0}")]
    Unsupported(String),
}

/// Who is told of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The host of its address; the rest is secret.
    pub host: String,
    /// Whether it was added here, and not given at the start.
    pub is_removable: bool,
}

/// A webhook was not taken, or not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum WebhookRefused {
    /// Nobody can be told there.
    #[error("the address cannot be used: {0}")]
    UseAddress(&'static str),
    /// There is a limit.
    #[error("{0} webhooks can be added at most")]
    TakeSoMany(usize),
    /// It could not be written down.
    #[error("failed to write the webhooks: {0}")]
    Keep(String),
    /// Nobody is told of anything here.
    #[error("{0}")]
    Unsupported(String),
}

/// Knows how it stands and by which rules, and lets the rules be changed.
#[async_trait]
pub trait Alerting: Send + Sync {
    /// All but the inactive ones, firing ones first, then by rule and agent.
    async fn alerts(&self) -> Result<Vec<Alert>, ReadError>;

    /// The rules that are watched.
    async fn alert_rules(&self) -> Result<Vec<AlertRule>, ReadError>;

    /// Adds a rule, or replaces the one that is called so.
    async fn save_alert_rule(&self, rule: AlertRule) -> Result<(), RuleRefused>;

    /// Forgets a rule; one that is gone already is forgotten too.
    async fn delete_alert_rule(&self, name: &str) -> Result<(), RuleRefused>;

    /// Who is told.
    fn webhooks(&self) -> Vec<Webhook>;

    /// Tells somebody from now on: an address that takes JSON as Slack's do.
    async fn add_webhook(&self, address: &str) -> Result<(), WebhookRefused>;

    /// Forgets one of [`Self::webhooks`] that is removable, unless another host is there meanwhile.
    async fn remove_webhook(&self, place: usize, host: &str) -> Result<(), WebhookRefused>;

    /// Tells one of [`Self::webhooks`] something, once: what it answered, or why it did not take it.
    async fn test_webhook(&self, place: usize) -> Result<String, String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_NS: u64 = 60_000_000_000;

    /// Measures once a minute; the states, and `!` where somebody is told.
    fn states(values: &[Option<f64>]) -> String {
        let rule = &AlertRule::defaults()[0];
        let mut alert = Alert::new(rule, "a");
        let mut told = String::new();
        for (minute, value) in (1..).zip(values) {
            let tells = alert.measure(rule, *value, minute * MINUTE_NS);
            told.push(match alert.state {
                AlertState::Inactive => 'i',
                AlertState::Pending => 'p',
                AlertState::Firing => 'F',
                AlertState::Resolved => 'r',
            });
            told.push_str(if tells { "!" } else { "" });
        }
        told
    }

    #[test]
    fn what_is_bad_for_long_enough_fires_and_what_is_good_for_as_long_resolves() {
        let (good, bad) = (Some(1.0), Some(31.0));
        assert_eq!(states(&[good, bad, bad, bad, bad]), "ippF!F");
        assert_eq!(states(&[bad, good, bad, bad, bad]), "pippF!");
        assert_eq!(states(&[bad, bad, bad, good, good, good, bad]), "ppF!FFr!p");
        assert_eq!(states(&[bad, bad, bad, None, None, None]), "ppF!FFr!");
    }

    #[test]
    fn what_swings_around_its_threshold_does_not_come_and_go() {
        let (near, bad) = (Some(29.0), Some(31.0));
        assert_eq!(states(&[bad, bad, bad, near, near, near, near]), "ppF!FFFF");
        assert_eq!(
            states(&[bad, bad, bad, Some(1.0), near, Some(1.0)]),
            "ppF!FFF"
        );
    }

    #[test]
    fn a_rule_that_makes_no_sense_says_why() {
        assert!(
            AlertRule::defaults()
                .iter()
                .all(|rule| rule.fault().is_none())
        );
        let mut rule = AlertRule::defaults().remove(0);
        rule.threshold = f64::NAN;
        assert!(
            rule.fault()
                .is_some_and(|fault| fault.contains("threshold"))
        );
        rule.name = "no spaces".to_owned();
        assert!(rule.fault().is_some_and(|fault| fault.contains("name")));
    }
}
