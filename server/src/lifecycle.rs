//! One lifecycle for every task: tasks end because their token fires, and the program waits for them.
//!
//! Two stages, so that nothing is lost: first what works and sends, then the stores that receive.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::anyhow;
use futures::FutureExt;
use tokio::signal;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long the tasks of a stage may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// What tasks are spawned on and stopped by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// Everything that runs beside a request is spawned here.
    pub(crate) tracker: TaskTracker,
    /// Fires when the stage is to end.
    pub(crate) shutdown: CancellationToken,
}

impl Stage {
    async fn end(self) {
        self.shutdown.cancel();
        self.tracker.close();
        if tokio::time::timeout(GRACE, self.tracker.wait())
            .await
            .is_err()
        {
            let left = self.tracker.len();
            tracing::warn!("{left} tasks did not end within {} s", GRACE.as_secs());
        }
    }
}

/// The program from its start to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifecycle {
    /// Servers, reconcilers, runs, telemetry on its way.
    pub(crate) work: Stage,
    /// Databases.
    pub(crate) stores: Stage,
    /// Why an essential task ended.
    failure: Arc<OnceLock<anyhow::Error>>,
}

impl Lifecycle {
    /// Fires the token at Ctrl-C or SIGTERM.
    pub(crate) fn stop_on_signal(&self) {
        let shutdown = self.work.shutdown.clone();
        self.work.tracker.spawn(async move {
            tokio::select! {
                () = signal_received() => {
                    tracing::info!("stopping");
                    shutdown.cancel();
                }
                () = shutdown.cancelled() => {}
            }
        });
    }

    /// Runs a task without which the program is useless: its end, or its panic, stops everything,
    /// and the program fails.
    pub(crate) fn spawn_essential(
        &self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let shutdown = self.work.shutdown.clone();
        let failure = Arc::clone(&self.failure);
        self.work.tracker.spawn(async move {
            let outcome = AssertUnwindSafe(task).catch_unwind().await;
            if shutdown.is_cancelled() {
                return;
            }
            let reason = match outcome {
                Ok(Ok(())) => anyhow!("{name} ended while it was still needed"),
                Ok(Err(error)) => error.context(format!("{name} failed")),
                Err(_) => anyhow!("{name} crashed"),
            };
            // The first failure is the one to know.
            failure.set(reason).ok();
            shutdown.cancel();
        });
    }

    /// Waits until the program is to stop.
    pub(crate) async fn stopping(&self) {
        self.work.shutdown.cancelled().await;
    }

    /// Ends every task, the stores last. Fails if an essential task failed.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.work.end().await;
        self.stores.end().await;
        let failure = Arc::into_inner(self.failure).and_then(OnceLock::into_inner);
        failure.map_or(Ok(()), Err)
    }
}

#[cfg(unix)]
async fn signal_received() {
    let terminate = signal::unix::signal(signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!("SIGTERM will not stop the program cleanly: {error}");
            signal::ctrl_c().await.ok();
        }
    }
}

#[cfg(not(unix))]
async fn signal_received() {
    signal::ctrl_c().await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_essential_task_that_fails_or_crashes_stops_the_program_with_its_reason() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn_essential("the operator", async { Err(anyhow!("no API")) });
        lifecycle.stopping().await;
        assert_eq!(
            format!("{:#}", lifecycle.end().await.unwrap_err()),
            "the operator failed: no API"
        );

        let lifecycle = Lifecycle::default();
        lifecycle.spawn_essential("the server", async { panic!("on purpose") });
        lifecycle.stopping().await;
        assert_eq!(
            lifecycle.end().await.unwrap_err().to_string(),
            "the server crashed"
        );
    }

    #[tokio::test]
    async fn an_orderly_stop_is_no_failure() {
        let lifecycle = Lifecycle::default();
        let shutdown = lifecycle.work.shutdown.clone();
        lifecycle.spawn_essential("the server", async move {
            shutdown.cancelled().await;
            Ok(())
        });
        lifecycle.end().await.unwrap();
    }
}
