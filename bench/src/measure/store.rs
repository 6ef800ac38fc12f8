//! What the telemetry store takes and what it costs, with the spans of the research system.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use api::{
    clock::{Clock, SystemClock},
    traces::{TraceQuery, TraceReader},
};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use traces::{Limits, Store};

use super::Rows;
use crate::{
    scenario::{LOGS_PER_TRACE, SPANS_PER_TRACE, Scenario},
    table::{Row, Target},
};

/// Traces in a request: about as many spans as a pipeline puts into one.
const TRACES_PER_REQUEST: usize = 21;
const SENDERS: usize = 4;
const REQUESTS: usize = 500;

/// Writes into a store of its own, on threads of its own.
pub(crate) fn store() -> Rows {
    let threads = Runtime::new().context("failed to start threads")?;
    threads.block_on(in_process())
}

async fn in_process() -> Rows {
    let folder = tempfile::tempdir()?;
    let tracker = TaskTracker::new();
    let shutdown = CancellationToken::new();
    let limits = Limits {
        max_bytes: 64 << 30,
        ..Limits::default()
    };
    let clock = Arc::new(SystemClock);
    let now_ns = u64::try_from(clock.now().as_nanosecond())?;
    let store = Store::open_with(folder.path(), limits, clock, &tracker, shutdown.clone())?;
    let hours_ago = now_ns.saturating_sub(6 * 3_600_000_000_000);
    let mut scenario = Scenario::new(hours_ago, 2_000_000);
    let requests: Vec<_> = (0..REQUESTS)
        .map(|_| scenario.batch(TRACES_PER_REQUEST).0)
        .collect();
    let n_spans = REQUESTS * TRACES_PER_REQUEST * SPANS_PER_TRACE;

    let (cpu, started) = (cpu_time(), Instant::now());
    let mut senders = tokio::task::JoinSet::new();
    let mut requests = requests.into_iter();
    for _ in 0..SENDERS {
        let share: Vec<_> = requests.by_ref().take(REQUESTS / SENDERS).collect();
        let store = store.clone();
        senders.spawn(async move {
            for request in share {
                store.write_traces(request).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    let (elapsed, cpu) = (started.elapsed(), cpu_time() - cpu);
    let bytes_of_spans = size(&folder.path().join("segments"))?;

    let question = answers_per_question(&store).await?;
    let logs_cpu = logs(&store, &mut scenario).await?;
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    let rate = n_spans as f64 / elapsed.as_secs_f64();
    let cpu_us = cpu.as_secs_f64() * 1e6 / n_spans as f64;
    let bytes = bytes_of_spans as f64 / n_spans as f64;
    Ok(vec![
        Row {
            what: "spans committed, in process",
            measured: format!("{rate:.0}/s"),
            target: Target::Wanted {
                what: "at least 50,000/s",
                reached: rate >= 50_000.0,
            },
        },
        Row::plain("processor time for a span", format!("{cpu_us:.1} µs")),
        Row::plain(
            "processor time for a log record",
            format!("{logs_cpu:.1} µs"),
        ),
        Row {
            what: "disk for a span, with its index",
            measured: format!("{bytes:.0} B"),
            target: Target::Wanted {
                what: "at most 400 B",
                reached: bytes <= 400.0,
            },
        },
        Row::plain(
            "a search among them",
            format!("{:.1} ms", question.as_secs_f64() * 1e3),
        ),
    ])
}

async fn logs(store: &Store, scenario: &mut Scenario) -> anyhow::Result<f64> {
    let n_requests = REQUESTS / 5;
    let requests: Vec<_> = (0..n_requests)
        .map(|_| scenario.batch(TRACES_PER_REQUEST).1)
        .collect();
    let cpu = cpu_time();
    for request in requests {
        store.write_logs(request).await?;
    }
    let n_logs = n_requests * TRACES_PER_REQUEST * LOGS_PER_TRACE;
    Ok((cpu_time() - cpu).as_secs_f64() * 1e6 / n_logs as f64)
}

async fn answers_per_question(store: &Store) -> anyhow::Result<Duration> {
    let query = TraceQuery {
        service: Some("researcher".to_owned()),
        attributes: vec![("error.type".to_owned(), "timeout".to_owned())],
        limit: 20,
        ..TraceQuery::default()
    };
    let started = Instant::now();
    for _ in 0..10 {
        anyhow::ensure!(
            store.search(&query).await?.len() == 20,
            "too few traces are found"
        );
    }
    Ok(started.elapsed() / 10)
}

/// What all threads of this process have used.
fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    )
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "db")
        {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}
