//! Whether a trace meets a query, as the port has it.

use api::attributes::key;
use api::traces::{Attributes, Span, Trace, TraceQuery};
use serde_json::Value;

use super::params::{ERROR, Window};

/// Whether one span of the trace meets every condition, and the trace those on the whole.
pub(super) fn matches(query: &TraceQuery, window: Window, trace: &Trace) -> bool {
    trace.spans.iter().any(|span| meets(query, window, span))
        // Jaeger keeps no logs.
        && query.whole.log_text.is_none()
        && query.whole.is_met_by(&trace.work())
}

fn meets(query: &TraceQuery, window: Window, span: &Span) -> bool {
    let TraceQuery {
        service,
        operation,
        // The window is made of them.
        start_min_ns: _,
        start_max_ns: _,
        duration_min_ns,
        duration_max_ns,
        attributes,
        namespace,
        // Of no single span.
        whole: _,
        limit: _,
    } = query;
    let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|it| it == text);
    let duration_ns = span.duration_ns();
    is(service, &span.service)
        && is(operation, &span.name)
        && (window.min_ns..window.max_ns).contains(&span.start_ns)
        && duration_min_ns.is_none_or(|min| duration_ns >= min)
        && duration_max_ns.is_none_or(|max| duration_ns <= max)
        && namespace
            .as_ref()
            .is_none_or(|name| has(&span.resource, key::SERVICE_NAMESPACE, name))
        && attributes
            .iter()
            .all(|(key, value)| is_so(span, key, value))
}

fn is_so(span: &Span, key: &str, value: &str) -> bool {
    match (key, value) {
        (ERROR, "true") => span.status.is_error(),
        (ERROR, "false") => !span.status.is_error(),
        _ => has(&span.attributes, key, value) || has(&span.resource, key, value),
    }
}

fn has(attributes: &Attributes, key: &str, wanted: &str) -> bool {
    let mut of_key = attributes.iter().filter(|(name, _)| name == key);
    of_key.any(|(_, value)| match value {
        Value::String(text) => text == wanted,
        // As it is written, whatever its type.
        other => *other.to_string() == *wanted,
    })
}
