//! The whole program: the real binary on a free port, asked over its real protocols.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod canary;
#[cfg(target_os = "linux")]
mod contain;
mod export;
mod failures;
mod golden;
mod jaeger;
mod kaos;
mod lifecycle;
mod litellm;
mod mcp_secrets;
mod models;
mod resources;
mod script;
mod telemetry;
mod tools;
