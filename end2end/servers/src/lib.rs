//! The real servers that tests run against: an OpenTelemetry Collector and a Jaeger.
//!
//! `cargo xtask servers` builds them, and `cargo xtask test` names them in the environment. A test
//! that finds none is skipped and says so; in CI, where `CI` is set, it fails instead. Each test has
//! servers of its own, on ports that the system chose.

mod collector;
mod jaeger;
mod process;

pub use collector::Collector;
pub use jaeger::{Jaeger, Storage};
