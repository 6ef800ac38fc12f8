//! What would be SQL is text, wherever it stands.

use api::telemetry::{ExceptionQuery, ExceptionReader, UsageKey, UsageQuery, UsageReader};
use api::traces::{LogQuery, LogReader, TraceFilter, TraceQuery, TraceReader};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use traces::Store;

use crate::support::{Running, export_logs, folder, log, span, text, with, write};

const SQL: &str = "'; DROP TABLE span_blocks; -- \" OR 1=1 \\ %_?1";

/// An agent that asks a model, and says so; all its words would be SQL.
async fn store_it(store: &Store) {
    let mut asked = with(
        span(1, 1, Some(2)),
        vec![
            text(SQL, SQL),
            text("session.id", SQL),
            text("agent.name", SQL),
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.request.model", SQL),
        ],
    );
    SQL.clone_into(&mut asked.name);
    let at_work = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", SQL),
    ];
    let at_work = with(span(1, 2, None), at_work);
    asked.events = vec![Event {
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", SQL), text("exception.message", SQL)],
        ..Event::default()
    }];
    write(store, SQL, vec![at_work, asked]).await;
    let request = export_logs(SQL, vec![log(1, 1, 17, SQL)]);
    store.write_logs(&request).await.unwrap();
}

#[tokio::test]
async fn what_would_be_sql_is_text_wherever_it_stands() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    store_it(store).await;
    let some = || Some(SQL.to_owned());
    let of = |whole: TraceFilter| TraceQuery {
        whole,
        ..TraceQuery::default()
    };
    let session = TraceFilter {
        session: some(),
        ..TraceFilter::default()
    };
    let model = TraceFilter {
        model: some(),
        ..TraceFilter::default()
    };
    let by_span = TraceQuery {
        service: some(),
        operation: some(),
        attributes: vec![(SQL.to_owned(), SQL.to_owned())],
        ..TraceQuery::default()
    };
    let all = TraceQuery {
        whole: TraceFilter {
            agent: some(),
            session: some(),
            model: some(),
            log_text: some(),
            ..TraceFilter::default()
        },
        ..by_span.clone()
    };
    for query in [by_span, of(session), of(model), all] {
        let found = store.search(&query).await.unwrap();
        assert_eq!(found.len(), 1, "{query:?}");
    }
    assert_eq!(store.services().await.unwrap(), [SQL]);
    assert_eq!(store.operations(SQL).await.unwrap()[0].name, SQL);
    let logs = LogQuery {
        service: some(),
        text: some(),
        ..LogQuery::default()
    };
    assert_eq!(store.logs(&logs).await.unwrap()[0].body, SQL);
    let exceptions = ExceptionQuery {
        service: some(),
        exception_type: some(),
        ..ExceptionQuery::default()
    };
    let groups = store.exceptions(&exceptions).await.unwrap();
    assert_eq!(groups[0].exception_type, SQL);
    let usage = UsageQuery {
        by: vec![UsageKey::Session, UsageKey::Model],
        agent: some(),
        ..UsageQuery::default()
    };
    assert_eq!(store.usage(&usage).await.unwrap()[0].keys, [SQL, SQL]);
    let elsewhere = TraceQuery {
        service: Some("' OR '1'='1".to_owned()),
        ..TraceQuery::default()
    };
    assert!(store.search(&elsewhere).await.unwrap().is_empty());
    running.shut_down().await;
}
