//! Agents of two processes: what one asks another over HTTP is the same as what it asks at home.

use api::run::{RunEvent, RunEventKind};
use serde_json::{Value, json};

use crate::served::{Served, until};

const ENDLESS: &str = r#"
import time

def work() -> str:
    """Work for ever."""
    while True:
        time.sleep(0.001)
"#;

/// A coordinator here, a researcher there.
async fn two_houses() -> (Served, Served) {
    let (here, there) = (Served::new().await, Served::new().await);
    there.agent("researcher", "mock/instant", &[], &[]);
    here.agent_with(
        "coordinator",
        "mock/instant",
        &[],
        &[("researcher", &there)],
    );
    (here, there)
}

async fn end(here: Served, there: Served) {
    here.end().await;
    there.end().await;
}

async fn ask(house: &Served, agent: &str) -> Value {
    let body = json!({"messages": [{"role": "user", "content": "Hello?"}]});
    let asked = house.http.post(house.chat_url(agent)).json(&body).send();
    asked.await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_delegation_to_another_process_is_in_the_same_trace_and_its_tokens_count() {
    let (here, there) = two_houses().await;
    let alone = ask(&there, "researcher").await["usage"]["total_tokens"].clone();
    let answer = ask(&here, "coordinator").await;
    let words = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(words.contains("researcher"), "{words}");
    let tokens = |value: &Value| value.as_u64().unwrap();
    assert!(tokens(&answer["usage"]["total_tokens"]) > tokens(&alone));

    let trace = answer["trace_id"].as_str().unwrap();
    let spans = here.spans().await;
    let delegation = spans.iter().find(|span| span.name == "delegate.researcher");
    let delegation = delegation.expect("it was delegated");
    until(|| there.tracker.is_empty()).await;
    let elsewhere = there.spans().await;
    let continued = elsewhere
        .iter()
        .find(|span| span.parent_span_id == delegation.span_id)
        .expect("the researcher goes on with the trace");
    assert_eq!(continued.name, "POST /v1/chat/completions");
    let trace = u128::from_str_radix(trace, 16).unwrap();
    assert_eq!(continued.trace_id, trace.to_be_bytes());
    end(here, there).await;
}

#[tokio::test]
async fn what_an_agent_of_another_process_does_is_told_as_it_happens() {
    let (here, there) = two_houses().await;
    let asked = here.ask("coordinator").header("x-kaos-progress", "events");
    let text = asked.send().await.unwrap().text().await.unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let pieces = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let events: Vec<RunEvent> = pieces
        .filter_map(|piece| {
            let event = piece["choices"][0]["delta"]["kaos"].clone();
            serde_json::from_value(event).ok()
        })
        .collect();
    let delegation = events.iter().find_map(|event| match &event.kind {
        RunEventKind::DelegateStarted { span_id, .. } => Some(span_id.clone()),
        _ => None,
    });
    let below: Vec<_> = events
        .iter()
        .filter(|event| !event.path.is_empty())
        .collect();
    for event in &below {
        assert_eq!(event.agent, "researcher");
        assert_eq!(event.path.as_slice(), delegation.as_slice());
    }
    let is_question = |event: &&&RunEvent| matches!(event.kind, RunEventKind::ModelStarted { .. });
    assert_eq!(below.iter().filter(is_question).count(), 1, "{below:#?}");
    let is_said = |event: &&RunEvent| matches!(event.kind, RunEventKind::MessageDelta { .. });
    assert!(
        below.iter().copied().any(|event| is_said(&event)),
        "{below:#?}"
    );
    end(here, there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_cancels_the_work_in_another_process() {
    let (here, there) = two_houses().await;
    there.python("tools", ENDLESS).await;
    there.agent("researcher", "mock/instant", &["tools"], &[]);
    let asked = here.ask("coordinator").header("x-kaos-progress", "events");
    let response = asked.send().await.unwrap();
    until(|| !there.tracker.is_empty()).await;
    drop(response);
    until(|| here.tracker.is_empty()).await;
    until(|| there.tracker.is_empty()).await;
    for house in [&here, &there] {
        let spans = house.ended_spans().await;
        let served = spans
            .iter()
            .find(|(name, _)| name == "POST /v1/chat/completions");
        assert_eq!(served.unwrap().1, "cancelled", "{spans:#?}");
    }
    end(here, there).await;
}

#[tokio::test]
async fn a_circle_through_another_process_is_refused_and_one_that_is_away_is_unavailable() {
    let (here, there) = two_houses().await;
    there.agent_with("researcher", "mock/instant", &[], &[("coordinator", &here)]);
    let answer = ask(&here, "coordinator").await;
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let spans = there.spans().await;
    let refused = spans
        .iter()
        .find(|span| span.name == "delegate.coordinator");
    let why = &refused.unwrap().status.as_ref().unwrap().message;
    assert_eq!(
        why,
        "coordinator is at work on this already: coordinator → researcher → coordinator"
    );

    there.end().await;
    let answer = ask(&here, "coordinator").await;
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let spans = here.spans().await;
    let away = spans
        .iter()
        .rfind(|span| span.name == "delegate.researcher");
    let why = &away.unwrap().status.as_ref().unwrap().message;
    assert_eq!(
        why,
        "Sub-agent 'researcher' is unavailable: it cannot be reached"
    );
    here.end().await;
}
