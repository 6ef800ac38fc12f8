//! Runs can be listed, followed and read again.

use api::run::{RunEvent, RunEventKind};

use crate::served::{Served, until};

/// The events in a stream, by `id:` and `data:`.
fn events(text: &str) -> Vec<RunEvent> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<RunEvent> = data
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    let ids: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(ids, seqs, "each event has its number as id");
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    events
}

/// The words of the agent that was asked.
fn words(events: &[RunEvent]) -> String {
    let words = events.iter().map(|event| match &event.kind {
        RunEventKind::MessageDelta { text } if event.path.is_empty() => text.as_str(),
        _ => "",
    });
    words.collect()
}

async fn team() -> Served {
    let house = Served::new().await;
    house.agent("coordinator", "mock/scripted", &[], &["analyst"]);
    house.agent("analyst", "mock/scripted", &[], &[]);
    house
}

async fn read(house: &Served, path: &str) -> String {
    let response = house.http.get(format!("{}{path}", house.url)).send().await;
    response.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_detached_run_goes_on_without_its_client_and_all_viewers_see_the_same() {
    let house = team().await;
    let asked = house.ask("coordinator").header("x-kaos-run", "detached");
    drop(asked.send().await.unwrap());
    let id = house.only_run().await;
    let path = format!("/api/runs/{id}/events");
    let (early, also) = tokio::join!(read(&house, &path), read(&house, &path));
    let early = events(&early);
    let RunEventKind::RunStarted { run_id, .. } = &early[0].kind else {
        panic!("a run starts with its start: {:?}", early[0]);
    };
    assert_eq!(*run_id, id);
    let last = early.last().unwrap();
    assert!(
        matches!(last.kind, RunEventKind::RunFinished { .. }),
        "{last:?}"
    );
    assert!(!words(&early).is_empty());
    assert_eq!(words(&early), words(&events(&also)));
    let below = early.iter().filter(|event| event.agent == "analyst");
    assert!(below.clone().count() > 3 && below.clone().all(|event| event.path.len() == 1));

    let late = events(&read(&house, &path).await);
    assert_eq!(words(&late), words(&early), "it can be read after its end");
    let middle = early[early.len() / 2].seq;
    let rest = events(&read(&house, &format!("{path}?after={middle}")).await);
    assert_eq!(
        rest[0].seq.max(middle + 1),
        rest[0].seq,
        "nothing comes twice"
    );
    let request = house.http.get(format!("{}{path}", house.url));
    let again = request.header("last-event-id", middle.to_string()).send();
    let again = events(&again.await.unwrap().text().await.unwrap());
    assert_eq!(again, rest, "a browser says itself how far it has read");
    let (status, _) = house.get(&format!("{path}?after={}", last.seq)).await;
    assert_eq!(
        status, 204,
        "nothing follows, and a browser need not ask again"
    );
    house.end().await;
}

#[tokio::test]
async fn runs_are_listed_by_what_they_belong_to_and_found_by_id() {
    let house = team().await;
    let asked = house.ask("analyst").header("x-session-id", "mine");
    asked.send().await.unwrap().bytes().await.unwrap();
    until(|| house.agents.runs().running() == 0).await;
    let (status, listed) = house
        .get("/api/runs?namespace=team&agent=analyst&session=mine&state=finished")
        .await;
    assert_eq!(status, 200);
    let run = &listed["runs"][0];
    assert_eq!(run["session_id"], "mine");
    let (_, same) = house
        .get(&format!("/api/runs/{}", run["id"].as_str().unwrap()))
        .await;
    assert_eq!(same, *run);
    let (_, none) = house.get("/api/runs?state=running").await;
    assert_eq!(none["runs"].as_array().unwrap().len(), 0);
    for path in ["/api/runs/nobody", "/api/runs/nobody/events"] {
        let (status, body) = house.get(path).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (404, &"run_not_found".into())
        );
    }
    let (status, _) = house.get("/api/runs?state=asleep").await;
    assert_eq!(status, 400);
    house.end().await;
}

#[tokio::test]
async fn a_delegated_run_is_part_of_the_run_that_delegated() {
    let house = team().await;
    let asked = house.ask("coordinator").send().await.unwrap();
    asked.bytes().await.unwrap();
    until(|| house.tracker.is_empty()).await;
    let (_, listed) = house.get("/api/runs").await;
    let runs = listed["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert_eq!(runs[0]["agent"], "coordinator");
    house.end().await;
}

#[tokio::test]
async fn an_answer_that_was_not_streamed_can_be_read_in_its_log() {
    let house = team().await;
    let body = serde_json::json!({"messages": [{"role": "user", "content": "Hello?"}]});
    let asked = house
        .http
        .post(house.chat_url("analyst"))
        .json(&body)
        .send();
    let answer: serde_json::Value = asked.await.unwrap().json().await.unwrap();
    let id = answer["id"]
        .as_str()
        .unwrap()
        .trim_start_matches("chatcmpl-");
    let told = events(&read(&house, &format!("/api/runs/{id}/events")).await);
    assert_eq!(answer["choices"][0]["message"]["content"], words(&told));
    house.end().await;
}
