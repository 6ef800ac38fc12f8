//! What telemetry tells of a call as its server answers it: a span of the MCP server, below that of
//! whoever calls.

use api::attributes::{key, span};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanKind, TraceContextExt},
};

use super::{McpError, ToolOutcome, ToolRequest};
use crate::telemetry::{Service, Span, SpanSpec, extract_map, inject_map, preview};

/// The error of a call that the server answered with one, as the conventions have it.
const TOOL_ERROR: &str = "tool_error";

/// Begins the span of a call, which is from now on in the trace that the request carries on.
pub(super) fn begin(service: &Service, request: &mut ToolRequest) -> Span {
    let current = Context::current();
    let caller = if current.has_active_span() {
        current
    } else {
        extract_map(&request.trace_context)
    };
    let span = service.start_span(SpanSpec {
        name: format!("{}{}", span::MCP_CALL_PREFIX, request.tool).into(),
        kind: SpanKind::Server,
        parent: &caller,
        attributes: vec![
            KeyValue::new(key::MCP_METHOD, "tools/call"),
            KeyValue::new(key::TOOL_NAME, request.tool.clone()),
            KeyValue::new(key::MCP_SERVER, service.name().to_owned()),
        ],
    });
    request.trace_context = inject_map(span.context());
    span
}

/// Ends it as the call did.
pub(super) fn end(span: Span, outcome: &Result<ToolOutcome, McpError>) {
    match outcome {
        Ok(outcome) if outcome.is_error() => {
            span.end_failed(TOOL_ERROR, &preview(&outcome.text()));
        }
        Ok(_) => span.end_ok(),
        Err(McpError::Cancel { .. }) => span.cancelled(),
        Err(error @ McpError::TimeOut { .. }) => span.end_failed("timeout", &error.to_string()),
        Err(error) => span.end_failed("McpError", &error.to_string()),
    }
}
