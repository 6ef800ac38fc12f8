//! A thousand agents that wait, and a thousand answers that stream at once.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Programs, Rows};
use crate::{
    house::{self, AgentSpec, House},
    http::Connection,
    program::{self, Program},
    table::{Row, Target},
};

const AGENTS: usize = 1000;
/// A word each 300 ms: all answers are open together for seconds.
const SCRIPT: &str = "echo@300";
const IDLE_AT_MOST: u64 = 150 << 20;
const STREAMING_AT_MOST: u64 = 500 << 20;
/// Reconciling and the first telemetry of so many are over by then.
const SETTLING: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Measures memory.
pub(crate) async fn many(programs: Programs<'_>) -> Rows {
    let model = program::start(programs.model, &[]).await?;
    let mut house = house::build(programs.kaos, model.addr).await?;
    let empty = house.kaos.resident()?;
    let started = Instant::now();
    let names: Vec<String> = (0..AGENTS)
        .map(|number| format!("agent-{number}"))
        .collect();
    for name in &names {
        let agent = AgentSpec {
            name,
            script: SCRIPT,
            ..AgentSpec::default()
        };
        house.add_agent(agent).await?;
    }
    for name in &names {
        house.until_agent(name).await?;
    }
    let applied = started.elapsed();
    tokio::time::sleep(SETTLING).await;
    let idle = house.kaos.resident()?;
    let streamed = stream(&house.kaos, &names).await?;
    Ok(vec![
        Row::plain("resident without agents", mebibytes(empty)),
        Row::plain(
            "1,000 agents applied and Ready",
            format!("{:.1} s", applied.as_secs_f64()),
        ),
        Row {
            what: "resident with 1,000 idle agents",
            measured: mebibytes(idle),
            target: Target::Wanted {
                what: "at most 150 MiB",
                reached: idle <= IDLE_AT_MOST,
            },
        },
        Row {
            what: "1,000 streaming chats at once, failed",
            measured: format!(
                "{} in {:.1} s",
                streamed.failures.len(),
                streamed.elapsed.as_secs_f64()
            ),
            target: Target::Wanted {
                what: "none",
                reached: streamed.failures.is_empty(),
            },
        },
        Row {
            what: "resident meanwhile, at most",
            measured: mebibytes(streamed.peak),
            target: Target::Wanted {
                what: "at most 500 MiB",
                reached: streamed.peak <= STREAMING_AT_MOST,
            },
        },
    ])
}

/// What came of streams that were open together.
#[derive(Default)]
struct Streamed {
    failures: Vec<anyhow::Error>,
    peak: u64,
    elapsed: Duration,
}

async fn stream(kaos: &Program, agents: &[String]) -> anyhow::Result<Streamed> {
    bench::allow_many_connections();
    let started = Instant::now();
    let mut chats = JoinSet::new();
    for agent in agents {
        chats.spawn(chat(kaos.addr, agent.clone()));
    }
    let mut streamed = Streamed::default();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = look.tick() => streamed.peak = streamed.peak.max(kaos.resident()?),
            ended = chats.join_next() => match ended {
                Some(ended) => streamed.failures.extend(ended.context("a chat's task failed")?.err()),
                None => break,
            },
        }
    }
    streamed.elapsed = started.elapsed();
    if let Some(failure) = streamed.failures.first() {
        crate::say(&format!("the first that failed: {failure:#}"));
    }
    Ok(streamed)
}

async fn chat(addr: SocketAddr, agent: String) -> anyhow::Result<()> {
    let messages = json!([{"role": "user", "content": "What do the top three vendors hold?"}]);
    let question = House::question(&agent, &json!({"messages": messages, "stream": true}));
    let mut connection = Connection::open(addr).await?;
    let status = connection.exchange(&question).await?;
    let body = String::from_utf8_lossy(connection.body());
    anyhow::ensure!(status == 200, "HTTP {status}: {body}");
    anyhow::ensure!(
        body.contains("market.") && body.contains("[DONE]"),
        "the answer is not whole: {body}"
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a mebibyte is shown")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
