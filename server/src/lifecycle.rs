//! One lifecycle for every task: they end because the token fires, and the program waits for them.

use std::time::Duration;

use tokio::signal;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long tasks may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// What tasks are spawned on and stopped by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lifecycle {
    /// Everything that runs beside a request is spawned here.
    pub(crate) tracker: TaskTracker,
    /// Fires when the program is to stop.
    pub(crate) shutdown: CancellationToken,
}

impl Lifecycle {
    /// Fires the token at Ctrl-C or SIGTERM.
    pub(crate) fn stop_on_signal(&self) {
        let shutdown = self.shutdown.clone();
        self.tracker.spawn(async move {
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
        let shutdown = self.shutdown.clone();
        self.tracker.spawn(async move {
            if let Err(error) = task.await {
                tracing::error!("{name} failed: {error:#}");
            }
            if !shutdown.is_cancelled() {
                tracing::error!("{name} ended; the program stops");
                shutdown.cancel();
            }
        });
    }

    /// Waits until every task has ended, or its time is up.
    pub(crate) async fn wait(self) {
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
