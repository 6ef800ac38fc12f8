//! Which traces a query finds.

use api::money::Usd;
use api::traces::{TraceFilter, TraceQuery, TraceReader};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;

use crate::support::{
    MS, NOW_NS, Running, attribute, export_logs, failed, folder, log, span, text, with, write,
};

/// Three traces: `a` alone, `a` calling `b`, and a slow failed one of `b`.
async fn filled(running: &Running) {
    let session = |id| vec![text("session.id", id)];
    write(
        &running.store,
        "a",
        vec![with(span(1, 1, None), session("s1"))],
    )
    .await;
    write(
        &running.store,
        "a",
        vec![with(span(2, 10, None), session("s2"))],
    )
    .await;
    write(&running.store, "b", vec![span(2, 11, Some(10))]).await;
    let mut slow = failed(span(3, 20, None), "timeout");
    slow.end_time_unix_nano += 500 * MS;
    write(&running.store, "b", vec![slow]).await;
}

fn pair(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

/// How to narrow the open question, and the traces it finds then.
type Case = (fn(&mut TraceQuery), &'static [u8]);

/// Fills a store and compares what each change of the open question finds.
async fn check(cases: &[Case]) {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running).await;
    for (narrow, expected) in cases {
        let mut query = TraceQuery::default();
        narrow(&mut query);
        let found = running.store.search(&query).await.unwrap();
        let ids: Vec<u8> = found.iter().map(|summary| summary.id.0[0]).collect();
        assert_eq!(ids, *expected, "{query:?}");
    }
    running.shut_down().await;
}

#[tokio::test]
async fn traces_are_found_by_who_sent_a_span_and_its_name() {
    check(&[
        (|_| (), &[3, 2, 1]),
        (|query| query.limit = 2, &[3, 2]),
        (|query| query.service = Some("a".into()), &[2, 1]),
        (|query| query.service = Some("b".into()), &[3, 2]),
        (|query| query.service = Some("c".into()), &[]),
        (|query| query.operation = Some("span-11".into()), &[2]),
        (
            |query| query.namespace = Some("kaos-hierarchy".into()),
            &[3, 2, 1],
        ),
        (|query| query.namespace = Some("other".into()), &[]),
    ])
    .await;
}

#[tokio::test]
async fn one_span_has_to_meet_every_condition() {
    let of_b_only = |query: &mut TraceQuery| {
        query.service = Some("a".into());
        query.operation = Some("span-11".into());
    };
    check(&[(of_b_only, &[])]).await;
}

#[tokio::test]
async fn traces_are_found_by_time_and_duration() {
    check(&[
        (|query| query.duration_min_ns = Some(100 * MS), &[3]),
        (|query| query.duration_max_ns = Some(100 * MS), &[2, 1]),
        (|query| query.start_min_ns = Some(NOW_NS + 11 * MS), &[3, 2]),
        (|query| query.start_max_ns = Some(NOW_NS + 10 * MS), &[1]),
    ])
    .await;
}

#[tokio::test]
async fn traces_are_found_by_attributes_of_spans_and_of_who_sent_them() {
    check(&[
        (|query| query.attributes = pair("session.id", "s2"), &[2]),
        (|query| query.attributes = pair("session.id", "s9"), &[]),
        (
            |query| query.attributes = pair("host.name", "host-of-b"),
            &[3, 2],
        ),
        (|query| query.attributes = pair("error", "true"), &[3]),
        (|query| query.attributes = pair("error", "false"), &[2, 1]),
    ])
    .await;
}

#[tokio::test]
async fn a_late_span_of_an_old_trace_does_not_push_out_a_newer_trace() {
    let folder = folder();
    let running = Running::open(&folder);
    write(
        &running.store,
        "a",
        vec![span(1, 1, None), span(1, 90, Some(1))],
    )
    .await;
    write(&running.store, "a", vec![span(2, 50, None)]).await;
    let query = TraceQuery {
        limit: 1,
        ..TraceQuery::default()
    };
    let found = running.store.search(&query).await.unwrap();
    assert_eq!(found[0].root_name, "span-50");
    running.shut_down().await;
}

#[tokio::test]
async fn a_long_value_is_found_by_its_beginning() {
    let folder = folder();
    let running = Running::open(&folder);
    let prompt = "ü".repeat(1_000);
    write(
        &running.store,
        "a",
        vec![with(span(1, 1, None), vec![text("prompt", &prompt)])],
    )
    .await;
    let query = TraceQuery {
        attributes: pair("prompt", &prompt),
        ..TraceQuery::default()
    };
    assert_eq!(running.store.search(&query).await.unwrap().len(), 1);
    running.shut_down().await;
}

/// What to ask of traces as a whole, and those it finds.
type WholeCase = (fn(&mut TraceFilter), &'static [u8]);

const FILTERS: &[WholeCase] = &[
    (|whole| whole.agent = Some("a".into()), &[1]),
    (|whole| whole.agent = Some("b".into()), &[]),
    (|whole| whole.session = Some("s1".into()), &[1]),
    (|whole| whole.model = Some("gpt-4o".into()), &[1]),
    (|whole| whole.tool = Some("add".into()), &[1]),
    (
        |whole| (whole.tool, whole.agent) = (Some("add".into()), Some("b".into())),
        &[],
    ),
    (|whole| whole.cost_min = Some(Usd::from_dollars(0.25)), &[1]),
    (|whole| whole.cost_min = Some(Usd::from_dollars(0.26)), &[]),
    (|whole| whole.tokens_min = Some(90), &[1]),
    (|whole| whole.tokens_min = Some(91), &[]),
    (
        |whole| whole.log_text = Some("message PROCESSING".into()),
        &[2],
    ),
    (|whole| whole.log_text = Some("mess".into()), &[]),
];

#[tokio::test]
async fn traces_are_found_by_what_agents_did_in_them() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    let number = |key, n| attribute(key, OtlpValue::IntValue(n));
    let mut looped = with(span(1, 1, None), vec![text("session.id", "s1")]);
    "agent.agentic_loop".clone_into(&mut looped.name);
    let asked = with(
        span(1, 2, Some(1)),
        vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.request.model", "gpt-4o"),
            number("gen_ai.usage.input_tokens", 90),
            attribute("kaos.usage.cost_usd", OtlpValue::DoubleValue(0.25)),
        ],
    );
    let mut called = span(1, 3, Some(1));
    "tool.add".clone_into(&mut called.name);
    write(store, "a", vec![looped, asked, called]).await;
    write(store, "b", vec![span(2, 5, None)]).await;
    let record = log(2, 5, 9, "Processing message for session s9");
    store
        .write_logs(&export_logs("b", vec![record]))
        .await
        .unwrap();

    for (narrow, expected) in FILTERS {
        let mut query = TraceQuery::default();
        narrow(&mut query.whole);
        let found = store.search(&query).await.unwrap();
        let ids: Vec<u8> = found.iter().map(|summary| summary.id.0[0]).collect();
        assert_eq!(ids, *expected, "{query:?}");
    }
    // A condition on spans and one on the whole need not be met by the same span.
    let query = TraceQuery {
        operation: Some("span-2".to_owned()),
        start_min_ns: Some(NOW_NS + 2 * MS),
        whole: TraceFilter {
            session: Some("s1".to_owned()),
            ..TraceFilter::default()
        },
        ..TraceQuery::default()
    };
    let found = store.search(&query).await.unwrap();
    assert_eq!(found.len(), 1);
    let work = found[0].work.as_ref().unwrap();
    assert_eq!((work.n_model_calls, work.n_tool_calls), (1, 1));
    running.shut_down().await;
}
