//! All readers of what telemetry adds up to, for whoever shows it.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use super::{
    Alert, AlertRule, Alerting, CallReader, Decision, DurationQuery, Durations, ExceptionGroup,
    ExceptionGroupId, ExceptionQuery, ExceptionReader, MetricQuery, MetricReader, MetricSeries,
    NotNoted, Notebook, Occurrence, RuleRefused, SavedSearch, ServiceGraph, SessionQuery,
    SessionReader, SessionSummary, UsageQuery, UsageReader, UsageRow, Webhook, WebhookRefused,
    Window,
};
use crate::traces::ReadError;

/// Whoever answers every question about what telemetry adds up to.
pub trait TelemetryReader:
    CallReader + ExceptionReader + MetricReader + SessionReader + UsageReader
{
}

impl<R> TelemetryReader for R where
    R: CallReader + ExceptionReader + MetricReader + SessionReader + UsageReader
{
}

/// Answers no question, because nothing is kept that could; says why.
#[derive(Clone, Debug)]
pub struct NothingKept {
    /// One sentence for the user, with what to do about it.
    pub why: String,
}

impl NothingKept {
    /// Shared, as ports are.
    pub fn because(why: &str) -> Arc<dyn TelemetryReader> {
        Arc::new(Self {
            why: why.to_owned(),
        })
    }

    /// The same for alerts.
    pub fn alerts(why: &str) -> Arc<dyn Alerting> {
        Arc::new(Self {
            why: why.to_owned(),
        })
    }

    /// The same for what people write down: nothing is there, and nothing is taken.
    pub fn notebook(why: &str) -> Arc<dyn Notebook> {
        Arc::new(Self {
            why: why.to_owned(),
        })
    }

    fn answer<T>(&self) -> Result<T, ReadError> {
        Err(ReadError::Unsupported(self.why.clone()))
    }
}

#[async_trait]
impl Alerting for NothingKept {
    async fn alerts(&self) -> Result<Vec<Alert>, ReadError> {
        self.answer()
    }

    async fn alert_rules(&self) -> Result<Vec<AlertRule>, ReadError> {
        self.answer()
    }

    async fn save_alert_rule(&self, _: AlertRule) -> Result<(), RuleRefused> {
        Err(RuleRefused::Unsupported(self.why.clone()))
    }

    async fn delete_alert_rule(&self, _: &str) -> Result<(), RuleRefused> {
        Err(RuleRefused::Unsupported(self.why.clone()))
    }

    fn webhooks(&self) -> Vec<Webhook> {
        Vec::new()
    }

    async fn add_webhook(&self, _: &str) -> Result<(), WebhookRefused> {
        Err(WebhookRefused::Unsupported(self.why.clone()))
    }

    async fn remove_webhook(&self, _: usize, _: &str) -> Result<(), WebhookRefused> {
        Err(WebhookRefused::Unsupported(self.why.clone()))
    }

    async fn test_webhook(&self, _: usize) -> Result<String, String> {
        Err(self.why.clone())
    }
}

#[async_trait]
impl CallReader for NothingKept {
    async fn service_graph(&self, _: Window) -> Result<ServiceGraph, ReadError> {
        self.answer()
    }

    async fn durations(&self, _: &DurationQuery) -> Result<Durations, ReadError> {
        self.answer()
    }
}

#[async_trait]
impl ExceptionReader for NothingKept {
    async fn exceptions(&self, _: &ExceptionQuery) -> Result<Vec<ExceptionGroup>, ReadError> {
        self.answer()
    }

    async fn occurrences(
        &self,
        _: ExceptionGroupId,
        _: &ExceptionQuery,
    ) -> Result<Vec<Occurrence>, ReadError> {
        self.answer()
    }
}

#[async_trait]
impl MetricReader for NothingKept {
    async fn metric(&self, _: &MetricQuery) -> Result<Vec<MetricSeries>, ReadError> {
        self.answer()
    }

    async fn metric_names(&self) -> Result<Vec<String>, ReadError> {
        self.answer()
    }
}

#[async_trait]
impl Notebook for NothingKept {
    fn decisions(&self) -> BTreeMap<ExceptionGroupId, Decision> {
        BTreeMap::new()
    }

    async fn decide(&self, _: ExceptionGroupId, _: Option<Decision>) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported(self.why.clone()))
    }

    fn searches(&self, _: &str) -> Vec<SavedSearch> {
        Vec::new()
    }

    async fn save_search(&self, _: SavedSearch) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported(self.why.clone()))
    }

    async fn delete_search(&self, _: &str, _: &str) -> Result<(), NotNoted> {
        Err(NotNoted::Unsupported(self.why.clone()))
    }
}

#[async_trait]
impl SessionReader for NothingKept {
    async fn sessions(&self, _: &SessionQuery) -> Result<Vec<SessionSummary>, ReadError> {
        self.answer()
    }
}

#[async_trait]
impl UsageReader for NothingKept {
    async fn usage(&self, _: &UsageQuery) -> Result<Vec<UsageRow>, ReadError> {
        self.answer()
    }
}
