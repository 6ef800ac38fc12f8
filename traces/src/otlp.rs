//! Receiving OTLP, over HTTP and gRPC.
//!
//! Both answer only after the commit, and both tell a sender that is too fast to come back later.

mod grpc;
mod http;
mod status;

pub use grpc::otlp_grpc;
pub use http::otlp_http;

/// The largest request taken, before and after decompression.
const MAX_REQUEST_BYTES: usize = 16 << 20;

/// When a sender that met a full queue may come back.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// What a sender is told of items that were left out; empty when all were taken.
fn rejection(n_rejected: u64) -> String {
    match n_rejected {
        0 => String::new(),
        n => format!("{n} items left out: a span needs ids, a metric point a value"),
    }
}
