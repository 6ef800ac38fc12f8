//! One lifecycle for every task: tasks end because their token fires, and the program waits for them.
//!
//! Two stages, so that nothing is lost: first what works and sends, then the stores that receive.

use std::time::Duration;

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

    /// Runs a task without which the program is useless: its end stops everything.
    pub(crate) fn spawn_essential(
        &self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let shutdown = self.work.shutdown.clone();
        self.work.tracker.spawn(async move {
            if let Err(error) = task.await {
                tracing::error!("{name} failed: {error:#}");
            }
            if !shutdown.is_cancelled() {
                tracing::error!("{name} ended; the program stops");
                shutdown.cancel();
            }
        });
    }

    /// Waits until the program is to stop.
    pub(crate) async fn stopping(&self) {
        self.work.shutdown.cancelled().await;
    }

    /// Ends every task, the stores last.
    pub(crate) async fn end(self) {
        self.work.end().await;
        self.stores.end().await;
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
