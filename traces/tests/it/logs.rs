//! Logs by trace, span, service and severity.

use api::traces::{LogQuery, LogReader};

use crate::support::{Running, export_logs, folder, log, span_id, trace_id};

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
        .write_logs(export_logs("a", records))
        .await
        .unwrap();
    running
        .store
        .write_logs(export_logs("b", vec![log(1, 4, 9, "of b")]))
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
        .write_logs(export_logs("a", vec![log(1, 1, 17, "no")]))
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
