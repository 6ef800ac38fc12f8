//! The measurements, each with programs of its own.

mod beside_jaeger;
mod gateway;
mod latency;
mod many;
mod many_spans;
mod store;
mod telemetry;
mod throughput;

use std::{path::Path, time::Duration};

use crate::table::Row;
pub(crate) use {
    beside_jaeger::beside_jaeger, gateway::gateway, latency::latency, many::many,
    many_spans::many_spans, store::store, telemetry::telemetry, throughput::throughput,
};

/// The programs that are measured.
#[derive(Clone, Copy)]
pub(crate) struct Programs<'a> {
    pub(crate) kaos: &'a Path,
    pub(crate) model: &'a Path,
}

/// What a measurement comes to.
type Rows = anyhow::Result<Vec<Row>>;

/// What 95 of 100 do not exceed.
fn p95(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    let place = (took.len() * 95).div_ceil(100).saturating_sub(1);
    took.get(place).copied().unwrap_or_default()
}
