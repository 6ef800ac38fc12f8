//! What agents tell about their work: spans, metrics and logs, each agent as a service of its own.
//!
//! All agents of a process share one [`Pipeline`], which is one task and a bounded queue: a thousand
//! agents cost a thousand small objects, not a thousand threads. Nothing here ever makes a request
//! wait; what cannot be kept is dropped and counted.

mod batch;
mod catalog;
mod delivery;
mod destinations;
mod event;
mod exposition;
mod instruments;
mod ledger;
mod log_layer;
mod losses;
mod meters;
mod otlp;
mod pipeline;
mod propagation;
mod queue;
mod redact;
mod sampling;
mod series;
mod service;
mod span;
mod stdout;
#[cfg(test)]
mod tests;

pub use delivery::{Again, ReceiveError, Received, Receiver};
pub use destinations::Place;
pub use exposition::Exposition;
pub use instruments::{ActiveRequest, Instruments, ModelCall};
pub use ledger::{DeliveryStatus, SignalCounts};
pub use log_layer::LogLayer;
pub use otlp::{Otlp, OtlpCompression, OtlpError, OtlpProtocol, OtlpSettings, OtlpTarget};
pub use pipeline::{CaptureContent, Pipeline, PipelineSettings, ServiceTelemetry};
pub use propagation::{extract, extract_map, extract_span, inject, inject_map};
pub use sampling::{RootSampling, Sampling};
pub use service::Service;
pub use span::{Span, SpanSpec, within};
pub use stdout::{LogFormat, stdout_layer};

use std::time::Duration;

/// Characters of a text that a log line shows.
const PREVIEW_CHARS: usize = 200;

/// A duration in whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The beginning of a text, short enough for a log line.
pub fn preview(text: &str) -> String {
    match text.char_indices().nth(PREVIEW_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
