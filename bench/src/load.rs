//! Load: the same request over and over, on connections that each wait for their answer.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::http::Connection;

/// Every so many answers, one is noted to look for its trace later.
const NOTE_EVERY: usize = 100;

/// What to send, where, and for how long.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) addr: SocketAddr,
    pub(crate) request: Vec<u8>,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How long each answer took.
    pub(crate) latencies: Vec<Duration>,
    /// Trace ids of some of the answers.
    pub(crate) traces: Vec<String>,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Answers per second.
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 answers")]
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The time that half of the answers took at most.
    pub(crate) fn median(&mut self) -> Duration {
        self.latencies.sort_unstable();
        self.latencies
            .get(self.latencies.len() / 2)
            .copied()
            .unwrap_or_default()
    }
}

/// Runs the load; an answer that is no success is an error, because it would be a fast one.
pub(crate) async fn run(load: &Load) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let mut connections = JoinSet::new();
    for _ in 0..load.connections {
        connections.spawn(one(load.clone(), started + load.time));
    }
    let mut whole = Outcome::default();
    while let Some(one) = connections.join_next().await {
        let one = one.context("a connection's task failed")??;
        whole.latencies.extend(one.latencies);
        whole.traces.extend(one.traces);
    }
    whole.elapsed = started.elapsed();
    Ok(whole)
}

async fn one(load: Load, until: Instant) -> anyhow::Result<Outcome> {
    let mut connection = Connection::open(load.addr).await?;
    let mut outcome = Outcome::default();
    loop {
        let asked = Instant::now();
        if asked >= until {
            return Ok(outcome);
        }
        let status = connection.exchange(&load.request).await?;
        outcome.latencies.push(asked.elapsed());
        ensure!(
            status == 200,
            "the answer is HTTP {status}: {}",
            String::from_utf8_lossy(connection.body())
        );
        if outcome.latencies.len() % NOTE_EVERY == 0 {
            outcome.traces.extend(connection.header("x-trace-id"));
        }
    }
}
