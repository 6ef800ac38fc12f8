//! The measurements, each with programs of its own.

mod gateway;
mod latency;
mod many;
mod store;
mod telemetry;
mod throughput;

use std::path::Path;

use crate::table::Row;
pub(crate) use {
    gateway::gateway, latency::latency, many::many, store::store, telemetry::telemetry,
    throughput::throughput,
};

/// The programs that are measured.
#[derive(Clone, Copy)]
pub(crate) struct Programs<'a> {
    pub(crate) kaos: &'a Path,
    pub(crate) model: &'a Path,
}

/// What a measurement comes to.
type Rows = anyhow::Result<Vec<Row>>;
