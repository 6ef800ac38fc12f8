//! The telemetry store beside the real Jaeger with its storage on disk: the same spans over gRPC to both,
//! in turns, and then the same questions.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use api::clock::{Clock, SystemClock};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, trace_service_client::TraceServiceClient,
};
use servers::{Jaeger, Storage};
use tokio::task::JoinSet;

use super::{Programs, Rows, p95};
use crate::{
    http::{Connection, request},
    program,
    scenario::{SPANS_PER_TRACE, Scenario},
    table::{Row, Target},
};

/// As many as an exporter sends at once, about.
const TRACES_PER_REQUEST: usize = 21;
const SENDERS: usize = 4;
/// Requests that go to one before the other has its turn.
const ROUND: usize = 80;
const QUESTIONS: usize = 100;
/// One failing trace in fifty is what the search looks for.
const FOUND: &str = "service=researcher&tags=%7B%22error.type%22%3A%22timeout%22%7D&limit=20";
const MS: u64 = 1_000_000;
const HOUR_NS: u64 = 3_600_000 * MS;

/// One of the two.
struct Backend {
    otlp: String,
    query: SocketAddr,
    spent: Duration,
}

impl Backend {
    fn new(otlp: String, query: SocketAddr) -> Self {
        Self {
            otlp,
            query,
            spent: Duration::ZERO,
        }
    }

    /// Sends requests on several connections; each is answered before the next one of its connection.
    async fn send(&mut self, requests: Vec<ExportTraceServiceRequest>) -> anyhow::Result<()> {
        let mut shares: Vec<Vec<_>> = (0..SENDERS).map(|_| Vec::new()).collect();
        for (place, request) in requests.into_iter().enumerate() {
            shares[place % SENDERS].push(request);
        }
        let mut clients = Vec::new();
        for share in shares {
            let client = TraceServiceClient::connect(self.otlp.clone())
                .await
                .context("failed to connect to an OTLP receiver")?;
            clients.push((client, share));
        }
        let started = Instant::now();
        let mut sending = JoinSet::new();
        for (mut client, share) in clients {
            sending.spawn(async move {
                for request in share {
                    client.export(request).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(sent) = sending.join_next().await {
            sent.context("a sender failed")??;
        }
        self.spent += started.elapsed();
        Ok(())
    }

    /// How long an answer takes, in 95 of 100 cases.
    async fn ask(&self, paths: &[String]) -> anyhow::Result<Duration> {
        let mut took = Vec::new();
        for path in paths {
            let asked = request("GET", &format!("/jaeger/api{path}"), "");
            // Jaeger closes connections when it likes to.
            let mut connection = Connection::open(self.query).await?;
            let started = Instant::now();
            let status = connection.exchange(&asked).await?;
            took.push(started.elapsed());
            ensure!(status == 200, "{path} is answered with HTTP {status}");
        }
        Ok(p95(took))
    }
}

/// Compares both with about `n_spans` spans.
pub(crate) async fn beside_jaeger(programs: Programs<'_>, n_spans: usize) -> Rows {
    let Some(jaeger) = Jaeger::start(Storage::Badger).await else {
        let reason = "KAOS_JAEGER names no Jaeger";
        return Ok(vec![Row::plain("the store beside Jaeger: skipped", reason)]);
    };
    let data = tempfile::tempdir()?;
    let folder = data.path().to_string_lossy().into_owned();
    let arguments = ["serve", "--addr", "127.0.0.1:0", "--data-dir", &folder];
    let kaos = program::start(programs.kaos, &arguments).await?;
    let mut ours = Backend::new(format!("http://{}", kaos.addr), kaos.addr);
    let address = jaeger.query.trim_start_matches("http://");
    let address = address.split('/').next().unwrap_or_default().parse()?;
    let mut theirs = Backend::new(jaeger.otlp_grpc.clone(), address);

    let per_request = TRACES_PER_REQUEST * SPANS_PER_TRACE;
    let n_rounds = n_spans.div_ceil(ROUND * per_request);
    let n_traces = u64::try_from(n_rounds * ROUND * TRACES_PER_REQUEST)?;
    let now_ns = u64::try_from(SystemClock.now().as_nanosecond())?;
    let began_ns = now_ns - 3 * HOUR_NS;
    let mut scenario = Scenario::new(began_ns, 2 * HOUR_NS / n_traces);
    let mut ids = Vec::new();
    for _ in 0..n_rounds {
        let requests: Vec<_> = (0..ROUND)
            .map(|_| scenario.batch(TRACES_PER_REQUEST).0)
            .collect();
        ids.extend(requests.iter().map(some_id));
        ours.send(requests.clone()).await?;
        theirs.send(requests).await?;
    }
    let sent = u32::try_from(n_rounds * ROUND * per_request)?;
    let rate = |backend: &Backend| f64::from(sent) / backend.spent.as_secs_f64();
    let (our_rate, their_rate) = (rate(&ours), rate(&theirs));
    let mut rows = vec![
        Row::plain("spans sent to each, over gRPC", sent.to_string()),
        Row::plain(
            "spans acknowledged by Jaeger with Badger",
            format!("{their_rate:.0}/s"),
        ),
        Row {
            what: "spans acknowledged by KAOS",
            measured: format!("{our_rate:.0}/s"),
            target: Target::Wanted {
                what: "at least as many as by Jaeger",
                reached: our_rate >= their_rate,
            },
        },
    ];
    let step = ids.len().div_ceil(QUESTIONS).max(1);
    let by_id = ids.iter().step_by(step).map(|id| format!("/traces/{id}"));
    let by_id: Vec<_> = by_id.collect();
    let search = search(began_ns, scenario.now_ns);
    for (what, paths) in [("trace by id, P95", by_id), ("search, P95", search)] {
        let (our_time, their_time) = (ours.ask(&paths).await?, theirs.ask(&paths).await?);
        rows.push(Row {
            what,
            measured: format!("{our_time:.1?}; Jaeger {their_time:.1?}"),
            target: Target::Wanted {
                what: "at least as fast as Jaeger",
                reached: our_time <= their_time,
            },
        });
    }
    Ok(rows)
}

/// The same search over windows of different ends.
fn search(began_ns: u64, ended_ns: u64) -> Vec<String> {
    let half_ns = (ended_ns - began_ns) / 2;
    let windows = (0..20).map(|n| (began_ns, began_ns + half_ns + half_ns / 20 * n));
    windows
        .map(|(from_ns, to_ns)| {
            let (from, to) = (from_ns / 1_000, to_ns / 1_000);
            format!("/traces?{FOUND}&start={from}&end={to}")
        })
        .collect()
}

/// A trace of a request, in hex.
fn some_id(request: &ExportTraceServiceRequest) -> String {
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    let digits = span.trace_id.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
