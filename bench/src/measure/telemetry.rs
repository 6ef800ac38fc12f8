//! What telemetry costs: the same agent with telemetry off, stored, and exported to a Collector; and
//! what becomes of its answers when that Collector is killed under load.
//!
//! The model answers at once, so that nothing hides the cost.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use servers::Collector;

use super::{Programs, Rows, throughput::SPANS_ALONE};
use crate::{
    house::{self, AgentSpec, House},
    load::{self, Load, Outcome},
    program::{self, Program},
    table::{Row, Target},
};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
/// How long nobody is there to take what is exported.
const OUTAGE: Duration = Duration::from_secs(8);
const SETTLED_WITHIN: Duration = Duration::from_mins(2);
/// What may wait for a Collector is bounded: 64 requests of 512 spans.
const GROWTH_AT_MOST: u64 = 64 << 20;
/// How much slower half of the answers may be without a Collector before it is not noise.
const SLOWER_AT_MOST: f64 = 1.25;
const ANYWHERE: &str = "127.0.0.1:0";

/// Compares an agent without telemetry with one whose telemetry is stored, and exported.
pub(crate) async fn telemetry(programs: Programs<'_>) -> Rows {
    let model = program::start(programs.model, &[]).await?;
    let mut off = agent(programs, &model, &[("OTEL_SDK_DISABLED", "true")]).await?;
    let mut stored = agent(programs, &model, &[]).await?;
    let Some(collector) = Collector::start_dropping(ANYWHERE, ANYWHERE).await else {
        let [off, stored] = rates([&mut off, &mut stored]).await?;
        let reason = "KAOS_COLLECTOR names no Collector";
        return Ok(vec![
            Row::plain("an agent, telemetry off", format!("{off:.0}/s")),
            ratio(STORED, stored, off, 0.5),
            Row::plain("telemetry exported to a Collector: skipped", reason),
        ]);
    };
    let exporting = [
        ("KAOS_TELEMETRY_STORE", "off"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.grpc),
    ];
    let mut exported = agent(programs, &model, &exporting).await?;
    let [off, stored, rate] = rates([&mut off, &mut stored, &mut exported]).await?;
    let mut rows = vec![
        Row::plain("an agent, telemetry off", format!("{off:.0}/s")),
        ratio(STORED, stored, off, 0.5),
        ratio("exported to a Collector", rate, off, 0.7),
    ];
    rows.extend(outage(&mut exported, collector).await?);
    Ok(rows)
}

const STORED: &str = "all of it sampled and stored here";

/// A KAOS with one agent, and how many answers it has given.
struct Measured {
    house: House,
    answers: usize,
}

async fn agent(
    programs: Programs<'_>,
    model: &Program,
    variables: &[(&str, &str)],
) -> anyhow::Result<Measured> {
    let mut house = house::build_with(programs.kaos, model.addr, variables).await?;
    let alone = AgentSpec {
        name: "alone",
        script: "echo",
        ..AgentSpec::default()
    };
    house.add_agent(alone).await?;
    house.until_agent("alone").await?;
    Ok(Measured { house, answers: 0 })
}

impl Measured {
    async fn ask_for(&mut self, time: Duration) -> anyhow::Result<Outcome> {
        let messages = json!([{"role": "user", "content": "What do the top three vendors hold?"}]);
        let load = Load {
            addr: self.house.kaos.addr,
            request: House::question("alone", &json!({"messages": messages})),
            connections: CONNECTIONS,
            time,
        };
        let outcome = load::run(&load).await?;
        self.answers += outcome.latencies.len();
        Ok(outcome)
    }

    /// How it goes with the only receiver, once it has taken or lost everything.
    async fn settled(&mut self) -> anyhow::Result<Exported> {
        let started = Instant::now();
        let emitted = self.answers * SPANS_ALONE;
        loop {
            let status = self.house.telemetry().await?;
            let found = Exported::read(&status).context("the status tells of no receiver")?;
            if found.delivered + found.lost >= emitted && !found.is_failing {
                return Ok(found);
            }
            ensure!(
                started.elapsed() < SETTLED_WITHIN,
                "{emitted} spans are not accounted for: {status:#}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Answers per second of each, in turns so that they see the machine in the same mood.
async fn rates<const N: usize>(mut measured: [&mut Measured; N]) -> anyhow::Result<[f64; N]> {
    let mut rates = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (one, rates) in measured.iter_mut().zip(&mut rates) {
            one.ask_for(WARM_UP).await.context("failed to warm up")?;
            rates.push(one.ask_for(ROUND).await?.rate());
        }
    }
    Ok(rates.map(|mut rates: Vec<f64>| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }))
}

fn ratio(what: &'static str, rate: f64, off: f64, least: f64) -> Row {
    Row {
        what,
        measured: format!("{rate:.0}/s = {:.0} %", 100.0 * rate / off),
        target: Target::Wanted {
            what: if least < 0.6 {
                "at least 50 %"
            } else {
                "at least 70 %"
            },
            reached: rate >= least * off,
        },
    }
}

/// What a receiver got of the spans.
struct Exported {
    delivered: usize,
    lost: usize,
    is_failing: bool,
}

impl Exported {
    fn read(telemetry: &Value) -> Option<Self> {
        let receiver = telemetry["receivers"].get(0)?;
        let count = |what: &str| usize::try_from(receiver[what]["spans"].as_u64()?).ok();
        Some(Self {
            delivered: count("delivered")?,
            lost: count("dropped")?,
            is_failing: receiver["failing"].is_string(),
        })
    }
}

/// Kills the Collector while the agent answers, and brings it back.
async fn outage(measured: &mut Measured, collector: Collector) -> anyhow::Result<Vec<Row>> {
    measured.settled().await?;
    let mut before = measured.ask_for(ROUND).await?;
    let resident = measured.house.kaos.resident()?;
    let [grpc, http] = [&collector.grpc, &collector.http].map(|url| without_scheme(url));
    collector.kill().await;
    let mut during = measured.ask_for(OUTAGE).await?;
    let grown = measured.house.kaos.resident()?.saturating_sub(resident);
    let _collector = Collector::start_dropping(&grpc, &http).await;
    let Exported {
        delivered, lost, ..
    } = measured.settled().await?;
    let emitted = measured.answers * SPANS_ALONE;
    let slower = during.median().as_secs_f64() / before.median().as_secs_f64();
    Ok(vec![
        Row {
            what: "half of the answers, Collector killed: times as long",
            measured: format!("{slower:.2}, {:.2} ms", 1e3 * during.median().as_secs_f64()),
            target: Target::Wanted {
                what: "no more than noise",
                reached: slower <= SLOWER_AT_MOST,
            },
        },
        Row {
            what: "resident memory grows meanwhile by",
            measured: format!("{} MiB", grown >> 20),
            target: Target::Wanted {
                what: "at most 64 MiB, its bound",
                reached: grown <= GROWTH_AT_MOST,
            },
        },
        Row {
            what: "spans delivered + counted as lost, of those emitted",
            measured: format!("{delivered} + {lost} of {emitted}"),
            target: Target::Wanted {
                what: "exactly all",
                reached: delivered + lost == emitted && lost > 0,
            },
        },
    ])
}

fn without_scheme(url: &str) -> String {
    url.trim_start_matches("http://").to_owned()
}
