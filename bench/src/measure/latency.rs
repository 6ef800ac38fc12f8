//! What an agent adds to the time of its model, on one connection; and how soon an agent is ready.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Programs, Rows};
use crate::{
    house::{self, AgentSpec, House},
    http::request,
    load::{self, Load},
    program,
    table::{Row, Target},
};

const WARM_UP: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(4);
/// Model calls of a delegation with a tool call below it: two by each agent.
const MODEL_CALLS: u32 = 4;
const ALONE_AT_MOST: Duration = Duration::from_millis(1);
const DELEGATING_AT_MOST: Duration = Duration::from_millis(3);
const NEW_AGENTS: usize = 25;
const READY_AT_MOST: Duration = Duration::from_secs(2);

/// Measures one question after the other.
pub(crate) async fn latency(programs: Programs<'_>) -> Rows {
    let model = program::start(programs.model, &[]).await?;
    let mut house = house::build(programs.kaos, model.addr).await?;
    house.add_tool().await?;
    for agent in [
        AgentSpec {
            name: "alone",
            script: "echo",
            ..AgentSpec::default()
        },
        AgentSpec {
            name: "worker",
            script: "tool:echo",
            tools: &["echo"],
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
    let ready = ready(&mut house).await?;
    let messages = json!([{"role": "user", "content": "What do the top three vendors hold?"}]);
    let bare = json!({"model": "echo", "messages": messages}).to_string();
    let asked = json!({"messages": messages});
    let bare = median(model.addr, request("POST", "/v1/chat/completions", &bare)).await?;
    let kaos = house.kaos.addr;
    let alone = median(kaos, House::question("alone", &asked)).await?;
    let coordinator = median(kaos, House::question("coordinator", &asked)).await?;
    let added = |what, took: Duration, without: Duration, wanted, most| {
        let added = took.saturating_sub(without);
        let measured = format!("{} + {}", shown(without), shown(added));
        Row {
            what,
            measured,
            target: Target::Wanted {
                what: wanted,
                reached: added <= most,
            },
        }
    };
    Ok(vec![
        Row::plain("the bare model, median", shown(bare)),
        added(
            "an agent: model + added",
            alone,
            bare,
            "adds at most 1 ms",
            ALONE_AT_MOST,
        ),
        added(
            "delegation, Python tool below: model + added",
            coordinator,
            bare * MODEL_CALLS,
            "adds at most 3 ms",
            DELEGATING_AT_MOST,
        ),
        Row {
            what: "from the POST of an agent until it is Ready, median",
            measured: shown(ready),
            target: Target::Wanted {
                what: "at most 2 s",
                reached: ready <= READY_AT_MOST,
            },
        },
    ])
}

async fn median(addr: SocketAddr, request: Vec<u8>) -> anyhow::Result<Duration> {
    let mut load = Load {
        addr,
        request,
        connections: 1,
        time: WARM_UP,
    };
    load::run(&load).await?;
    load.time = ROUND;
    Ok(load::run(&load).await?.median())
}

async fn ready(house: &mut House) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(NEW_AGENTS);
    for number in 0..NEW_AGENTS {
        let name = format!("new-{number}");
        let posted = Instant::now();
        let agent = AgentSpec {
            name: &name,
            script: "echo",
            ..AgentSpec::default()
        };
        house.add_agent(agent).await?;
        house.until_agent(&name).await?;
        times.push(posted.elapsed());
    }
    times.sort_unstable();
    Ok(times[NEW_AGENTS / 2])
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
