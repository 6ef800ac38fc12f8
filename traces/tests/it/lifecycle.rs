//! Opening, restarting, a full queue, forgetting.

use std::sync::Arc;
use std::time::Duration;

use api::clock::SystemClock;
use api::traces::{LogQuery, LogReader, TraceQuery, TraceReader};
use futures::future::join_all;
use futures::poll;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use traces::{Limits, OpenError, Store, WriteError};

use crate::support::{
    Running, export, export_logs, folder, log, span, text, trace_id, with, write,
};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = folder();
    let first = Running::open(&folder);
    write(&first.store, "a", vec![span(1, 1, None)]).await;
    first.shut_down().await;
    let second = Running::open(&folder);
    assert!(second.store.trace(trace_id(1)).await.unwrap().is_some());
    // Its source is known from before, and is not doubled.
    write(&second.store, "a", vec![span(1, 2, Some(1))]).await;
    let found = second.store.search(&TraceQuery::default()).await.unwrap();
    assert_eq!((found[0].n_spans, found[0].services.len()), (2, 1));
    second.shut_down().await;
}

#[tokio::test]
async fn shutdown_commits_what_is_queued_and_then_refuses() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = running.store.clone();
    let mut queued: Vec<_> = (1..50)
        .map(|n| Box::pin(store.write_traces(export("a", vec![span(n, 1, None)]))))
        .collect();
    for write in &mut queued {
        // Puts it in the queue.
        let _ = poll!(write);
    }
    running.shut_down().await;
    assert!(join_all(queued).await.iter().all(Result::is_ok));
    let late = store
        .write_traces(export("a", vec![span(99, 1, None)]))
        .await;
    assert_eq!(late, Err(WriteError::Closed));
    assert_eq!(
        store.search(&TraceQuery::default()).await.unwrap().len(),
        49
    );
}

#[tokio::test]
async fn a_full_queue_says_so_and_recovers() {
    let folder = folder();
    let limits = Limits {
        max_queued_bytes: 10_000,
        ..Limits::default()
    };
    let running = Running::open_with(&folder, limits);
    let blocker = Connection::open(folder.path().join("telemetry.db")).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let large = |n| {
        export(
            "a",
            vec![with(span(n, 1, None), vec![text("k", &"v".repeat(6_000))])],
        )
    };
    let mut waiting = Box::pin(running.store.write_traces(large(1)));
    assert!(poll!(&mut waiting).is_pending());
    assert_eq!(
        running.store.write_traces(large(2)).await,
        Err(WriteError::Busy)
    );
    blocker.execute_batch("COMMIT").unwrap();
    assert!(waiting.await.is_ok());
    assert!(running.store.write_traces(large(2)).await.is_ok());
    // A request larger than the whole queue is taken when nothing else waits.
    let huge = with(span(3, 1, None), vec![text("k", &"v".repeat(20_000))]);
    assert!(
        running
            .store
            .write_traces(export("a", vec![huge]))
            .await
            .is_ok()
    );
    running.shut_down().await;
}

#[tokio::test]
async fn a_commit_that_fails_is_told_and_the_writer_goes_on() {
    let folder = folder();
    let running = Running::open(&folder);
    let db = Connection::open(folder.path().join("telemetry.db")).unwrap();
    db.execute_batch("ALTER TABLE spans RENAME TO elsewhere")
        .unwrap();
    let spans = export("a", vec![span(1, 1, None)]);
    let told = running.store.write_traces(spans.clone()).await;
    assert!(matches!(told, Err(WriteError::Commit { .. })), "{told:?}");
    db.execute_batch("ALTER TABLE elsewhere RENAME TO spans")
        .unwrap();
    // Also the source, which the failed transaction had written, is written again.
    running.store.write_traces(spans).await.unwrap();
    let trace = running.store.trace(trace_id(1)).await.unwrap().unwrap();
    assert_eq!(trace.spans[0].service, "a");
    running.shut_down().await;
}

#[tokio::test]
async fn each_commit_is_announced_with_its_traces() {
    let folder = folder();
    let running = Running::open(&folder);
    let mut committed = running.store.committed();
    write(
        &running.store,
        "a",
        vec![span(2, 1, None), span(1, 1, None), span(2, 2, None)],
    )
    .await;
    let announced = committed.recv().await.unwrap();
    assert_eq!(announced.trace_ids, [trace_id(1), trace_id(2)]);
    assert!(!announced.has_logs);
    running
        .store
        .write_logs(export_logs("a", vec![log(1, 1, 9, "x")]))
        .await
        .unwrap();
    assert!(committed.recv().await.unwrap().has_logs);
    running.shut_down().await;
}

#[tokio::test]
async fn what_is_a_week_old_is_forgotten() {
    let folder = folder();
    let running = Running::open(&folder);
    let old = with(span(1, 1, None), vec![text("session.id", "s1")]);
    write(&running.store, "old", vec![old]).await;
    running
        .store
        .write_logs(export_logs("old", vec![log(1, 1, 9, "x")]))
        .await
        .unwrap();
    running.clock.advance(Duration::from_hours(8 * 24));
    write(&running.store, "new", vec![span(2, 2, None)]).await;
    let gone = async || {
        let traces = running.store.search(&TraceQuery::default()).await.unwrap();
        let logs = running.store.logs(&LogQuery::default()).await.unwrap();
        let services = running.store.services().await.unwrap();
        traces.len() == 1 && logs.is_empty() && services == ["new"]
    };
    tokio::time::timeout(Duration::from_secs(10), async {
        while !gone().await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the old trace is deleted");
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_none());
    running.shut_down().await;
    let db = Connection::open(folder.path().join("telemetry.db")).unwrap();
    let left: i64 = db
        .query_row("SELECT count(*) FROM span_attributes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "nothing is left that a search would stumble over");
}

#[tokio::test]
async fn the_oldest_go_first_when_the_store_is_too_large() {
    let folder = folder();
    let limits = Limits {
        max_bytes: 1_000_000,
        ..Limits::default()
    };
    let running = Running::open_with(&folder, limits);
    for n in 1..=40 {
        let large = with(span(n, 1, None), vec![text("k", &"v".repeat(50_000))]);
        write(&running.store, "a", vec![large]).await;
        running.clock.advance(Duration::from_mins(2));
    }
    let kept = async || running.store.search(&TraceQuery::default()).await.unwrap();
    assert!(kept().await.len() < 25, "{}", kept().await.len());
    assert!(running.store.trace(trace_id(40)).await.unwrap().is_some());
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_none());
    running.shut_down().await;
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_with_a_reason() {
    let folder = folder();
    Running::open(&folder).shut_down().await;
    let db = Connection::open(folder.path().join("telemetry.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    let tracker = TaskTracker::new();
    let clock = Arc::new(SystemClock);
    let opened = Store::open(folder.path(), clock, &tracker, CancellationToken::new());
    let error = opened.err().unwrap();
    assert!(matches!(
        error,
        OpenError::KnowNoSuchFormat { found: 99, .. }
    ));
    assert!(error.to_string().contains("use a newer kaos"));
}
