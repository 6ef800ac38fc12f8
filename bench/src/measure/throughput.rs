//! Answers per second on 16 connections, with all telemetry stored.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::json;

use super::{Programs, Rows};
use crate::{
    house::{self, AgentSpec, House},
    http::request,
    load::{self, Load, Outcome},
    program,
    table::{Row, Target},
};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(4);
/// Each is a measurement of all three, so that they see the machine in the same mood.
const ROUNDS: usize = 3;
/// Spans of an answer: of its request, its loop, its step, its model call, and of the model API.
pub(super) const SPANS_ALONE: usize = 5;
/// The same for both agents, one more step with its model call and the model API, and the delegation.
const SPANS_DELEGATING: usize = 14;
const STORED_WITHIN: Duration = Duration::from_secs(30);

/// Compares agents with the bare model.
pub(crate) async fn throughput(programs: Programs<'_>) -> Rows {
    let model = program::start(programs.model, &[]).await?;
    let mut house = house::build(programs.kaos, model.addr).await?;
    for agent in [
        AgentSpec {
            name: "alone",
            script: "echo",
            ..AgentSpec::default()
        },
        AgentSpec {
            name: "worker",
            script: "echo",
            ..AgentSpec::default()
        },
        AgentSpec {
            name: "coordinator",
            script: "delegate:worker",
            peers: &["worker"],
            ..AgentSpec::default()
        },
    ] {
        house.add_agent(agent).await?;
        house.until_agent(agent.name).await?;
    }
    let messages = json!([{"role": "user", "content": "What do the top three vendors hold?"}]);
    let bare = json!({"model": "echo", "messages": messages}).to_string();
    let bare = request("POST", "/v1/chat/completions", &bare);
    let asked = json!({"messages": messages});
    let (mut of_model, mut of_alone, mut of_coordinator) = (Vec::new(), Vec::new(), Vec::new());
    let mut stored = Stored::default();
    for _ in 0..ROUNDS {
        of_model.push(round(model.addr, bare.clone()).await?.rate());
        let kaos = house.kaos.addr;
        let alone = round(kaos, House::question("alone", &asked)).await?;
        of_alone.push(alone.rate());
        stored.look(&mut house, &alone, SPANS_ALONE).await?;
        let coordinator = round(kaos, House::question("coordinator", &asked)).await?;
        of_coordinator.push(coordinator.rate());
        stored
            .look(&mut house, &coordinator, SPANS_DELEGATING)
            .await?;
    }
    let [bare, alone, coordinator] = [of_model, of_alone, of_coordinator].map(median);
    let ratio = |what, rate: f64, wanted, least: f64| Row {
        what,
        measured: format!("{rate:.0}/s = 1/{:.1}", bare / rate),
        target: Target::Wanted {
            what: wanted,
            reached: rate * least >= bare,
        },
    };
    Ok(vec![
        Row::plain("the bare model", format!("{bare:.0}/s")),
        ratio("an agent", alone, "at least 1/8", 8.0),
        ratio(
            "an agent that delegates once",
            coordinator,
            "at least 1/20",
            20.0,
        ),
        stored.row(),
    ])
}

/// Answers whose trace was looked for.
#[derive(Default)]
struct Stored {
    whole: usize,
    looked_for: usize,
    slowest: Duration,
}

impl Stored {
    /// Looks until every noted trace has all its spans, or it has taken too long.
    async fn look(
        &mut self,
        house: &mut House,
        outcome: &Outcome,
        spans: usize,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        for trace in &outcome.traces {
            let mut found = house.stored_spans(trace).await?;
            while found < spans && started.elapsed() < STORED_WITHIN {
                tokio::time::sleep(Duration::from_millis(20)).await;
                found = house.stored_spans(trace).await?;
            }
            self.looked_for += 1;
            self.whole += usize::from(found >= spans);
        }
        self.slowest = self.slowest.max(started.elapsed());
        Ok(())
    }

    fn row(&self) -> Row {
        let Self {
            whole,
            looked_for,
            slowest,
        } = self;
        Row {
            what: "traces stored whole, of every 100th answer",
            measured: format!("{whole} of {looked_for}, {:.1} s", slowest.as_secs_f64()),
            target: Target::Wanted {
                what: "all",
                reached: whole == looked_for,
            },
        }
    }
}

async fn round(addr: SocketAddr, request: Vec<u8>) -> anyhow::Result<Outcome> {
    let mut load = Load {
        addr,
        request,
        connections: CONNECTIONS,
        time: WARM_UP,
    };
    load::run(&load).await.context("failed to warm up")?;
    load.time = ROUND;
    load::run(&load).await
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
