//! An answer and the evidence for it.

use std::collections::{BTreeSet, HashMap};

use api::chat::{ChatChunk, ChatResponse};
use futures::StreamExt;
use serde_json::json;

use crate::kaos::{Kaos, Span};

const QUESTION: &str = "Research the current AI chip market and calculate the market share of the \
                        top 3 companies.";

#[tokio::test]
async fn the_coordinator_answers_with_usage_and_one_trace_over_all_agents() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let (status, body) = kaos.ask("coordinator", QUESTION).await;
    assert_eq!(status, 200, "{body:#}");
    let answer: ChatResponse = serde_json::from_value(body).unwrap();
    assert_eq!(answer.object, "chat.completion");
    assert_eq!(answer.choices[0].finish_reason.as_deref(), Some("stop"));
    assert!(answer.choices[0].message.words().contains("researcher"));
    assert!(answer.usage.unwrap().total_tokens > 0);

    let spans = kaos.trace(&answer.trace_id.unwrap()).await;
    assert_one_tree(&spans);
    let services: BTreeSet<_> = spans.iter().map(|span| span.service.as_str()).collect();
    assert_eq!(
        services,
        BTreeSet::from([
            "analyst",
            "calculator",
            "coordinator",
            "echo-search",
            "llm-proxy",
            "researcher"
        ])
    );
    let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0].name, "POST /v1/chat/completions");
    assert_eq!(
        path_of(&spans, "tool.echo"),
        [
            "tool.echo",
            "agent.step.1",
            "agent.agentic_loop",
            "POST /v1/chat/completions",
            "delegate.researcher",
            "agent.step.1",
            "agent.agentic_loop",
            "POST /v1/chat/completions",
        ]
    );
    assert!(spans.iter().all(|span| span.status != 2), "no span failed");
    for name in [
        "agent.step.2",
        "model.inference",
        "delegate.analyst",
        "tool.add",
        "modelapi.chat",
        "tools/call add",
    ] {
        assert!(
            spans.iter().any(|span| span.name == name),
            "{name} is missing"
        );
    }
}

#[tokio::test]
async fn a_streamed_answer_comes_in_valid_chunks_and_keeps_its_trace() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let body = json!({"messages": [{"role": "user", "content": QUESTION}], "stream": true,
        "stream_options": {"include_usage": true}});
    let url = format!(
        "{}/agents/kaos-hierarchy/coordinator/v1/chat/completions",
        kaos.url
    );
    let response = kaos.http.post(url).json(&body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let mut data: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    assert_eq!(data.pop(), Some("[DONE]"));
    let chunks: Vec<ChatChunk> = data
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    assert!(
        chunks[0].choices[0].delta.role.is_some(),
        "the first chunk has the role"
    );
    let words: String = chunks
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .filter_map(|choice| choice.delta.content.as_deref())
        .collect();
    assert!(words.contains("researcher"), "{words}");
    assert!(chunks.last().unwrap().usage.unwrap().total_tokens > 0);

    let events: Vec<_> = chunks
        .iter()
        .flat_map(|chunk| &chunk.choices)
        .filter_map(|choice| choice.delta.kaos.as_ref())
        .collect();
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert!(
        seqs[0] == 1 && seqs.is_sorted_by(|a, b| a < b),
        "events are numbered, words among them: {seqs:?}"
    );
    assert!(
        events
            .iter()
            .any(|event| event.agent == "researcher" && event.path.len() == 1)
    );

    let spans = kaos.trace(chunks[0].trace_id.as_ref().unwrap()).await;
    assert_one_tree(&spans);
    assert!(
        spans
            .iter()
            .any(|span| span.service == "analyst" && span.name == "tool.add")
    );
}

#[tokio::test]
async fn a_model_that_takes_its_time_is_heard_while_it_speaks() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let speaker = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "speaker"}, "spec": {"modelAPI": "llm-proxy", "model": "openai/gpt-4o"}});
    assert_eq!(kaos.create("agents", &speaker).await.0, 201);
    kaos.until_ready("agents", "speaker").await;
    let body = json!({"messages": [{"role": "user", "content": "hello"}], "stream": true});
    let url = format!(
        "{}/agents/kaos-hierarchy/speaker/v1/chat/completions",
        kaos.url
    );
    let response = kaos.http.post(url).json(&body).send().await.unwrap();
    let mut pieces = response.bytes_stream();
    let mut n_pieces = 0;
    while let Some(piece) = pieces.next().await {
        piece.unwrap();
        n_pieces += 1;
    }
    assert!(n_pieces > 5, "the answer came in {n_pieces} pieces");
}

#[tokio::test]
async fn an_answers_logs_carry_the_ids_of_their_spans() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let (_, body) = kaos.ask("analyst", "add 2 and 3").await;
    let id = body["trace_id"].as_str().unwrap();
    kaos.trace(id).await;
    let page = kaos
        .http
        .get(format!("{}/traces/{id}?side=logs", kaos.url))
        .send()
        .await
        .unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("tool.add") || page.contains("add"),
        "the trace's page names the tool"
    );
}

#[tokio::test]
async fn a_session_goes_on_with_only_the_new_message() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let path = "/agents/kaos-hierarchy/analyst/v1/chat/completions";
    let ask =
        |text: &str| json!({"session_id": "s-1", "messages": [{"role": "user", "content": text}]});
    let (_, first) = kaos.post(path, &ask("first")).await;
    assert_eq!(first["session_id"], "s-1");
    let (_, second) = kaos.post(path, &ask("second")).await;
    let trace = kaos.trace(second["trace_id"].as_str().unwrap()).await;
    drop(trace);
    let memory = "/agents/kaos-hierarchy/analyst/memory/events?session_id=s-1";
    let (_, events) = kaos.get(memory).await;
    let kinds: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["event_type"])
        .collect();
    assert_eq!(
        kinds.iter().filter(|kind| **kind == "user_message").count(),
        2
    );
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| **kind == "agent_response")
            .count(),
        2
    );
}

fn assert_one_tree(spans: &[Span]) {
    let ids: BTreeSet<_> = spans.iter().map(|span| span.id.as_str()).collect();
    assert_eq!(ids.len(), spans.len(), "every span is there once");
    for span in spans.iter().filter(|span| !span.parent.is_empty()) {
        assert!(
            ids.contains(span.parent.as_str()),
            "the parent of {} is missing",
            span.name
        );
    }
}

/// Names from the first span called `name` up to the root.
fn path_of<'a>(spans: &'a [Span], name: &str) -> Vec<&'a str> {
    let by_id: HashMap<_, _> = spans.iter().map(|span| (span.id.as_str(), span)).collect();
    let mut path = Vec::new();
    let mut next = spans.iter().find(|span| span.name == name);
    while let Some(span) = next {
        path.push(span.name.as_str());
        next = by_id.get(span.parent.as_str()).copied();
    }
    path
}
