//! The bounded way from the SDK's processors to the pipeline's task.
//!
//! Spans and logs have a queue each, so that a chatty log cannot push out spans. Both are filled
//! synchronously: a log written inside a span is in its queue before the span ends.

use std::{
    fmt, iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use opentelemetry::{Context, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::{common::v1 as common, resource::v1::Resource};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    logs::{LogProcessor, SdkLogRecord},
    trace::{Span, SpanData, SpanProcessor},
};
use tokio::sync::{Notify, mpsc};

use super::destinations::Destination;

/// Who emitted something, ready for the wire.
#[derive(Debug)]
pub(super) struct Source {
    /// Tells sources apart more cheaply than their resources do.
    pub(super) id: u64,
    pub(super) resource: Resource,
    pub(super) scope: common::InstrumentationScope,
    /// Where it goes.
    pub(super) destination: Destination,
}

/// A span or a log record, and who emitted it.
pub(super) struct Emitted<T> {
    pub(super) source: Arc<Source>,
    pub(super) data: T,
}

/// The sending side, shared by all services.
pub(super) struct Queue {
    spans: mpsc::Sender<Emitted<SpanData>>,
    logs: mpsc::Sender<Emitted<SdkLogRecord>>,
    filling: Notify,
    dropped: Arc<AtomicU64>,
    max_text_bytes: usize,
}

/// The receiving side.
pub(super) struct Drain {
    pub(super) spans: mpsc::Receiver<Emitted<SpanData>>,
    pub(super) logs: mpsc::Receiver<Emitted<SdkLogRecord>>,
}

/// How much the queues hold.
pub(super) struct Bounds {
    pub(super) spans: usize,
    pub(super) logs: usize,
    pub(super) text_bytes: usize,
}

impl Queue {
    /// Both sides of new queues; what does not fit is added to `dropped`.
    pub(super) fn new(bounds: &Bounds, dropped: Arc<AtomicU64>) -> (Self, Drain) {
        let (spans, drained_spans) = mpsc::channel(bounds.spans.max(1));
        let (logs, drained_logs) = mpsc::channel(bounds.logs.max(1));
        let queue = Self {
            spans,
            logs,
            filling: Notify::new(),
            dropped,
            max_text_bytes: bounds.text_bytes,
        };
        (
            queue,
            Drain {
                spans: drained_spans,
                logs: drained_logs,
            },
        )
    }

    /// Waits until a queue is half full.
    pub(super) async fn filling(&self) {
        self.filling.notified().await;
    }

    fn push<T>(&self, queue: &mpsc::Sender<T>, item: T) {
        if queue.try_send(item).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if queue.capacity() <= queue.max_capacity() / 2 {
            self.filling.notify_one();
        }
    }
}

impl Drain {
    /// How much waits now. A log that was written before a span ended is among the logs when the span is among
    /// the spans: those are counted first.
    pub(super) fn waiting(&self) -> Waiting {
        let spans = self.spans.len();
        let logs = self.logs.len();
        Waiting { spans, logs }
    }
}

/// How much waits to be sent.
pub(super) struct Waiting {
    pub(super) spans: usize,
    pub(super) logs: usize,
}

/// Takes `waiting` items in parts of at most `most`, none of which is made before it is asked for: of a full
/// queue, little is in two places at once.
pub(super) fn parts<T>(
    queue: &mut mpsc::Receiver<T>,
    mut waiting: usize,
    most: usize,
) -> impl Iterator<Item = Vec<T>> {
    iter::from_fn(move || {
        let wanted = waiting.min(most.max(1));
        let mut part = Vec::with_capacity(wanted);
        while part.len() < wanted
            && let Ok(item) = queue.try_recv()
        {
            part.push(item);
        }
        waiting -= part.len();
        (!part.is_empty()).then_some(part)
    })
}

/// Puts the spans and logs of one service into the queue.
#[derive(Clone)]
pub(super) struct Enqueue {
    pub(super) queue: Arc<Queue>,
    pub(super) source: Arc<Source>,
}

impl fmt::Debug for Enqueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enqueue")
            .field("source", &self.source.id)
            .finish_non_exhaustive()
    }
}

impl SpanProcessor for Enqueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, mut span: SpanData) {
        if matches!(self.source.destination, Destination::Nowhere) {
            return;
        }
        keep_last_of_each_key(&mut span.attributes);
        let events = span
            .events
            .events
            .iter_mut()
            .flat_map(|event| &mut event.attributes);
        for attribute in span.attributes.iter_mut().chain(events) {
            shorten(attribute, self.queue.max_text_bytes);
        }
        let emitted = Emitted {
            source: Arc::clone(&self.source),
            data: span,
        };
        self.queue.push(&self.queue.spans, emitted);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl LogProcessor for Enqueue {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        if matches!(self.source.destination, Destination::Nowhere) {
            return;
        }
        let emitted = Emitted {
            source: Arc::clone(&self.source),
            data: record.clone(),
        };
        self.queue.push(&self.queue.logs, emitted);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// An attribute that is set again replaces the one before; the SDK keeps both.
fn keep_last_of_each_key(attributes: &mut Vec<KeyValue>) {
    let mut at = 0;
    while at < attributes.len() {
        let key = &attributes[at].key;
        if attributes[at + 1..].iter().any(|later| later.key == *key) {
            attributes.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Cuts a text that is too long. The queue is bounded by count; this bounds its bytes.
fn shorten(attribute: &mut KeyValue, max_bytes: usize) {
    if let Value::String(text) = &attribute.value
        && text.as_str().len() > max_bytes
    {
        let text = text.as_str();
        let kept = &text[..text.floor_char_boundary(max_bytes)];
        attribute.value = Value::String(StringValue::from(format!("{kept}…")));
    }
}
