//! Exceptions, grouped by what went wrong.

use api::telemetry::{ExceptionGroup, ExceptionQuery, ExceptionReader, Window};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use traces::Store;

use crate::support::{
    MS, NOW_NS, Running, export_logs, folder, log, span, span_id, text, trace_id, write,
};

fn exception(kind: &str, message: &str, at: &str) -> Vec<KeyValue> {
    vec![
        text("exception.type", kind),
        text("exception.message", message),
        text("exception.stacktrace", &format!("{kind}\n  at {at}")),
    ]
}

fn raising(mut span: Span, attributes: Vec<KeyValue>) -> Span {
    span.events.push(Event {
        time_unix_nano: span.start_time_unix_nano,
        name: "exception".to_owned(),
        attributes,
        ..Event::default()
    });
    span
}

fn telling(mut record: LogRecord, attributes: Vec<KeyValue>) -> LogRecord {
    record.attributes = attributes;
    record
}

async fn groups(store: &Store, query: ExceptionQuery) -> Vec<ExceptionGroup> {
    store.exceptions(&query).await.unwrap()
}

#[tokio::test]
async fn exceptions_are_grouped_by_type_template_and_frame() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    let timeout = |seconds| {
        let message = format!("no answer within {seconds} s");
        exception("Timeout", &message, "call (/app/model.js:1:1)")
    };
    write(store, "a", vec![raising(span(1, 1, None), timeout(30))]).await;
    write(store, "b", vec![raising(span(2, 5, None), timeout(60))]).await;
    let elsewhere = exception("Timeout", "no answer within 9 s", "add (/app/tool.js:1:1)");
    write(store, "a", vec![raising(span(3, 9, None), elsewhere)]).await;

    let window = Window {
        from_ns: NOW_NS,
        to_ns: NOW_NS + 10 * MS,
    };
    let query = ExceptionQuery {
        window,
        n_pieces: 2,
        ..ExceptionQuery::default()
    };
    let found = groups(store, query.clone()).await;
    assert_eq!(found.len(), 2);
    let [first, second] = [&found[0], &found[1]];
    assert_eq!(first.template, "no answer within ‹*› s");
    assert_eq!(first.top_frame, "call (app/model.js)");
    assert_eq!((first.n, first.n_traces), (2, 2));
    assert_eq!(first.services, ["a", "b"]);
    assert_eq!(first.counts, [1, 1]);
    assert_eq!(
        (first.first_ns, first.last_ns),
        (NOW_NS + MS, NOW_NS + 5 * MS)
    );
    assert_eq!(second.top_frame, "add (app/tool.js)");

    let later = ExceptionQuery {
        window: Window {
            from_ns: NOW_NS + 2 * MS,
            ..window
        },
        service: Some("b".to_owned()),
        ..ExceptionQuery::default()
    };
    let found = groups(store, later.clone()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].first_ns, NOW_NS + 5 * MS);
    assert_eq!(found[0].first_ever_ns, NOW_NS + MS, "a has it, too");
    let other_type = ExceptionQuery {
        exception_type: Some("ValueError".to_owned()),
        ..query.clone()
    };
    assert_eq!(groups(store, other_type).await, []);
    let other_namespace = ExceptionQuery {
        namespace: Some("other".to_owned()),
        ..query.clone()
    };
    assert_eq!(groups(store, other_namespace).await, []);

    let occurrences = store.occurrences(first.id, &query).await.unwrap();
    let messages: Vec<_> = occurrences.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["no answer within 60 s", "no answer within 30 s"]);
    assert_eq!(occurrences[0].trace_id, Some(trace_id(2)));
    assert_eq!(occurrences[0].span_id, Some(span_id(5)));
    assert!(occurrences[0].stacktrace.contains("model.js:1:1"));
    running.shut_down().await;
}

#[tokio::test]
async fn a_failure_counts_once_where_it_began() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    let raised = |at: &str| exception("ValueError", "no tool 'add'", at);
    let spans = vec![
        raising(span(1, 1, None), raised("loop (a)")),
        raising(span(1, 2, Some(1)), raised("step (a)")),
        raising(span(1, 3, Some(2)), raised("tool.add (a)")),
    ];
    // A log record tells of it as well, and the sender sends everything once more.
    let record = telling(log(1, 3, 17, "failed"), raised("tool.add (a)"));
    store
        .write_logs(&export_logs("a", vec![record]))
        .await
        .unwrap();
    write(store, "a", spans.clone()).await;
    write(store, "a", spans).await;
    let found = groups(store, ExceptionQuery::default()).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (found[0].n, found[0].top_frame.as_str()),
        (1, "tool.add (a)")
    );

    // Records without a span of their own are told of by nobody else.
    let records = [4, 5].map(|n| telling(log(2, n, 17, "failed"), raised("tool.sub (a)")));
    store
        .write_logs(&export_logs("a", records.to_vec()))
        .await
        .unwrap();
    let found = groups(store, ExceptionQuery::default()).await;
    assert_eq!((found.len(), found[0].n), (2, 2));
    let query = ExceptionQuery {
        limit: 1,
        ..ExceptionQuery::default()
    };
    let occurrences = store.occurrences(found[0].id, &query).await.unwrap();
    assert_eq!(occurrences.len(), 1);
    assert_eq!(occurrences[0].time_ns, NOW_NS + 5 * MS);
    assert_eq!(occurrences[0].message, "no tool 'add'");
    running.shut_down().await;
}

#[tokio::test]
async fn a_group_is_found_however_rare_it_is_among_the_others() {
    let folder = folder();
    let running = Running::open(&folder);
    // More groups than any list has, each of them twice.
    for n in 0..2_u8 {
        let mut records = Vec::new();
        for number in 0..1_100 {
            let kind = format!("Common{number}");
            records.push(telling(
                log(1 + n, 1, 17, "no"),
                exception(&kind, "no", "a.py"),
            ));
        }
        let request = export_logs("a", records);
        running.store.write_logs(&request).await.unwrap();
    }
    let rare = telling(log(9, 9, 17, "no"), exception("Rare", "no", "a.py"));
    let request = export_logs("a", vec![rare]);
    running.store.write_logs(&request).await.unwrap();

    let named = ExceptionQuery {
        exception_type: Some("Rare".to_owned()),
        ..ExceptionQuery::default()
    };
    let id = groups(&running.store, named).await[0].id;
    let all = ExceptionQuery {
        limit: 10_000,
        ..ExceptionQuery::default()
    };
    let listed = groups(&running.store, all).await;
    assert_eq!(listed.len(), 1_000);
    assert!(listed.iter().all(|group| group.id != id && group.n == 2));
    let one = ExceptionQuery {
        group: Some(id),
        ..ExceptionQuery::default()
    };
    let found = groups(&running.store, one).await;
    assert_eq!((found.len(), found[0].id, found[0].n), (1, id, 1));
    running.shut_down().await;
}
