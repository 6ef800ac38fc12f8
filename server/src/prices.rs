//! The user's own prices of models: a `ConfigMap`, followed for as long as the program runs.

use std::pin::pin;

use api::prices::{KEY, NAME, NAMESPACE};
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher::watch_object},
};
use runtime::gateway::Gateway;

use crate::lifecycle::Lifecycle;

/// Lets the gateway work out prices with what the `ConfigMap` says, from now on.
pub(crate) fn follow(lifecycle: &Lifecycle, client: &Client, gateway: Gateway) {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let shutdown = lifecycle.work.shutdown.clone();
    lifecycle.work.tracker.spawn(async move {
        let mut seen = pin!(watch_object(api, NAME).default_backoff());
        while let Some(next) = shutdown.run_until_cancelled(seen.try_next()).await {
            match next {
                Ok(Some(config_map)) => set(&gateway, config_map),
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "the watch of the prices was interrupted and starts over");
                }
            }
        }
    });
}

/// Prices that cannot be read change nothing: the last that could be read are better than none.
fn set(gateway: &Gateway, config_map: Option<ConfigMap>) {
    let Some(config_map) = config_map else {
        // The table that comes with the program can be read.
        gateway.set_prices(None).ok();
        return;
    };
    let table = config_map.data.as_ref().and_then(|data| data.get(KEY));
    let Some(table) = table else {
        tracing::error!("ConfigMap {NAMESPACE}/{NAME} has no key {KEY}; its prices are not used");
        return;
    };
    match gateway.set_prices(Some(table)) {
        Ok(()) => tracing::info!("prices of models are those of ConfigMap {NAMESPACE}/{NAME}"),
        Err(error) => tracing::error!(
            "ConfigMap {NAMESPACE}/{NAME} is not used, the prices before it stay: {error}"
        ),
    }
}
