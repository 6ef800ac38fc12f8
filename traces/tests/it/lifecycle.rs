//! Opening, restarting, a full queue, forgetting.

use std::sync::Arc;
use std::time::Duration;

use api::clock::SystemClock;
use api::traces::{LogQuery, LogReader, TraceQuery, TraceReader};
use futures::future::join_all;
use futures::poll;
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
    let requests: Vec<_> = (1..50)
        .map(|n| export("a", vec![span(n, 1, None)]))
        .collect();
    let writes = requests.iter().map(|it| Box::pin(store.write_traces(it)));
    let mut queued: Vec<_> = writes.collect();
    for write in &mut queued {
        // Puts it in the queue.
        let _ = poll!(write);
    }
    running.shut_down().await;
    assert!(join_all(queued).await.iter().all(Result::is_ok));
    let late = store
        .write_traces(&export("a", vec![span(99, 1, None)]))
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
    write(&running.store, "a", vec![span(9, 1, None)]).await;
    let blocker = running.database();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let large = |n| {
        export(
            "a",
            vec![with(span(n, 1, None), vec![text("k", &"v".repeat(6_000))])],
        )
    };
    let first = large(1);
    let mut waiting = Box::pin(running.store.write_traces(&first));
    assert!(poll!(&mut waiting).is_pending());
    assert_eq!(
        running.store.write_traces(&large(2)).await,
        Err(WriteError::Busy)
    );
    blocker.execute_batch("COMMIT").unwrap();
    assert!(waiting.await.is_ok());
    assert!(running.store.write_traces(&large(2)).await.is_ok());
    // A request larger than the whole queue is taken when nothing else waits.
    let huge = with(span(3, 1, None), vec![text("k", &"v".repeat(20_000))]);
    assert!(
        running
            .store
            .write_traces(&export("a", vec![huge]))
            .await
            .is_ok()
    );
    running.shut_down().await;
}

#[tokio::test]
async fn a_commit_that_fails_is_told_and_the_writer_goes_on() {
    let folder = folder();
    let running = Running::open(&folder);
    write(&running.store, "b", vec![span(9, 1, None)]).await;
    let db = running.database();
    db.execute_batch("ALTER TABLE span_data RENAME TO elsewhere")
        .unwrap();
    let spans = export("a", vec![span(1, 1, None)]);
    let told = running.store.write_traces(&spans.clone()).await;
    assert!(matches!(told, Err(WriteError::Commit { .. })), "{told:?}");
    db.execute_batch("ALTER TABLE elsewhere RENAME TO span_data")
        .unwrap();
    // Also the source, which the failed transaction had written, is written again.
    running.store.write_traces(&spans).await.unwrap();
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
        .write_logs(&export_logs("a", vec![log(1, 1, 9, "x")]))
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
        .write_logs(&export_logs("old", vec![log(1, 1, 9, "x")]))
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
}

#[tokio::test]
async fn the_oldest_go_first_when_the_store_is_too_large() {
    let folder = folder();
    let limits = Limits {
        max_bytes: 2_000_000,
        ..Limits::default()
    };
    let running = Running::open_with(&folder, limits);
    for n in 1..=60 {
        let large = with(span(n, 1, None), vec![text("k", &noise(n, 60_000))]);
        write(&running.store, "a", vec![large]).await;
        running.clock.advance(Duration::from_mins(2));
    }
    let kept = async || running.store.search(&TraceQuery::default()).await.unwrap();
    assert!(kept().await.len() < 45, "{}", kept().await.len());
    assert!(running.store.trace(trace_id(60)).await.unwrap().is_some());
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_none());
    running.shut_down().await;
}

/// Text that cannot be compressed much.
fn noise(seed: u8, length: usize) -> String {
    let mut state = u64::from(seed);
    let letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + u8::try_from(state >> 58).unwrap())
    };
    std::iter::repeat_with(letter).take(length).collect()
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_rest_is_served() {
    let folder = folder();
    let running = Running::open(&folder);
    write(&running.store, "old", vec![span(1, 1, None)]).await;
    let old = running.databases().remove(0);
    running.clock.advance(Duration::from_hours(25));
    write(&running.store, "new", vec![span(2, 1, None)]).await;
    assert_eq!(running.databases().len(), 2);
    running.shut_down().await;
    damage(&old);

    let running = Running::open(&folder);
    let found = running.store.search(&TraceQuery::default()).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].root_service, "new");
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_none());
    running.clock.advance(Duration::from_hours(27));
    write(&running.store, "new", vec![span(3, 1, None)]).await;
    running.shut_down().await;
    let mut aside = old.clone().into_os_string();
    aside.push(".damaged");
    assert!(!old.exists() && std::path::Path::new(&aside).exists());
}

/// Overwrites what a page of the index or of a table says of itself, on every page but the first.
fn damage(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    for page in bytes.chunks_mut(4_096).skip(1) {
        page[..16].fill(0xff);
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_does_not_keep_the_store_from_opening() {
    let folder = folder();
    Running::open(&folder).shut_down().await;
    let path = folder.path().join("segments/2026-01-01T00-00-00.db");
    std::fs::write(
        &path,
        "not a database, but long enough to be asked what it is",
    )
    .unwrap();
    let running = Running::open(&folder);
    assert_eq!(running.store.set_aside(), ["2026-01-01T00-00-00.db"]);
    write(&running.store, "a", vec![span(1, 1, None)]).await;
    assert!(running.store.trace(trace_id(1)).await.unwrap().is_some());
    running.shut_down().await;
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused_with_a_reason() {
    let folder = folder();
    let running = Running::open(&folder);
    write(&running.store, "a", vec![span(1, 1, None)]).await;
    let db = running.database();
    running.shut_down().await;
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
