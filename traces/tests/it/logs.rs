//! Logs by trace, span, service and severity.

use api::traces::{LogOrder, LogQuery, LogReader};

use crate::support::{Running, export_logs, folder, log, span, span_id, trace_id, write};

#[tokio::test]
async fn logs_are_found_by_what_they_belong_to() {
    let folder = folder();
    let running = Running::open(&folder);
    let records = vec![
        log(1, 2, 9, "second"),
        log(1, 1, 17, "first"),
        log(1, 2, 9, "third"),
        log(2, 3, 13, "elsewhere"),
    ];
    running
        .store
        .write_logs(&export_logs("a", records))
        .await
        .unwrap();
    running
        .store
        .write_logs(&export_logs("b", vec![log(1, 4, 9, "of b")]))
        .await
        .unwrap();
    let check = async |query: LogQuery, expected: &[&str]| {
        let found = running.store.logs(&query).await.unwrap();
        let bodies: Vec<_> = found.iter().map(|record| record.body.as_str()).collect();
        assert_eq!(bodies, expected, "{query:?}");
    };
    let of_trace = || LogQuery {
        trace_id: Some(trace_id(1)),
        ..LogQuery::default()
    };
    check(of_trace(), &["first", "second", "third", "of b"]).await;
    let of_spans = LogQuery {
        span_ids: vec![span_id(2), span_id(4)],
        ..of_trace()
    };
    check(of_spans, &["second", "third", "of b"]).await;
    let of_service = LogQuery {
        service: Some("b".to_owned()),
        ..LogQuery::default()
    };
    check(of_service, &["of b"]).await;
    let severe = LogQuery {
        min_severity: Some(13),
        ..LogQuery::default()
    };
    check(severe, &["first", "elsewhere"]).await;
    check(
        LogQuery {
            limit: 1,
            ..of_trace()
        },
        &["first"],
    )
    .await;
    running.shut_down().await;
}

#[tokio::test]
async fn a_record_says_its_service_its_severity_and_its_span() {
    let folder = folder();
    let running = Running::open(&folder);
    running
        .store
        .write_logs(&export_logs("a", vec![log(1, 1, 17, "no")]))
        .await
        .unwrap();
    let found = running.store.logs(&LogQuery::default()).await.unwrap();
    assert_eq!(
        (found[0].service.as_str(), found[0].severity.as_str()),
        ("a", "ERROR")
    );
    assert_eq!(found[0].span_id, Some(span_id(1)));
    running.shut_down().await;
}

#[tokio::test]
async fn logs_are_found_by_words_time_level_and_what_is_below_a_span() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    write(
        store,
        "a",
        vec![
            span(1, 1, None),
            span(1, 2, Some(1)),
            span(1, 3, Some(2)),
            // Their own ancestors.
            span(1, 4, Some(5)),
            span(1, 5, Some(4)),
        ],
    )
    .await;
    let records = vec![
        log(1, 1, 9, "Agentic loop step 1/5"),
        log(1, 2, 9, "Executing tool: add"),
        log(1, 3, 17, "Tool add failed: ValueError: no"),
        log(1, 5, 13, "Reached maximum reasoning steps"),
    ];
    store.write_logs(&export_logs("a", records)).await.unwrap();
    let check = async |query: LogQuery, expected: &[u8]| {
        let found = store.logs(&query).await.unwrap();
        let spans: Vec<u8> = found
            .iter()
            .map(|record| record.span_id.unwrap().0[0])
            .collect();
        assert_eq!(spans, expected, "{query:?}");
        found
    };
    let none = LogQuery::default;
    let text = |text: &str| LogQuery {
        text: Some(text.to_owned()),
        ..none()
    };
    check(text("tool ADD"), &[2, 3]).await;
    check(text("add, 'valueerror'"), &[3]).await;
    check(text("execut"), &[]).await;
    let under = |n| LogQuery {
        trace_id: Some(trace_id(1)),
        under: Some(span_id(n)),
        ..none()
    };
    check(under(2), &[2, 3]).await;
    check(under(4), &[5]).await;
    check(under(9), &[]).await;
    let newest = LogQuery {
        order: LogOrder::Newest,
        limit: 2,
        ..none()
    };
    let found = check(newest, &[5, 3]).await;
    let window = LogQuery {
        from_ns: Some(found[1].time_ns),
        to_ns: Some(found[0].time_ns),
        min_severity: Some(17),
        ..none()
    };
    check(window, &[3]).await;
    let elsewhere = LogQuery {
        namespace: Some("other".to_owned()),
        ..none()
    };
    check(elsewhere, &[]).await;

    // Whoever follows gets what arrived after what it has, even when it was written before.
    let following = LogQuery {
        after: Some(found[0].position),
        ..none()
    };
    check(following.clone(), &[]).await;
    let late = export_logs("a", vec![log(1, 2, 9, "late")]);
    store.write_logs(&late).await.unwrap();
    check(following, &[2]).await;
    running.shut_down().await;
}
