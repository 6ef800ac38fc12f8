//! Alerts about what agents measure.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use api::{clock::Clock, telemetry::MetricReader};
use runtime::transport;
use traces::{AlertSettings, Alerts};

use crate::{
    config,
    lifecycle::{Lifecycle, Stage},
};

/// Watches by the rules in `file`, until the work ends. Whoever is told finds more at `dashboard`.
pub(crate) fn start(
    lifecycle: &Lifecycle,
    (file, dashboard): (PathBuf, String),
    metrics: Arc<dyn MetricReader>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Alerts> {
    let http = transport::client().context("failed to start HTTP")?;
    let settings = AlertSettings::new(file, config::alert_webhooks(), dashboard, http);
    let Stage { tracker, shutdown } = &lifecycle.work;
    let clock = Arc::clone(clock);
    Ok(Alerts::start(
        settings,
        metrics,
        clock,
        tracker,
        shutdown.clone(),
    )?)
}
