//! Watching what agents measure, and telling somebody when it is bad for long enough.
//!
//! The rules are in a file that `PUT /api/alerts/rules` replaces. How it stands is in another one beside it, so
//! that a start neither forgets what is bad nor tells of it again.

pub(crate) mod kept;
mod prometheus;
mod targets;
mod webhook;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::clock::Clock;
use api::plan::Secret;
use api::telemetry::{
    Alert, AlertRule, AlertState, Alerting, Measured, MetricReader, RuleRefused, Webhook,
    WebhookRefused, Window,
};
use api::traces::ReadError;
use async_trait::async_trait;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex as Turns, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use targets::Targets;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(15);

/// For how long a resolved alert is shown.
const RESOLVED_FOR_NS: u64 = 3_600 * 1_000_000_000;

/// Rules at most.
const MAX_RULES: usize = 100;

/// Messages that may wait to be sent.
const MAX_MESSAGES: usize = 256;

/// What alerts are made of.
pub struct AlertSettings {
    /// Where the rules are kept; the default ones while there is none. How it stands is kept beside it.
    pub file: PathBuf,
    /// Where to tell of alerts: addresses that take JSON as Slack's do. They are secret, as they let in
    /// whoever knows them.
    pub webhooks: Vec<Secret>,
    /// The dashboard's address, for whoever is told.
    pub dashboard: String,
    /// How long to wait before each further try to tell.
    pub retry_after: Vec<Duration>,
    /// Sends what is told.
    pub http: reqwest::Client,
}

impl AlertSettings {
    /// Five tries within half a minute.
    pub fn new(
        file: PathBuf,
        webhooks: Vec<Secret>,
        dashboard: String,
        http: reqwest::Client,
    ) -> Self {
        let retry_after = [1, 2, 8, 16].map(Duration::from_secs).to_vec();
        Self {
            file,
            webhooks,
            dashboard,
            retry_after,
            http,
        }
    }
}

/// The rules cannot be used.
#[expect(missing_docs, reason = "the fields say themselves what they are")]
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// The file is there and cannot be read.
    #[error("failed to read \"{}\", a file of alerts", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    /// The file is no list of rules, or of addresses.
    #[error("failed to understand \"{}\", a file of alerts: {reason}; correct or remove the file",
        path.display())]
    ParseFile { path: PathBuf, reason: String },
}

/// A handle on what is watched; clones share it.
#[derive(Clone)]
pub struct Alerts(Arc<Shared>);

struct Shared {
    reader: Arc<dyn MetricReader>,
    clock: Arc<dyn Clock>,
    settings: AlertSettings,
    targets: Targets,
    rules: Mutex<Vec<AlertRule>>,
    /// Whoever changes the rules has it.
    changing: Turns<()>,
    alerts: Mutex<Watched>,
    /// Whoever writes down how it stands has it.
    keeping: Turns<()>,
    messages: mpsc::Sender<Alert>,
}

/// By rule and agent.
type Watched = BTreeMap<(String, String), Standing>;

/// How it stands with a rule and an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Standing {
    alert: Alert,
    #[serde(default)]
    telling: Telling,
}

/// Whether somebody has to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Telling {
    /// There is nothing new.
    #[default]
    Done,
    /// When the silence ends.
    Silenced,
    /// It waits to be sent.
    Waiting,
}

impl Alerts {
    /// Reads the rules and begins to watch, until `shutdown` fires.
    pub fn start(
        mut settings: AlertSettings,
        reader: Arc<dyn MetricReader>,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, AlertError> {
        let rules = read_rules(&settings.file)?;
        let targets = Targets::read(std::mem::take(&mut settings.webhooks), &settings.file)?;
        let known = kept::read(&settings.file);
        let (messages, waiting) = mpsc::channel(MAX_MESSAGES);
        for standing in known
            .values()
            .filter(|standing| standing.telling == Telling::Waiting)
        {
            // There are no more than were waiting before.
            messages.try_send(standing.alert.clone()).ok();
        }
        let alerts = Self(Arc::new(Shared {
            reader,
            clock,
            settings,
            targets,
            rules: Mutex::new(rules),
            changing: Turns::default(),
            alerts: Mutex::new(known),
            keeping: Turns::default(),
            messages,
        }));
        let telling = alerts.clone();
        tracker.spawn(webhook::tell(telling, waiting, shutdown.clone()));
        let watching = alerts.clone();
        tracker.spawn(async move {
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(EVERY) => {}
                }
                match watching.look().await {
                    Ok(()) => {}
                    // Nothing is measured here, and nothing will be.
                    Err(ReadError::Unsupported(_)) => return,
                    Err(error) => tracing::warn!(%error, "failed to look after alerts"),
                }
            }
        });
        Ok(alerts)
    }

    /// Measures what every rule is about, and tells of what changed. Done by itself from time to time.
    pub async fn look(&self) -> Result<(), ReadError> {
        let now_ns = u64::try_from(self.0.clock.now().as_nanosecond()).unwrap_or(0);
        let rules = lock(&self.0.rules).clone();
        let mut measured = Vec::new();
        for rule in &rules {
            let window = Window {
                from_ns: now_ns.saturating_sub(rule.window_seconds.saturating_mul(1_000_000_000)),
                to_ns: now_ns,
            };
            let reader = self.0.reader.as_ref();
            measured.push((rule, rule.measured(reader, window, 0).await?));
        }
        let (before, now) = {
            let mut alerts = lock(&self.0.alerts);
            let before = alerts.clone();
            self.take(&mut alerts, measured, now_ns);
            (before, alerts.clone())
        };
        if kept::is_worth_writing(&before, &now) {
            self.keep().await;
        }
        Ok(())
    }

    /// Writes down how it stands, one after the other, so that the last one is what is kept.
    async fn keep(&self) {
        let _turn = self.0.keeping.lock().await;
        let now = lock(&self.0.alerts).clone();
        kept::write(&self.0.settings.file, &now).await;
    }

    /// Takes what was measured, and forgets what is over.
    fn take(&self, alerts: &mut Watched, measured: Vec<(&AlertRule, Measured)>, now_ns: u64) {
        alerts.retain(|(rule, _), Standing { alert, .. }| {
            let is_old = now_ns.saturating_sub(alert.since_ns) > RESOLVED_FOR_NS;
            let is_over = match alert.state {
                AlertState::Inactive => true,
                AlertState::Resolved => is_old,
                AlertState::Pending | AlertState::Firing => false,
            };
            !is_over && measured.iter().any(|(known, _)| known.name == *rule)
        });
        for (rule, mut values) in measured {
            let known = alerts.keys().filter(|(name, _)| *name == rule.name);
            let known: Vec<String> = known.map(|(_, agent)| agent.clone()).collect();
            for agent in known {
                values.entry(agent).or_default();
            }
            for (agent, points) in values {
                let new = || Standing {
                    alert: Alert::new(rule, &agent),
                    telling: Telling::Done,
                };
                let key = (rule.name.clone(), agent.clone());
                let standing = alerts.entry(key).or_insert_with(new);
                let value = points.first().map(|point| point.value);
                let is_silenced = rule.is_silenced(now_ns);
                if standing.alert.measure(rule, value, now_ns) {
                    // What began and ended in the silence is not told at all.
                    let is_over = standing.alert.state == AlertState::Resolved;
                    standing.telling = match standing.telling {
                        Telling::Silenced if is_over => Telling::Done,
                        _ => Telling::Silenced,
                    };
                }
                if standing.telling == Telling::Silenced && !is_silenced {
                    standing.telling = Telling::Waiting;
                    if self.0.messages.try_send(standing.alert.clone()).is_err() {
                        tracing::warn!(rule = rule.name, agent, "too many alerts wait to be told");
                    }
                }
            }
        }
    }

    /// Notes that everybody was told of an alert, or will never be.
    async fn told(&self, alert: &Alert) {
        {
            let mut alerts = lock(&self.0.alerts);
            let key = (alert.rule.clone(), alert.agent.clone());
            let Some(standing) = alerts.get_mut(&key) else {
                return;
            };
            // Meanwhile there may be something else to tell.
            if standing.alert.state != alert.state || standing.alert.since_ns != alert.since_ns {
                return;
            }
            standing.telling = Telling::Done;
        }
        self.keep().await;
    }

    /// Replaces the rules, here and in the file.
    async fn replace(&self, change: impl FnOnce(&mut Vec<AlertRule>)) -> Result<(), RuleRefused> {
        let _turn = self.0.changing.lock().await;
        let mut rules = lock(&self.0.rules).clone();
        change(&mut rules);
        if rules.len() > MAX_RULES {
            return Err(RuleRefused::TakeSoMany(MAX_RULES));
        }
        for (place, rule) in rules.iter().enumerate() {
            let is_taken = rules[..place].iter().any(|other| other.name == rule.name);
            let fault = is_taken.then_some("another rule is called so");
            if let Some(fault) = rule.fault().or(fault) {
                let name = rule.name.clone();
                return Err(RuleRefused::UseRule { name, fault });
            }
        }
        kept::replace(&self.0.settings.file, &rules)
            .await
            .map_err(|error| RuleRefused::Keep(error.to_string()))?;
        *lock(&self.0.rules) = rules;
        Ok(())
    }
}

#[async_trait]
impl Alerting for Alerts {
    async fn alerts(&self) -> Result<Vec<Alert>, ReadError> {
        let alerts = lock(&self.0.alerts);
        let known = alerts.values().map(|standing| &standing.alert);
        let mut shown: Vec<_> = known
            .filter(|alert| alert.state != AlertState::Inactive)
            .cloned()
            .collect();
        shown.sort_by_key(|alert| alert.state != AlertState::Firing);
        Ok(shown)
    }

    async fn alert_rules(&self) -> Result<Vec<AlertRule>, ReadError> {
        Ok(lock(&self.0.rules).clone())
    }

    async fn save_alert_rule(&self, rule: AlertRule) -> Result<(), RuleRefused> {
        self.replace(|rules| {
            let known = rules.iter_mut().find(|known| known.name == rule.name);
            match known {
                Some(known) => *known = rule,
                None => rules.push(rule),
            }
        })
        .await
    }

    async fn delete_alert_rule(&self, name: &str) -> Result<(), RuleRefused> {
        self.replace(|rules| rules.retain(|rule| rule.name != name))
            .await
    }

    fn webhooks(&self) -> Vec<Webhook> {
        self.0.targets.shown()
    }

    async fn add_webhook(&self, address: &str) -> Result<(), WebhookRefused> {
        self.0.targets.add(address).await
    }

    async fn remove_webhook(&self, place: usize, host: &str) -> Result<(), WebhookRefused> {
        self.0.targets.remove(place, host).await
    }

    async fn test_webhook(&self, place: usize) -> Result<String, String> {
        match self.0.targets.all().get(place) {
            Some(webhook) => webhook::test(&self.0.settings, webhook).await,
            None => Err("there is no such webhook".to_owned()),
        }
    }
}

/// New rules were not taken.
struct Refused(RuleRefused);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0 {
            RuleRefused::UseRule { .. } | RuleRefused::TakeSoMany(_) => StatusCode::BAD_REQUEST,
            RuleRefused::Keep(_) | RuleRefused::Unsupported(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.0.to_string() }))).into_response()
    }
}

/// `GET /api/alerts`, `GET` and `PUT /api/alerts/rules`, `GET /api/alerts/prometheus-rule`.
pub fn alerts(alerts: Alerts) -> Router {
    Router::new()
        .route("/api/alerts", get(list))
        .route("/api/alerts/rules", get(rules).put(put_rules))
        .route("/api/alerts/prometheus-rule", get(prometheus_rule))
        .with_state(alerts)
}

async fn list(State(alerts): State<Alerts>) -> Response {
    match alerts.alerts().await {
        Ok(alerts) => Json(alerts).into_response(),
        Err(error) => {
            let body = Json(json!({ "error": error.to_string() }));
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
    }
}

async fn rules(State(alerts): State<Alerts>) -> Json<Vec<AlertRule>> {
    Json(lock(&alerts.0.rules).clone())
}

async fn put_rules(
    State(alerts): State<Alerts>,
    Json(rules): Json<Vec<AlertRule>>,
) -> Result<Json<Vec<AlertRule>>, Refused> {
    let new = rules.clone();
    let replaced = alerts.replace(|rules| *rules = new).await;
    replaced.map_err(Refused)?;
    Ok(Json(rules))
}

async fn prometheus_rule(State(alerts): State<Alerts>) -> Response {
    let yaml = prometheus::rule(&lock(&alerts.0.rules));
    ([(CONTENT_TYPE, "application/yaml")], yaml).into_response()
}

fn read_rules(path: &Path) -> Result<Vec<AlertRule>, AlertError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(AlertRule::defaults()),
        Err(source) => {
            return Err(AlertError::ReadFile {
                path: path.to_owned(),
                source,
            });
        }
    };
    let parse = |reason: String| AlertError::ParseFile {
        path: path.to_owned(),
        reason,
    };
    let rules: Vec<AlertRule> =
        serde_json::from_slice(&text).map_err(|error| parse(error.to_string()))?;
    match rules.iter().find_map(AlertRule::fault) {
        Some(fault) => Err(parse(fault.to_owned())),
        None => Ok(rules),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
