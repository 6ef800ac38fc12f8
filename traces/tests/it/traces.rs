//! Traces as they arrive: in pieces, out of order, twice.

use api::traces::{SpanStatus, TraceQuery, TraceReader, TraceSummary};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use serde_json::json;

use crate::support::{
    MS, NOW_NS, Running, attribute, export, failed, folder, span, span_id, text, trace_id, with,
    write,
};

async fn summary(running: &Running) -> TraceSummary {
    let mut found = running.store.search(&TraceQuery::default()).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[tokio::test]
async fn a_trace_that_arrives_in_pieces_and_backwards_is_whole() {
    let folder = folder();
    let running = Running::open(&folder);
    write(
        &running.store,
        "researcher",
        vec![failed(span(1, 4, Some(3)), "no answer")],
    )
    .await;
    write(&running.store, "researcher", vec![span(1, 3, Some(2))]).await;
    let early = summary(&running).await;
    assert_eq!((early.n_spans, early.n_orphans), (2, 1));
    assert_eq!(
        (early.root_service.as_str(), early.root_name.as_str()),
        ("researcher", "span-3")
    );

    write(
        &running.store,
        "coordinator",
        vec![span(1, 2, Some(1)), span(1, 1, None)],
    )
    .await;
    let whole = summary(&running).await;
    assert_eq!(
        (whole.root_service.as_str(), whole.root_name.as_str()),
        ("coordinator", "span-1")
    );
    assert_eq!((whole.n_spans, whole.n_errors, whole.n_orphans), (4, 1, 0));
    assert_eq!((whole.start_ns, whole.duration_ns()), (NOW_NS + MS, 4 * MS));
    let services: Vec<_> = whole
        .services
        .iter()
        .map(|s| (s.name.as_str(), s.n_spans))
        .collect();
    assert_eq!(services, [("coordinator", 2), ("researcher", 2)]);

    let trace = running.store.trace(trace_id(1)).await.unwrap().unwrap();
    let names: Vec<_> = trace.spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["span-1", "span-2", "span-3", "span-4"]);
    assert_eq!(trace.spans[3].parent_id, Some(span_id(3)));
    assert_eq!(
        trace.spans[3].status,
        SpanStatus::Error("no answer".to_owned())
    );
    running.shut_down().await;
}

#[tokio::test]
async fn a_span_sent_twice_counts_once() {
    let folder = folder();
    let running = Running::open(&folder);
    let spans = vec![span(1, 1, None), failed(span(1, 2, Some(1)), "late")];
    write(&running.store, "a", spans.clone()).await;
    write(&running.store, "a", spans).await;
    let summary = summary(&running).await;
    assert_eq!((summary.n_spans, summary.n_errors), (2, 1));
    assert_eq!(
        running
            .store
            .trace(trace_id(1))
            .await
            .unwrap()
            .unwrap()
            .spans
            .len(),
        2
    );
    running.shut_down().await;
}

#[tokio::test]
async fn a_span_sent_again_with_other_content_replaces_the_first() {
    let folder = folder();
    let running = Running::open(&folder);
    let early = with(span(1, 1, None), vec![text("state", "started")]);
    write(&running.store, "a", vec![early]).await;
    let mut late = with(span(1, 1, None), vec![text("state", "done")]);
    late.end_time_unix_nano += 9 * MS;
    write(&running.store, "a", vec![late]).await;

    assert_eq!(summary(&running).await.duration_ns(), 10 * MS);
    let found = async |value: &str| {
        let query = TraceQuery {
            attributes: vec![("state".to_owned(), value.to_owned())],
            ..TraceQuery::default()
        };
        running.store.search(&query).await.unwrap().len()
    };
    assert_eq!((found("started").await, found("done").await), (0, 1));
    running.shut_down().await;
}

#[tokio::test]
async fn spans_without_ids_are_left_out_and_counted() {
    let folder = folder();
    let running = Running::open(&folder);
    let mut nameless = span(1, 2, None);
    nameless.span_id = vec![0; 8];
    let request = export("a", vec![span(1, 1, None), nameless]);
    let receipt = running.store.write_traces(&request).await.unwrap();
    assert_eq!(receipt.n_rejected, 1);
    assert_eq!(summary(&running).await.n_spans, 1);
    running.shut_down().await;
}

#[tokio::test]
async fn attributes_keep_their_types() {
    let folder = folder();
    let running = Running::open(&folder);
    let attributes = vec![
        text("text", "t"),
        attribute("int", OtlpValue::IntValue(-7)),
        attribute("double", OtlpValue::DoubleValue(0.5)),
        attribute("nan", OtlpValue::DoubleValue(f64::NAN)),
        attribute("bool", OtlpValue::BoolValue(true)),
        attribute("bytes", OtlpValue::BytesValue(vec![1, 2, 3])),
    ];
    write(
        &running.store,
        "a",
        vec![with(span(1, 1, None), attributes)],
    )
    .await;
    let trace = running.store.trace(trace_id(1)).await.unwrap().unwrap();
    let value = |key| trace.spans[0].attribute(key).unwrap().clone();
    assert_eq!(value("text"), json!("t"));
    assert_eq!(value("int"), json!(-7));
    assert_eq!(value("double"), json!(0.5));
    assert_eq!(value("nan"), json!("NaN"));
    assert_eq!(value("bool"), json!(true));
    assert_eq!(value("bytes"), json!("AQID"));
    running.shut_down().await;
}

#[tokio::test]
async fn services_and_operations_are_listed_once_and_sorted() {
    let folder = folder();
    let running = Running::open(&folder);
    write(
        &running.store,
        "b",
        vec![span(1, 1, None), span(2, 1, None)],
    )
    .await;
    write(
        &running.store,
        "a",
        vec![span(1, 3, Some(1)), span(1, 2, Some(1))],
    )
    .await;
    assert_eq!(running.store.services().await.unwrap(), ["a", "b"]);
    let operations = running.store.operations("a").await.unwrap();
    let names: Vec<_> = operations
        .iter()
        .map(|o| (o.name.as_str(), o.span_kind.as_str()))
        .collect();
    assert_eq!(names, [("span-2", "internal"), ("span-3", "internal")]);
    assert!(running.store.operations("nobody").await.unwrap().is_empty());
    assert_eq!(running.store.trace(trace_id(9)).await.unwrap(), None);
    running.shut_down().await;
}
