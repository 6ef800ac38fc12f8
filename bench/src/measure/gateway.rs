//! What the gateway adds to the time of a model: to a whole answer, and to the first byte of a stream.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};

use super::{Programs, Rows};
use crate::{
    house::{self, House},
    http::{Connection, Times, request},
    program,
    table::{Row, Target},
};

/// Requests before those that count.
const WARM_UP: usize = 200;
/// Requests of each kind, taken in turns so that both see the same machine.
const ROUNDS: usize = 3_000;
const AT_MOST: Duration = Duration::from_millis(1);

/// Asks the model and the gateway in turns, on one connection each.
pub(crate) async fn gateway(programs: Programs<'_>) -> Rows {
    let model = program::start(programs.model, &[]).await?;
    let house = house::build(programs.kaos, model.addr).await?;
    let addrs = [model.addr, house.kaos.addr];
    let whole = medians(addrs, &json!({}), |times| times.end).await?;
    let streamed = json!({"stream": true, "stream_options": {"include_usage": true}});
    let first = medians(addrs, &streamed, |times| times.first_byte).await?;
    let row = |what, [bare, through]: [Duration; 2]| {
        let added = through.saturating_sub(bare);
        Row {
            what,
            measured: format!("{} + {}", shown(bare), shown(added)),
            target: Target::Wanted {
                what: "adds at most 1 ms",
                reached: added <= AT_MOST,
            },
        }
    };
    Ok(vec![
        row("the gateway: model + added, median", whole),
        row("first byte of a stream: model + added, median", first),
    ])
}

/// The median time of the model itself, and of the same through the gateway.
async fn medians(
    [model, kaos]: [SocketAddr; 2],
    fields: &Value,
    of: fn(Times) -> Duration,
) -> anyhow::Result<[Duration; 2]> {
    let messages = json!([{"role": "user", "content": "What do the top three vendors hold?"}]);
    let mut body = json!({"model": "echo", "messages": messages});
    if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
        body.extend(fields.clone());
    }
    let body = body.to_string();
    let question = request("POST", "/v1/chat/completions", &body);
    let through = House::model_question(&body);
    let mut bare = Connection::open(model).await?;
    let mut gateway = Connection::open(kaos).await?;
    let mut times = [const { Vec::new() }; 2];
    for round in 0..WARM_UP + ROUNDS {
        let took = [
            of(bare.timed(&question).await?),
            of(gateway.timed(&through).await?),
        ];
        if round >= WARM_UP {
            times
                .iter_mut()
                .zip(took)
                .for_each(|(all, one)| all.push(one));
        }
    }
    Ok(times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    }))
}

fn shown(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
