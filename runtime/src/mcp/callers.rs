//! Who is being answered: whose trace the words of a server belong to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry::{Context, trace::TraceContextExt};

use crate::telemetry::extract_map;

/// The calls under way at one server. Clones are the same calls.
#[derive(Clone, Default)]
pub(super) struct Callers(Arc<Mutex<Under>>);

/// What is under way, in the order of beginning.
#[derive(Default)]
struct Under {
    next: u64,
    calls: Vec<Call>,
}

struct Call {
    id: u64,
    traceparent: Option<String>,
    context: Context,
}

/// A call that is under way until this is dropped.
pub(super) struct UnderWay {
    callers: Callers,
    id: u64,
}

impl Callers {
    /// Notes a call that begins now, in the current context: an agent's, or else the one that
    /// `trace_context` names.
    pub(super) fn begin(&self, trace_context: &HashMap<String, String>) -> UnderWay {
        let current = Context::current();
        let context = if current.has_active_span() {
            current
        } else {
            extract_map(trace_context)
        };
        let mut under = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = under.next;
        under.next += 1;
        under.calls.push(Call {
            id,
            traceparent: trace_context.get("traceparent").cloned(),
            context,
        });
        drop(under);
        UnderWay {
            callers: self.clone(),
            id,
        }
    }

    /// The context of the call that has this `traceparent`; without one, of the latest call.
    pub(super) fn context(&self, traceparent: Option<&str>) -> Option<Context> {
        let under = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |call: &&Call| traceparent.is_none() || call.traceparent.as_deref() == traceparent;
        let call = under.calls.iter().rev().find(is_it);
        call.map(|call| call.context.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under = self
            .callers
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        under.calls.retain(|call| call.id != self.id);
    }
}
