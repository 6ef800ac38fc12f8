//! Whatever clients do, nothing is left behind.

use std::{env, ops::Range};

use futures::{StreamExt, stream};
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::{process::Command, runtime::Handle};

use crate::served::{Recording, Served, http_client, until};

/// Requests before counting: by then every agent has asked, and as many runs are kept as may be.
const WARM_UP: usize = 2_000;
const REQUESTS: usize = 10_000;
const AT_ONCE: usize = 16;
/// How much the memory may grow after the warm-up: less than a kilobyte for each request.
const MAX_GROWTH: u64 = 8 * 1024 * 1024;

const TOOLS: &str = r#"
import time

def work() -> str:
    """Work."""
    return "done"

def fail() -> str:
    """Fail."""
    raise ValueError("no")
"#;

#[tokio::test]
async fn ten_thousand_good_bad_and_cancelled_requests_leave_nothing_behind() {
    // In a process of its own, whose tasks and memory are nobody else's.
    let mut alone = Command::new(env::current_exe().unwrap());
    alone.args(["leaks::in_a_process_of_its_own", "--exact", "--ignored"]);
    let output = alone.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "counts the tasks and the memory of its process; another test starts it in one"]
async fn in_a_process_of_its_own() {
    let mut house = Served::with(Recording::None).await;
    house.python("tools", TOOLS).await;
    house.agent("alone", "mock/instant", &[], &[]);
    house.agent("worker", "mock/instant", &["tools"], &[]);
    house.agent("coordinator", "mock/instant", &[], &["alone"]);
    house.agent("broken", "nobody/knows-it", &[], &[]);
    house.agent("thinker", "mock/slow", &[], &[]);
    ask(&mut house, 0..10).await;
    let tasks = tasks();
    ask(&mut house, 10..WARM_UP).await;
    let memory = resident_bytes();
    ask(&mut house, WARM_UP..REQUESTS).await;
    until(|| self::tasks() <= tasks).await;
    let kept = house.agents.runs().kept();
    assert!(kept <= 512, "{kept} runs are kept");
    if let (Some(before), Some(after)) = (memory, resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown <= MAX_GROWTH, "grown by {grown} bytes from {before}");
    }
    house.end().await;
}

/// Asks the questions of these numbers, and waits until nothing of them goes on.
async fn ask(house: &mut Served, numbers: Range<usize>) {
    stream::iter(numbers)
        .map(|number| one_of_many(house, number))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
    let runs = house.agents.runs();
    until(|| house.tracker.is_empty() && runs.running() == 0).await;
    // Connections are kept for a while for whoever asks next.
    house.http = http_client();
}

/// The mock answers at once; only the requests that are given up ask one that takes its time.
async fn one_of_many(house: &Served, number: usize) {
    let post = |agent: &str| house.http.post(house.chat_url(agent));
    let question = json!({"messages": [{"role": "user", "content": "Hello?"}]});
    match number % 12 {
        0 => expect(post("alone").json(&question), 200).await,
        1 => expect(house.ask("alone"), 200).await,
        2 => expect(post("coordinator").json(&question), 200).await,
        3 => expect(house.ask("coordinator"), 200).await,
        4 => expect(post("alone").body("{"), 400).await,
        5 => expect(post("alone").json(&json!({"messages": []})), 400).await,
        6 => expect(post("broken").json(&question), 502).await,
        7 => expect(house.ask("alone").header("x-kaos-run", "detached"), 200).await,
        8 => {
            let asked = house.ask("thinker").header("x-kaos-progress", "events");
            drop(asked.send().await.unwrap());
        }
        9 => stop_a_detached_run(house).await,
        10 => expect(post("worker").json(&question), 200).await,
        _ => expect(house.ask("worker"), 200).await,
    }
}

async fn expect(request: RequestBuilder, status: u16) {
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), status);
    response.bytes().await.unwrap();
}

async fn stop_a_detached_run(house: &Served) {
    let asked = house.ask("thinker").header("x-kaos-run", "detached");
    let asked = asked.header("x-kaos-progress", "events");
    let mut pieces = asked.send().await.unwrap().bytes_stream();
    let mut said = String::new();
    while !said.contains("run_id") {
        said += &String::from_utf8_lossy(&pieces.next().await.unwrap().unwrap());
    }
    drop(pieces);
    let (_, id) = said.split_once(r#""run_id":""#).unwrap();
    let stop = format!("{}/api/runs/{}/cancel", house.url, &id[..32]);
    expect(house.http.post(stop), 202).await;
}

/// The tasks of this process that have not ended.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// The memory of this process, where the system says it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
