//! Model APIs that something on this machine answers for: it is started, watched and waited for.

pub(super) mod litellm;
pub(super) mod ollama;

pub use ollama::ollama_url;

use std::{path::PathBuf, sync::Arc, time::Duration};

use api::plan::ModelBackend;
use reqwest::Url;
use tokio::time::Instant;

use super::served::{ModelApiState, Served};

/// The wait before the first attempt anew; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What model APIs on this machine share.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// The program `litellm`, by name or path.
    pub litellm: PathBuf,
    /// The environment of a child, before its plan's own; `PATH`, `HOME`, `LANG` and `TMPDIR` are
    /// what one wants here.
    pub base_env: Vec<(String, String)>,
    /// Where a child's configuration lies while it runs; nobody else may read there.
    pub folder: PathBuf,
    /// Where Ollama answers, without a path.
    pub ollama: Url,
}

/// Keeps what answers for a model API running, until it is stopped.
pub(super) async fn keep(
    served: Arc<Served>,
    settings: Arc<LocalSettings>,
    client: reqwest::Client,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let started = Instant::now();
        let once = async {
            match &served.plan.backend {
                ModelBackend::Provider(_) => std::future::pending().await,
                ModelBackend::LiteLlm(plan) => {
                    litellm::run(&served, plan, (&settings, &client)).await
                }
                ModelBackend::Ollama(model) => {
                    ollama::run(&served, model, (&settings.ollama, &client)).await
                }
            }
        };
        let Some(reason) = served.stop.run_until_cancelled(once).await else {
            return;
        };
        served.enter(ModelApiState::Failed(reason));
        if started.elapsed() > MAX_WAIT {
            wait = FIRST_WAIT;
        }
        if served
            .stop
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
            .is_none()
        {
            return;
        }
        wait = (wait * 2).min(MAX_WAIT);
    }
}
