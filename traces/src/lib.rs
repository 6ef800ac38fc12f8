//! The built-in telemetry store: OTLP in, SQLite in the middle, queries and Jaeger's query API out; and
//! [`JaegerClient`], which reads traces from a Jaeger instead.
//!
//! A [`Store`] is a cheap handle. Writes pass a bounded queue to the one thread that writes, and are
//! acknowledged after their commit; reads take a connection of a small pool. What a client sent is kept
//! as the OTLP bytes it was, so that nothing is lost between [`otlp_http`] and [`jaeger`].

mod alerts;
mod convert;
mod jaeger;
mod jaeger_client;
mod notebook;
mod otlp;
mod store;
mod transfer;

pub use alerts::{AlertError, AlertSettings, Alerts, alerts};
pub use jaeger::jaeger;
pub use jaeger_client::{JaegerClient, JaegerSettings};
pub use notebook::{NotebookError, NotebookFile};
pub use otlp::{otlp_grpc, otlp_http};
pub use store::{Committed, Limits, OpenError, Receipt, Store, WriteError};
pub use transfer::transfer;
