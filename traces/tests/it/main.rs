//! The store from outside: OTLP in, the ports and Jaeger's API out.

#![expect(clippy::unwrap_used, reason = "a test may stop where it is surprised")]

mod alerts;
mod contract;
mod exceptions;
mod hostile;
mod jaeger;
mod jaeger_client;
mod lifecycle;
mod logs;
mod metrics;
mod otlp;
mod search;
mod sql;
mod sums;
mod support;
mod traces;
mod transfer;
