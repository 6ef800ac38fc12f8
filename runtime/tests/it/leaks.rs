//! Whatever clients do, nothing is left behind.

use futures::{StreamExt, stream};
use serde_json::json;

use crate::served::{Served, until};

const REQUESTS: usize = 3_000;
const AT_ONCE: usize = 16;

/// The mock answers at once; only the requests that are given up ask one that takes its time.
async fn one_of_many(house: &Served, number: usize) {
    let post = |agent: &str| house.http.post(house.chat_url(agent));
    let question = json!({"messages": [{"role": "user", "content": "Hello?"}]});
    let expect = |request: reqwest::RequestBuilder, status: u16| async move {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        response.bytes().await.unwrap();
    };
    match number % 10 {
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
        _ => {
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
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_good_bad_and_cancelled_requests_leave_nothing_behind() {
    let house = Served::new().await;
    house.agent("alone", "mock/instant", &[], &[]);
    house.agent("coordinator", "mock/instant", &[], &["alone"]);
    house.agent("broken", "nobody/knows-it", &[], &[]);
    house.agent("thinker", "mock/slow", &[], &[]);
    let runs = house.agents.runs();
    assert_eq!((house.tracker.len(), runs.running()), (0, 0));
    let requests = stream::iter(0..REQUESTS);
    let requests = requests.map(|number| one_of_many(&house, number));
    requests
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
    until(|| house.tracker.is_empty() && runs.running() == 0).await;
    assert!(runs.kept() <= 512, "{} runs are kept", runs.kept());
    house.end().await;
}
