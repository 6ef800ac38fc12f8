//! What keeps data, and who reads it.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use api::{
    clock::Clock,
    telemetry::{NothingKept, TelemetryReader},
    traces::TraceReader,
};
use apiserver::ApiServer;
use axum::Router;
use runtime::{gateway::Accounts, memory::Memory, transport};
use traces::{JaegerClient, JaegerSettings, Store};

use crate::{
    config::Switch,
    data_dir::DataDir,
    lifecycle::{Lifecycle, Stage},
};

/// The parts that keep data.
pub(super) struct Stores {
    pub(super) resources: ApiServer,
    pub(super) telemetry: Store,
    pub(super) memory: Memory,
    pub(super) accounts: Accounts,
    /// Where they do; nothing but them may look in there.
    pub(super) folder: PathBuf,
}

/// Opens all of them in the data directory.
pub(super) fn open_stores(
    lifecycle: &Lifecycle,
    data_dir: &DataDir,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Stores> {
    let Stage { tracker, shutdown } = &lifecycle.stores;
    // Its watches end with the work: a server does not stop while somebody watches.
    let resources = ApiServer::open(
        &data_dir.join("resources.db"),
        Arc::clone(clock),
        tracker,
        lifecycle.work.shutdown.clone(),
    )
    .context("failed to open the resources")?;
    let telemetry = Store::open(
        &data_dir.join("telemetry"),
        Arc::clone(clock),
        tracker,
        shutdown.clone(),
    )
    .context("failed to open the telemetry store")?;
    let memory = Memory::open(
        &data_dir.join("memory.db"),
        Arc::clone(clock),
        tracker,
        shutdown.clone(),
    )
    .context("failed to open the agents' memory")?;
    let accounts = Accounts::open(
        &data_dir.join("spend.json"),
        Arc::clone(clock),
        tracker,
        shutdown.clone(),
    )
    .context("failed to open what was spent on models")?;
    Ok(Stores {
        resources,
        telemetry,
        memory,
        accounts,
        folder: data_dir.absolute()?,
    })
}

/// Telemetry in, and traces in and out as files.
pub(super) fn telemetry_routes(store: &Store) -> Router {
    let grpc = traces::otlp_grpc(store.clone()).into_axum_router();
    traces::otlp_http(store.clone())
        .merge(grpc.reset_fallback())
        .merge(traces::transfer(store.clone()))
}

/// Where the dashboard reads traces.
pub(super) fn trace_reader(
    jaeger: Option<JaegerSettings>,
    stores: &Stores,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn TraceReader>> {
    let Some(settings) = jaeger else {
        return Ok(Arc::new(stores.telemetry.clone()));
    };
    let http = transport::client().context("failed to start HTTP")?;
    Ok(Arc::new(JaegerClient::new(
        http,
        settings,
        Arc::clone(clock),
    )))
}

/// Jaeger keeps traces alone; the rest is read from the built-in store, also beside a Jaeger.
pub(super) fn telemetry_reader(store: Switch, stores: &Stores) -> Arc<dyn TelemetryReader> {
    match store {
        Switch::On => Arc::new(stores.telemetry.clone()),
        Switch::Off => NothingKept::because(
            "Exceptions, metrics, calls, sessions and cost are read from the built-in store, which is \
             off; start kaos with --telemetry-store on to keep them.",
        ),
    }
}
