//! What the telemetry store takes and what it costs, with the spans of the research system.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use api::{
    clock::{Clock, SystemClock},
    traces::{TraceQuery, TraceReader},
};
use rustix::time::{ClockId, clock_gettime};
use tokio::{runtime::Runtime, task::JoinSet};
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
const QUESTIONS: u32 = 10;
const HOUR_NS: u64 = 3_600_000_000_000;

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
    let now_ns = u64::try_from(SystemClock.now().as_nanosecond())?;
    let clock = Arc::new(SystemClock);
    let store = Store::open_with(folder.path(), limits, clock, &tracker, shutdown.clone())?;
    let mut scenario = Scenario::new(now_ns - 6 * HOUR_NS, 2_000_000);
    let spans = spans(&store, &mut scenario).await?;
    let bytes = size(&folder.path().join("segments"))? / u64::from(spans.n);
    let search = search(&store).await?;
    let logs = logs(&store, &mut scenario).await?;
    shutdown.cancel();
    tracker.close();
    tracker.wait().await;
    let rate = f64::from(spans.n) / spans.elapsed.as_secs_f64();
    Ok(vec![
        Row {
            what: "spans committed, in process",
            measured: format!("{rate:.0}/s"),
            target: Target::Wanted {
                what: "at least 50,000/s",
                reached: rate >= 50_000.0,
            },
        },
        Row::plain("processor time for a span", micros(spans.cpu / spans.n)),
        Row::plain("processor time for a log record", micros(logs.cpu / logs.n)),
        Row {
            what: "disk for a span, with its index",
            measured: format!("{bytes} B"),
            target: Target::Wanted {
                what: "at most 400 B",
                reached: bytes <= 400,
            },
        },
        Row::plain("a search among them", micros(search)),
    ])
}

/// What it took to write `n` of something.
struct Spent {
    n: u32,
    elapsed: Duration,
    cpu: Duration,
}

async fn spans(store: &Store, scenario: &mut Scenario) -> anyhow::Result<Spent> {
    let mut requests: Vec<_> = (0..REQUESTS)
        .map(|_| scenario.batch(TRACES_PER_REQUEST).0)
        .collect();
    let (cpu, started) = (cpu_time(), Instant::now());
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let share = requests.split_off(requests.len() - REQUESTS / SENDERS);
        let store = store.clone();
        senders.spawn(async move {
            for request in share {
                store.write_traces(&request).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.context("a sender failed")??;
    }
    Ok(Spent {
        n: u32::try_from(REQUESTS * TRACES_PER_REQUEST * SPANS_PER_TRACE)?,
        elapsed: started.elapsed(),
        cpu: cpu_time().saturating_sub(cpu),
    })
}

async fn logs(store: &Store, scenario: &mut Scenario) -> anyhow::Result<Spent> {
    let n_requests = REQUESTS / SENDERS;
    let requests: Vec<_> = (0..n_requests)
        .map(|_| scenario.batch(TRACES_PER_REQUEST).1)
        .collect();
    let (cpu, started) = (cpu_time(), Instant::now());
    for request in requests {
        store.write_logs(&request).await?;
    }
    Ok(Spent {
        n: u32::try_from(n_requests * TRACES_PER_REQUEST * LOGS_PER_TRACE)?,
        elapsed: started.elapsed(),
        cpu: cpu_time().saturating_sub(cpu),
    })
}

async fn search(store: &Store) -> anyhow::Result<Duration> {
    let query = TraceQuery {
        service: Some("researcher".to_owned()),
        attributes: vec![("error.type".to_owned(), "timeout".to_owned())],
        limit: 20,
        ..TraceQuery::default()
    };
    let started = Instant::now();
    for _ in 0..QUESTIONS {
        ensure!(
            store.search(&query).await?.len() == 20,
            "too few traces are found"
        );
    }
    Ok(started.elapsed() / QUESTIONS)
}

/// What all threads of this process have used.
fn cpu_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(used.tv_sec).unwrap_or(0),
        u32::try_from(used.tv_nsec).unwrap_or(0),
    )
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
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
