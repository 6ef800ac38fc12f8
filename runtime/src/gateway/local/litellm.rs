//! `LiteLLM` with a configuration of the user's own: a child process that listens on this machine only.
//!
//! It gets no more of our environment than it needs, the variables its plan declares, and a key of
//! its own, so that nobody but the gateway can ask it.

mod child;
mod config;

use std::{net::TcpListener, time::Duration};

use api::plan::{LiteLlmPlan, Secret};
use reqwest::Url;
use uuid::Uuid;

use self::{
    child::{Child, Terms},
    config::Config,
};
use super::LocalSettings;
use crate::gateway::{
    provider::KeyHeader,
    served::{ModelApiState, Served},
    upstream::Upstream,
};

/// How long it may take to start: it reads a lot of Python.
const START_WITHIN: Duration = Duration::from_mins(10);
/// How often it is asked whether it has started.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs it until it ends; returns how, for people.
pub(super) async fn run(
    served: &Served,
    plan: &LiteLlmPlan,
    (settings, client): (&LocalSettings, &reqwest::Client),
) -> String {
    match start(served, plan, settings, client).await {
        Ok(mut child) => child.ended().await,
        Err(reason) => reason,
    }
}

async fn start(
    served: &Served,
    plan: &LiteLlmPlan,
    settings: &LocalSettings,
    client: &reqwest::Client,
) -> Result<Child, String> {
    let config = Config::parse(&plan.config)?;
    let key = match config.master_key(&plan.env)? {
        Some(key) => key,
        None => Secret::new(format!(
            "sk-{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        )),
    };
    let port = free_port().map_err(|error| format!("there is no free port: {error}"))?;
    let base = Url::parse(&format!("http://127.0.0.1:{port}"));
    let base = base.map_err(|error| error.to_string())?;
    let terms = Terms {
        port,
        key: key.clone(),
        secrets: config.secrets(),
    };
    let mut child = Child::start(&served.plan.id, plan, settings, terms)?;
    served.enter(ModelApiState::Starting(Some("LiteLLM starts".to_owned())));
    let answering = tokio::time::timeout(START_WITHIN, answers(client, &base));
    let answers = tokio::select! {
        how = child.ended() => return Err(how),
        answers = answering => answers.is_ok(),
    };
    if !answers {
        let minutes = START_WITHIN.as_secs() / 60;
        return Err(format!("LiteLLM has not started within {minutes} minutes"));
    }
    let upstream = Upstream::at(&served.plan.id, base, Some((key, KeyHeader::Bearer)))?;
    served.ready(upstream);
    Ok(child)
}

/// A port that is free now. If somebody else takes it first, the next attempt finds another.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until it says that it is alive.
async fn answers(client: &reqwest::Client, base: &Url) {
    let mut url = base.clone();
    url.set_path("/health/liveliness");
    loop {
        let asking = tokio::time::timeout(PATIENCE, client.get(url.clone()).send());
        if asking
            .await
            .is_ok_and(|answer| answer.is_ok_and(|it| it.status().is_success()))
        {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
