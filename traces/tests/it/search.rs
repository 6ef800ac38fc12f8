//! Which traces a query finds.

use api::traces::{TraceQuery, TraceReader};

use crate::support::{MS, NOW_NS, Running, failed, folder, span, text, with, write};

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
