//! Watching what agents measure, and telling somebody when it is bad for long enough.
//!
//! The rules are in a file that `PUT /api/alerts/rules` replaces. How it stands is in another one beside it, so
//! that a start neither forgets what is bad nor tells of it again.

mod kept;
mod prometheus;
mod webhook;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::attributes::{key, metric};
use api::clock::Clock;
use api::plan::Secret;
use api::telemetry::{
    Aggregate, Alert, AlertMeasure, AlertReader, AlertRule, AlertState, MetricQuery, MetricReader,
    Window,
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
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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
    /// How long to wait before each further try to tell.
    pub retry_after: Vec<Duration>,
    /// Sends what is told.
    pub http: reqwest::Client,
}

impl AlertSettings {
    /// Five tries within half a minute.
    pub fn new(file: PathBuf, webhooks: Vec<Secret>, http: reqwest::Client) -> Self {
        let retry_after = [1, 2, 8, 16].map(Duration::from_secs).to_vec();
        Self {
            file,
            webhooks,
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
    #[error("failed to read the rules of alerts in \"{}\"", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    /// The file is no list of rules.
    #[error("failed to understand the rules of alerts in \"{}\": {reason}; correct or remove the file",
        path.display())]
    ParseFile { path: PathBuf, reason: String },
}

/// A handle on what is watched; clones share it.
#[derive(Clone)]
pub struct Alerts(Arc<Shared>);

struct Shared {
    reader: Arc<dyn MetricReader>,
    clock: Arc<dyn Clock>,
    file: PathBuf,
    rules: Mutex<Vec<AlertRule>>,
    alerts: Mutex<Watched>,
    messages: mpsc::Sender<Alert>,
}

/// By rule and agent.
type Watched = BTreeMap<(String, String), Standing>;

/// How it stands with a rule and an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Standing {
    alert: Alert,
    /// Whether somebody has to be told, and was not yet.
    #[serde(default)]
    is_untold: bool,
}

impl Alerts {
    /// Reads the rules and begins to watch, until `shutdown` fires.
    pub fn start(
        settings: AlertSettings,
        reader: Arc<dyn MetricReader>,
        clock: Arc<dyn Clock>,
        tracker: &TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, AlertError> {
        let rules = read_rules(&settings.file)?;
        let known = kept::read(&settings.file);
        let (messages, waiting) = mpsc::channel(MAX_MESSAGES);
        for standing in known.values().filter(|standing| standing.is_untold) {
            // There are no more than were waiting before.
            messages.try_send(standing.alert.clone()).ok();
        }
        let alerts = Self(Arc::new(Shared {
            reader,
            clock,
            file: settings.file.clone(),
            rules: Mutex::new(rules),
            alerts: Mutex::new(known),
            messages,
        }));
        let telling = alerts.clone();
        tracker.spawn(webhook::tell(settings, waiting, telling, shutdown.clone()));
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
            measured.push((rule, self.measure(rule, now_ns).await?));
        }
        let (before, now) = {
            let mut alerts = lock(&self.0.alerts);
            let before = alerts.clone();
            self.take(&mut alerts, measured, now_ns);
            (before, alerts.clone())
        };
        if kept::is_worth_writing(&before, &now) {
            kept::write(&self.0.file, &now).await;
        }
        Ok(())
    }

    /// Takes what was measured, and forgets what is over.
    fn take(
        &self,
        alerts: &mut Watched,
        measured: Vec<(&AlertRule, BTreeMap<String, Option<f64>>)>,
        now_ns: u64,
    ) {
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
                values.entry(agent).or_insert(None);
            }
            for (agent, value) in values {
                let new = || Standing {
                    alert: Alert::new(rule, &agent),
                    is_untold: false,
                };
                let key = (rule.name.clone(), agent.clone());
                let standing = alerts.entry(key).or_insert_with(new);
                if standing.alert.measure(rule, value, now_ns) {
                    standing.is_untold = true;
                    if self.0.messages.try_send(standing.alert.clone()).is_err() {
                        tracing::warn!(rule = rule.name, agent, "too many alerts wait to be told");
                    }
                }
            }
        }
    }

    /// Notes that everybody was told of an alert, or will never be.
    async fn told(&self, alert: &Alert) {
        let now = {
            let mut alerts = lock(&self.0.alerts);
            let key = (alert.rule.clone(), alert.agent.clone());
            let Some(standing) = alerts.get_mut(&key) else {
                return;
            };
            // Meanwhile there may be something else to tell.
            if standing.alert.state != alert.state || standing.alert.since_ns != alert.since_ns {
                return;
            }
            standing.is_untold = false;
            alerts.clone()
        };
        kept::write(&self.0.file, &now).await;
    }

    /// What the rule is about, by agent.
    async fn measure(
        &self,
        rule: &AlertRule,
        now_ns: u64,
    ) -> Result<BTreeMap<String, Option<f64>>, ReadError> {
        let window_ns = rule.window_seconds.saturating_mul(1_000_000_000);
        let ask = async |name: &str, success: Option<&str>, aggregate| {
            let wanted = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            let agent = rule
                .agent
                .as_deref()
                .map(|agent| wanted(key::AGENT_NAME, agent));
            let success = success.map(|success| wanted(key::SUCCESS, success));
            let query = MetricQuery {
                name: name.to_owned(),
                service: None,
                namespace: None,
                attributes: agent.into_iter().chain(success).collect(),
                window: Window {
                    from_ns: now_ns.saturating_sub(window_ns),
                    to_ns: now_ns,
                },
                step_ns: 0,
                by: vec![key::AGENT_NAME.to_owned()],
                aggregate,
            };
            let series = self.0.reader.metric(&query).await?;
            let values = series.into_iter().filter_map(|series| {
                let (_, agent) = series.labels.into_iter().next()?;
                Some((agent, series.points.first()?.value))
            });
            Ok::<BTreeMap<String, f64>, ReadError>(values.collect())
        };
        let counter = match rule.measure {
            AlertMeasure::RequestLatency => {
                let quantile = Aggregate::Quantile(0.95);
                let ms = ask(metric::REQUEST_DURATION, None, quantile).await?;
                let seconds = ms
                    .into_iter()
                    .map(|(agent, ms)| (agent, Some(ms / 1_000.0)));
                return Ok(seconds.collect());
            }
            AlertMeasure::ErrorRate => metric::REQUESTS,
            AlertMeasure::ModelFailures => metric::MODEL_CALLS,
        };
        let all = ask(counter, None, Aggregate::Sum).await?;
        let failed = ask(counter, Some("false"), Aggregate::Sum).await?;
        let shares = all.into_iter().map(|(agent, n)| {
            let n_failed = failed.get(&agent).copied().unwrap_or(0.0);
            let share = (n > 0.0).then(|| n_failed / n);
            (agent, share)
        });
        Ok(shares.collect())
    }

    /// Replaces the rules, here and in the file.
    async fn replace(&self, rules: Vec<AlertRule>) -> Result<(), Refused> {
        if rules.len() > MAX_RULES {
            return Err(Refused::TakeSoMany);
        }
        for (place, rule) in rules.iter().enumerate() {
            if let Some(fault) = rule.fault() {
                return Err(Refused::UseRule(rule.name.clone(), fault));
            }
            if rules[..place].iter().any(|other| other.name == rule.name) {
                return Err(Refused::UseRule(
                    rule.name.clone(),
                    "another rule is called so",
                ));
            }
        }
        kept::replace(&self.0.file, &rules).await?;
        *lock(&self.0.rules) = rules;
        Ok(())
    }
}

#[async_trait]
impl AlertReader for Alerts {
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
}

/// New rules were not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the rule \"{0}\" cannot be used: {1}")]
    UseRule(String, &'static str),
    #[error("there can be {MAX_RULES} rules at most")]
    TakeSoMany,
    #[error("failed to write the rules: {0}")]
    Write(#[from] io::Error),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UseRule(..) | Self::TakeSoMany => StatusCode::BAD_REQUEST,
            Self::Write(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
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
    alerts.replace(rules.clone()).await?;
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
