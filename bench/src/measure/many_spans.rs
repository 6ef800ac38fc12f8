//! Questions to a store that holds millions of spans of a week.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use api::{
    clock::{Clock, SystemClock},
    telemetry::{
        Aggregate, CallReader, ExceptionQuery, ExceptionReader, MetricQuery, MetricReader,
        SessionQuery, SessionReader, UsageKey, UsageQuery, UsageReader, Window,
    },
    traces::{TraceId, TraceQuery, TraceReader},
};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use traces::{Limits, Store};

use super::{Rows, p95};
use crate::{
    scenario::{SPANS_PER_TRACE, Scenario, durations},
    table::{Row, Target},
};

const TRACES_PER_REQUEST: usize = 21;
const QUESTIONS: u64 = 40;
const DAY_NS: u64 = 24 * 3_600 * 1_000_000_000;
/// All of it is young enough to be kept.
const DAYS: u64 = 6;
/// Between two points of each metric: as the pipeline sends them.
const METRIC_STEP_NS: u64 = 10 * 1_000_000_000;
/// Points of metrics in one request.
const POINTS: u64 = 360;

/// The time at which telemetry was sent.
struct Sending(AtomicI64);

impl Clock for Sending {
    fn now(&self) -> Timestamp {
        let now_ns = self.0.load(Ordering::Relaxed);
        Timestamp::from_nanosecond(now_ns.into()).unwrap_or_default()
    }
}

/// Fills a store with about `n_spans` spans and asks it, on threads of its own.
pub(crate) fn many_spans(n_spans: usize) -> Rows {
    let threads = Runtime::new().context("failed to start threads")?;
    threads.block_on(async {
        let folder = tempfile::tempdir()?;
        let tracker = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let limits = Limits {
            max_bytes: 64 << 30,
            ..Limits::default()
        };
        let now_ns = u64::try_from(SystemClock.now().as_nanosecond())?;
        let began_ns = now_ns - DAYS * DAY_NS;
        let clock = Arc::new(Sending(AtomicI64::new(began_ns.cast_signed())));
        let store = Store::open_with(
            folder.path(),
            limits,
            Arc::clone(&clock) as Arc<dyn Clock>,
            &tracker,
            shutdown.clone(),
        )?;
        let ids = fill(&store, &clock, n_spans, began_ns).await?;
        let rows = ask(&store, &ids, began_ns).await;
        shutdown.cancel();
        tracker.close();
        tracker.wait().await;
        rows
    })
}

/// Some of the traces.
async fn fill(
    store: &Store,
    clock: &Sending,
    n_spans: usize,
    began_ns: u64,
) -> anyhow::Result<Vec<TraceId>> {
    let n_requests = n_spans.div_ceil(TRACES_PER_REQUEST * SPANS_PER_TRACE);
    let n_traces = u64::try_from(n_requests * TRACES_PER_REQUEST)?;
    let mut scenario = Scenario::new(began_ns, DAYS * DAY_NS / n_traces);
    let mut ids = Vec::new();
    let mut measured_ns = began_ns;
    for number in 0..n_requests {
        let request = scenario.batch(TRACES_PER_REQUEST).0;
        if number % n_requests.div_ceil(200) == 0 {
            let span = &request.resource_spans[0].scope_spans[0].spans[0];
            ids.extend(TraceId::from_slice(&span.trace_id));
        }
        clock
            .0
            .store(scenario.now_ns.cast_signed(), Ordering::Relaxed);
        store.write_traces(&request).await?;
        while measured_ns < scenario.now_ns {
            let points = durations(began_ns, measured_ns, METRIC_STEP_NS, POINTS);
            store.write_metrics(&points).await?;
            measured_ns += METRIC_STEP_NS * POINTS;
        }
    }
    Ok(ids)
}

async fn ask(store: &Store, ids: &[TraceId], began_ns: u64) -> Rows {
    let mut took = Vec::new();
    for id in ids {
        let started = Instant::now();
        ensure!(store.trace(*id).await?.is_some(), "trace {id} is lost");
        took.push(started.elapsed());
    }
    let mut rows = vec![at_most("trace by id among them, P95", p95(took), 10)];
    let found = asked(
        |day| async move { Ok(store.search(&search(day)).await?.len()) },
        began_ns,
    );
    rows.push(at_most(
        "search by service and attribute in a day, P95",
        found.await?,
        100,
    ));
    let found = asked(
        |window| async move {
            let query = ExceptionQuery {
                window,
                n_pieces: 24,
                ..ExceptionQuery::default()
            };
            Ok(store.exceptions(&query).await?.len())
        },
        began_ns,
    );
    rows.push(at_most("exceptions of a day, P95", found.await?, 200));
    let found = asked(
        |day| async move { Ok(store.metric(&metric(day)).await?.len()) },
        began_ns,
    );
    rows.push(at_most(
        "P95 of durations over a day, P95",
        found.await?,
        200,
    ));
    rows.extend(sums(store, began_ns).await?);
    let resident = resident()?;
    rows.push(Row {
        what: "memory of this process with all of it",
        measured: format!("{} MiB", resident >> 20),
        target: Target::Wanted {
            what: "at most 300 MiB",
            reached: resident <= 300 << 20,
        },
    });
    Ok(rows)
}

/// What is added up over a day. Who calls whom has to look at every span.
async fn sums(store: &Store, began_ns: u64) -> Rows {
    let calls = asked(
        |day| async move { Ok(store.service_graph(day).await?.edges.len()) },
        began_ns,
    );
    let calls = Row::plain("calls between services of a day, P95", ms(calls.await?));
    let usage = asked(
        |window| async move {
            let query = UsageQuery {
                window,
                by: vec![UsageKey::Agent, UsageKey::Model],
                ..UsageQuery::default()
            };
            Ok(store.usage(&query).await?.len())
        },
        began_ns,
    );
    let usage = at_most("tokens and cost of a day, P95", usage.await?, 200);
    let sessions = asked(
        |window| async move {
            let query = SessionQuery {
                window,
                limit: 50,
                ..SessionQuery::default()
            };
            Ok(store.sessions(&query).await?.len())
        },
        began_ns,
    );
    let sessions = at_most("50 sessions of a day, P95", sessions.await?, 200);
    Ok(vec![calls, usage, sessions])
}

/// Asks about days that begin at different times; how long an answer takes, in 95 of 100 cases.
async fn asked<F: Future<Output = anyhow::Result<usize>>>(
    ask: impl Fn(Window) -> F,
    began_ns: u64,
) -> anyhow::Result<Duration> {
    let mut took = Vec::new();
    for number in 0..QUESTIONS {
        let from_ns = began_ns + number * (DAYS - 1) * DAY_NS / QUESTIONS;
        let window = Window {
            from_ns,
            to_ns: from_ns + DAY_NS,
        };
        let started = Instant::now();
        ensure!(ask(window).await? > 0, "a question has no answer");
        took.push(started.elapsed());
    }
    Ok(p95(took))
}

fn search(day: Window) -> TraceQuery {
    TraceQuery {
        service: Some("researcher".to_owned()),
        attributes: vec![("error.type".to_owned(), "timeout".to_owned())],
        start_min_ns: Some(day.from_ns),
        start_max_ns: Some(day.to_ns),
        limit: 20,
        ..TraceQuery::default()
    }
}

fn metric(window: Window) -> MetricQuery {
    MetricQuery {
        name: "kaos.request.duration".to_owned(),
        service: None,
        namespace: None,
        attributes: Vec::new(),
        window,
        step_ns: DAY_NS / 288,
        by: vec!["agent.name".to_owned()],
        aggregate: Aggregate::Quantile(0.95),
    }
}

fn at_most(what: &'static str, took: Duration, limit_ms: u64) -> Row {
    Row {
        what,
        measured: ms(took),
        target: Target::Wanted {
            what: match limit_ms {
                10 => "at most 10 ms",
                100 => "at most 100 ms",
                _ => "at most 200 ms",
            },
            reached: took <= Duration::from_millis(limit_ms),
        },
    }
}

fn ms(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1e3)
}

fn resident() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")
        .context("failed to read how much memory is used; this needs Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes.context("no VmRSS")?.parse()?;
    Ok(kilobytes * 1024)
}
