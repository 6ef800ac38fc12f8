//! Which services call which.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Window;
use crate::traces::ReadError;

/// Services and their calls in a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceGraph {
    /// Services that did something, by name.
    pub services: Vec<ServiceNode>,
    /// Calls from one to another, by names.
    pub edges: Vec<ServiceEdge>,
}

/// A service in the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceNode {
    /// Its name.
    pub service: String,
    /// `service.namespace` of its resource; empty when there is none.
    pub namespace: String,
    /// Requests it answered, from wherever they came.
    pub requests: Calls,
}

/// One service calling another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceEdge {
    /// Who calls.
    pub caller: String,
    /// Who is called.
    pub callee: String,
    /// The calls, as the callee sees them.
    pub calls: Calls,
}

/// How often, how well and how fast something was done. The rate is `n` by the length of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// How often.
    pub n: u64,
    /// How often it failed.
    pub n_errors: u64,
    /// Half of them took at most this long, in nanoseconds; within 5 %.
    pub p50_ns: u64,
    /// 95 % of them took at most this long, in nanoseconds; within 5 %.
    pub p95_ns: u64,
}

/// Which times of an operation to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurationQuery {
    /// Whose spans.
    pub service: String,
    /// Their name.
    pub operation: String,
    /// When they started.
    pub window: Window,
    /// At least this many, the newest or nearly so, when there are as many; 500 when 0.
    pub limit: u32,
}

/// How long something took, in nanoseconds; 0 when it was not done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// How often it was done.
    pub n: u64,
    /// Half of them took at most this long.
    pub p50_ns: u64,
    /// 95 % of them took at most this long.
    pub p95_ns: u64,
    /// 99 % of them took at most this long.
    pub p99_ns: u64,
}

/// Reads who calls whom, and how long it takes.
#[async_trait]
pub trait CallReader: Send + Sync {
    /// Services and their calls; a call counts where its answering span started.
    async fn service_graph(&self, window: Window) -> Result<ServiceGraph, ReadError>;

    /// How long the newest times of an operation took. A span that was sent twice counts once.
    async fn durations(&self, query: &DurationQuery) -> Result<Durations, ReadError>;
}
