//! The words every part of KAOS shares: resources, plans, chat, runs, traces, and the ports between
//! crates.
//!
//! Nothing here does I/O, and everything compiles to wasm: the browser uses the same types. Kube's
//! derives sit behind the feature `crd`, which the browser part leaves off.

pub mod attributes;
pub mod chat;
pub mod clock;
pub mod functions;
pub mod live;
pub mod money;
pub mod plan;
pub mod prices;
pub mod replay;
pub mod resources;
pub mod run;
pub mod telemetry;
pub mod traces;
pub mod validation;
