//! The reconcilers: they turn `Agent`s, `ModelAPI`s and `MCPServer`s into something that runs, and
//! report what became of it.
//!
//! ```text
//! Secret, ConfigMap ──> ModelAPI ──┐
//!       └─────────────> MCPServer ─┴─> Agent <── Agent (those it may delegate to)
//! ```
//!
//! An arrow means: a change at its tail makes the object at its head reconcile. Each kind goes through
//! the same steps, one file each: **dereference** what it refers to, **validate** it, **build** a plan
//! (pure, cannot fail), apply the plan through the [`Workloads`] port, report the **status**.
//!
//! There are no finalizers. A watch that sees an object go makes its workload go too, so a delete is
//! as fast as the API server, and never hangs because nobody reconciles. What runs while nobody
//! watches belongs to the implementation of the port: a process ends with its parent, and on a cluster
//! owner references clean up.

mod agent;
mod control;
mod keys;
mod links;
mod litellm;
mod mcp_server;
mod model_api;
mod reconcile;
mod report;
mod retries;
mod run;
mod watch;
mod workloads;

#[cfg(test)]
mod fixtures;

pub use litellm::{BASE_VARIABLE, KEY_VARIABLE, MASTER_KEY_VARIABLE, litellm_config};
pub use run::{Error, run};
pub use workloads::{Kind, Running, State, WorkloadError, Workloads};

/// Where KAOS keeps what is its own, such as the registry of MCP runtimes.
pub const SYSTEM_NAMESPACE: &str = "kaos-system";
