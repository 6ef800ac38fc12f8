//! What every reader of traces has to do, whoever stores them.
//!
//! Times are whole milliseconds, because Jaeger's older API counts in microseconds.

use std::time::{Duration, Instant};

use api::traces::{
    Attributes, ServiceCount, SpanKind, SpanStatus, Trace, TraceQuery, TraceReader, TraceSummary,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::{Value, json};

use crate::support::{MS, NOW_NS, attribute, export, failed, span, span_id, text, trace_id, with};

/// How long a backend may take to show what it has acknowledged.
const ARRIVAL: Duration = Duration::from_mins(1);

/// A name that needs every kind of escaping on its way into a URL.
const AWKWARD: &str = "ü b/c?d&e=#f%20\"'";

/// Whether a backend keeps the kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    Kept,
    Lost,
}

/// Sends traces over OTLP and compares what the reader says of them; it must hold no others.
pub(crate) async fn trace_reader_contract(reader: &dyn TraceReader, otlp_grpc: &str, kinds: Kinds) {
    let requests = fixture();
    let mut client = TraceServiceClient::connect(otlp_grpc.to_owned())
        .await
        .unwrap();
    for request in requests {
        client.export(request).await.unwrap();
    }
    for (id, n_spans) in [(1, 1), (2, 2), (3, 1), (4, 1), (5, 2), (6, 1)] {
        until_arrived(reader, id, n_spans).await;
    }
    services_are_sorted(reader).await;
    operations_are_sorted(reader, kinds).await;
    a_trace_is_as_it_was_sent(reader).await;
    what_does_not_exist_is_nothing(reader).await;
    summaries_count(reader).await;
    searches_find_what_matches(reader).await;
}

/// Six traces, oldest first.
fn fixture() -> Vec<ExportTraceServiceRequest> {
    let session = |id| vec![text("session.id", id)];
    let mut called = with(span(2, 10, None), session("s2"));
    called.kind = 2;
    let mut slow = failed(span(3, 20, None), "timeout");
    slow.end_time_unix_nano += 500 * MS;
    let mut other = export("b", vec![span(6, 60, None)]);
    other.resource_spans[0].resource = other.resource_spans[0].resource.take().map(|mut of| {
        of.attributes[1] = text("service.namespace", "other");
        of
    });
    vec![
        export("a", vec![with(span(1, 1, None), session("s1"))]),
        // A child may arrive before its parent.
        export("b", vec![span(2, 11, Some(10))]),
        export("a", vec![called]),
        export("b", vec![slow]),
        export(AWKWARD, vec![span(4, 30, Some(99))]),
        export("rich", vec![rich(), span(5, 41, Some(40))]),
        // What was sent is sent again.
        export("rich", vec![rich()]),
        other,
    ]
}

/// A span with everything that a span can have.
fn rich() -> Span {
    let list = ArrayValue {
        values: ["x", "y"]
            .map(|text| AnyValue {
                value: Some(OtlpValue::StringValue(text.to_owned())),
            })
            .to_vec(),
    };
    let mut span = with(
        span(5, 40, None),
        vec![
            text("words", "ünï \"quoted\" <b>&amp;</b>"),
            attribute("yes", OtlpValue::BoolValue(true)),
            attribute("half", OtlpValue::DoubleValue(0.5)),
            attribute("count", OtlpValue::IntValue(-3)),
            attribute("large", OtlpValue::IntValue((1 << 53) + 1)),
            attribute("list", OtlpValue::ArrayValue(list)),
        ],
    );
    AWKWARD.clone_into(&mut span.name);
    span.kind = 3;
    span.end_time_unix_nano += 9 * MS;
    span.status = Some(Status {
        code: 1,
        message: String::new(),
    });
    span.events = vec![Event {
        time_unix_nano: NOW_NS + 42 * MS,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "IOError")],
        ..Event::default()
    }];
    span
}

async fn until_arrived(reader: &dyn TraceReader, id: u8, n_spans: usize) {
    let started = Instant::now();
    loop {
        let trace = reader.trace(trace_id(id)).await.unwrap();
        if trace
            .as_ref()
            .is_some_and(|trace| trace.spans.len() == n_spans)
        {
            return;
        }
        assert!(started.elapsed() < ARRIVAL, "trace {id} stays {trace:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn services_are_sorted(reader: &dyn TraceReader) {
    let services = reader.services().await.unwrap();
    assert_eq!(services, ["a", "b", "rich", AWKWARD]);
}

async fn operations_are_sorted(reader: &dyn TraceReader, kinds: Kinds) {
    let of = async |service| {
        let operations = reader.operations(service).await.unwrap();
        let pairs = operations.into_iter().map(|it| (it.name, it.span_kind));
        pairs.collect::<Vec<_>>()
    };
    let pair = |name: &str, kind: &str| {
        let kind = if kinds == Kinds::Kept { kind } else { "" };
        (name.to_owned(), kind.to_owned())
    };
    assert_eq!(
        of("a").await,
        [pair("span-1", "internal"), pair("span-10", "server")]
    );
    assert_eq!(of(AWKWARD).await, [pair("span-30", "internal")]);
    assert_eq!(of("nobody").await, []);
}

async fn a_trace_is_as_it_was_sent(reader: &dyn TraceReader) {
    let Trace { id, spans } = reader.trace(trace_id(5)).await.unwrap().unwrap();
    assert_eq!(id, trace_id(5));
    let [root, child] = spans.as_slice() else {
        panic!("there are two spans: {spans:#?}");
    };
    assert_eq!((root.trace_id, root.span_id), (trace_id(5), span_id(40)));
    assert_eq!((root.parent_id, child.parent_id), (None, Some(span_id(40))));
    assert_eq!(
        (root.service.as_str(), root.name.as_str()),
        ("rich", AWKWARD)
    );
    assert_eq!(
        (root.kind, child.kind),
        (SpanKind::Client, SpanKind::Internal)
    );
    assert_eq!(root.start_ns, NOW_NS + 40 * MS);
    assert_eq!(root.duration_ns(), 10 * MS);
    assert_eq!(
        (&root.status, &child.status),
        (&SpanStatus::Ok, &SpanStatus::Unset)
    );
    assert_eq!(
        by_key(&root.attributes),
        json!({"words": "ünï \"quoted\" <b>&amp;</b>", "yes": true, "half": 0.5, "count": -3,
            "large": (1_i64 << 53) + 1, "list": r#"["x","y"]"#})
    );
    let [event] = root.events.as_slice() else {
        panic!("there is one event: {:#?}", root.events);
    };
    assert_eq!(
        (event.time_ns, event.name.as_str()),
        (NOW_NS + 42 * MS, "exception")
    );
    assert_eq!(
        by_key(&event.attributes),
        json!({"exception.type": "IOError"})
    );
    assert_eq!(
        by_key(&root.resource),
        json!({"service.name": "rich", "service.namespace": "kaos-hierarchy",
            "host.name": "host-of-rich"})
    );
    let slow = reader.trace(trace_id(3)).await.unwrap().unwrap();
    assert_eq!(
        slow.spans[0].status,
        SpanStatus::Error("timeout".to_owned())
    );
    let called = reader.trace(trace_id(2)).await.unwrap().unwrap();
    let services: Vec<_> = called
        .spans
        .iter()
        .map(|span| span.service.as_str())
        .collect();
    assert_eq!(services, ["a", "b"], "spans are sorted by their start");
}

/// In no order; lists as text, because Jaeger's older API has no lists.
fn by_key(attributes: &Attributes) -> Value {
    let pairs = attributes.iter().map(|(key, value)| match value {
        Value::Array(_) => (key.clone(), Value::from(value.to_string())),
        other => (key.clone(), other.clone()),
    });
    pairs.collect()
}

async fn what_does_not_exist_is_nothing(reader: &dyn TraceReader) {
    assert_eq!(reader.trace(trace_id(77)).await.unwrap(), None);
    let query = TraceQuery {
        service: Some("nobody".to_owned()),
        ..TraceQuery::default()
    };
    assert_eq!(reader.search(&query).await.unwrap(), []);
}

async fn summaries_count(reader: &dyn TraceReader) {
    let of = async |service: &str| {
        let query = TraceQuery {
            service: Some(service.to_owned()),
            ..TraceQuery::default()
        };
        reader.search(&query).await.unwrap()
    };
    let mut called = of("a").await.remove(0);
    // Not every list says it.
    called.work = None;
    let count = |name: &str, n_spans| ServiceCount {
        name: name.to_owned(),
        n_spans,
        n_errors: 0,
    };
    assert_eq!(
        called,
        TraceSummary {
            id: trace_id(2),
            root_service: "a".to_owned(),
            root_name: "span-10".to_owned(),
            start_ns: NOW_NS + 10 * MS,
            end_ns: NOW_NS + 12 * MS,
            n_spans: 2,
            n_errors: 0,
            n_orphans: 0,
            services: vec![count("a", 1), count("b", 1)],
            work: None,
        }
    );
    let orphan = of(AWKWARD).await.remove(0);
    assert_eq!(
        (orphan.n_orphans, orphan.root_service.as_str()),
        (1, AWKWARD)
    );
    let twice = of("rich").await.remove(0);
    assert_eq!(twice.n_spans, 2, "a span that was sent twice counts once");
}

/// How to narrow the open question, and the traces it finds then, newest first.
type Case = (fn(&mut TraceQuery), &'static [u8]);

const SEARCHES: [Case; 22] = [
    (|_| (), &[6, 5, 4, 3, 2, 1]),
    (|query| query.limit = 2, &[6, 5]),
    (|query| query.service = Some("a".into()), &[2, 1]),
    (|query| query.service = Some("b".into()), &[6, 3, 2]),
    (|query| query.service = Some(AWKWARD.into()), &[4]),
    (|query| of(query, "b", "span-11"), &[2]),
    // One span has to meet every condition.
    (|query| of(query, "a", "span-11"), &[]),
    (|query| query.operation = Some("span-11".into()), &[2]),
    (|query| query.duration_min_ns = Some(100 * MS), &[3]),
    (
        |query| query.duration_max_ns = Some(5 * MS),
        &[6, 5, 4, 2, 1],
    ),
    (
        |query| query.start_min_ns = Some(NOW_NS + 30 * MS),
        &[6, 5, 4],
    ),
    (|query| query.start_max_ns = Some(NOW_NS + 10 * MS), &[1]),
    (|query| between(query, 10, 20), &[2]),
    (|query| between(query, 20, 10), &[]),
    (|query| asks(query, "session.id", "s2"), &[2]),
    (|query| asks(query, "session.id", "s9"), &[]),
    (|query| asks(query, "yes", "true"), &[5]),
    (|query| asks(query, "host.name", "host-of-b"), &[6, 3, 2]),
    (|query| asks(query, "error", "true"), &[3]),
    (|query| asks(query, "error", "false"), &[6, 5, 4, 2, 1]),
    (|query| query.namespace = Some("other".into()), &[6]),
    (|query| query.namespace = Some("nowhere".into()), &[]),
];

fn of(query: &mut TraceQuery, service: &str, operation: &str) {
    query.service = Some(service.to_owned());
    query.operation = Some(operation.to_owned());
}

fn between(query: &mut TraceQuery, min_ms: u64, max_ms: u64) {
    query.start_min_ns = Some(NOW_NS + min_ms * MS);
    query.start_max_ns = Some(NOW_NS + max_ms * MS);
}

fn asks(query: &mut TraceQuery, key: &str, value: &str) {
    query.attributes = vec![(key.to_owned(), value.to_owned())];
}

async fn searches_find_what_matches(reader: &dyn TraceReader) {
    for (narrow, expected) in SEARCHES {
        let mut query = TraceQuery::default();
        narrow(&mut query);
        let found = reader.search(&query).await.unwrap();
        let ids: Vec<u8> = found.iter().map(|summary| summary.id.0[0]).collect();
        assert_eq!(ids, expected, "{query:?}");
    }
}
