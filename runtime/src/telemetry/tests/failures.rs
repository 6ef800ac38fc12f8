//! Exceptions as log records, and what must not leave the process.

use api::attributes::key;
use opentelemetry::{KeyValue, baggage::BaggageExt};

use super::{
    child, root,
    support::{attribute, hex, settings, start},
};

#[tokio::test]
async fn an_exception_is_logged_once_by_the_span_it_began_in() {
    let (pipeline, recorder) = start(settings());
    let service = pipeline.service("analyst", "default");
    let step = root(&service, "agent.step.1");
    let tool = child(&service, "tool.add", step.context());
    let (trace_id, span_id) = (tool.trace_id(), tool.span_id());
    tool.fail("ToolError", "b is missing");
    step.fail("ToolError", "b is missing");
    root(&service, "agent.step.2").fail("ToolError", "b is missing");
    pipeline.flush().await;

    let logs = recorder.logs();
    assert_eq!(logs.len(), 2, "one for each time it happened");
    let record = &logs[0].record;
    assert_eq!(logs[0].body(), "ToolError: b is missing");
    assert_eq!(
        (record.severity_number, &*record.event_name),
        (17, key::EXCEPTION)
    );
    assert_eq!(
        (hex(&record.trace_id), hex(&record.span_id)),
        (trace_id, span_id)
    );
    assert_eq!(
        attribute(&record.attributes, key::EXCEPTION_TYPE),
        "ToolError"
    );
    assert_eq!(
        attribute(&record.attributes, key::EXCEPTION_MESSAGE),
        "b is missing"
    );
    assert_eq!(
        attribute(&record.attributes, key::EXCEPTION_STACKTRACE),
        "ToolError: b is missing\n    at tool.add (analyst)\n    at agent.step.1 (analyst)"
    );
    assert_eq!(recorder.requests(), ["logs", "traces"]);
}

#[tokio::test]
async fn keys_leave_neither_in_spans_nor_in_logs() {
    let (pipeline, recorder) = start(settings());
    let service = pipeline.service("analyst", "default");
    let mut span = root(&service, "tool.add");
    let key = "sk-proj-abcdefghijklmnop1234";
    span.set_attribute(KeyValue::new(key::TOOL_RESULT, format!("it is {key}")));
    span.fail("ToolError", key);
    pipeline.flush().await;

    assert_eq!(recorder.spans()[0].text(key::TOOL_RESULT), "it is ••••");
    assert_eq!(recorder.logs()[0].body(), "ToolError: ••••");
    let told = format!(
        "{:?} {:?}",
        recorder.spans()[0].span,
        recorder.logs()[0].record
    );
    assert!(!told.contains("abcdefghijklmnop"), "{told}");
}

#[tokio::test]
async fn what_a_span_carries_reaches_those_below_it() {
    let (pipeline, _) = start(settings());
    let service = pipeline.service("analyst", "default");
    let mut server = root(&service, "server");
    server.carry(KeyValue::new(key::SESSION_ID, "one"));
    let step = child(&service, "agent.step.1", server.context());
    let carried = step.context().baggage().get(key::SESSION_ID);
    assert_eq!(carried.map(ToString::to_string).as_deref(), Some("one"));
}
