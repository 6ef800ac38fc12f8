//! What spans add up to: tokens and money, conversations, calls between services.

use api::money::Usd;
use api::telemetry::{
    CallReader, Calls, DurationQuery, Durations, ServiceGraph, SessionQuery, SessionReader,
    UsageKey, UsageQuery, UsageReader, Window,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use traces::Store;

use crate::support::{MS, NOW_NS, Running, attribute, failed, folder, span, text, with, write};

/// The loop of an agent in a session.
fn agent(trace: u8, n: u8, session: &str) -> Span {
    let mut span = with(span(trace, n, None), vec![text("session.id", session)]);
    "agent.agentic_loop".clone_into(&mut span.name);
    span
}

/// A call of a model, within that loop.
fn model(trace: u8, n: u8, parent: u8, model: &str) -> Span {
    let attributes = vec![
        text("gen_ai.operation.name", "chat"),
        text("gen_ai.request.model", model),
        attribute("gen_ai.usage.input_tokens", OtlpValue::IntValue(100)),
        attribute("gen_ai.usage.output_tokens", OtlpValue::IntValue(7)),
        attribute("kaos.usage.cost_usd", OtlpValue::DoubleValue(0.5)),
    ];
    with(span(trace, n, Some(parent)), attributes)
}

/// `a` asks two models in session `s1`, and `b` one in `s2`, once in vain.
async fn filled(store: &Store) {
    let first = vec![
        agent(1, 1, "s1"),
        model(1, 2, 1, "gpt-4o"),
        model(1, 3, 1, "llama"),
    ];
    write(store, "a", first.clone()).await;
    // Sent twice, it is there once.
    write(store, "a", first).await;
    write(store, "b", vec![agent(2, 10, "s2")]).await;
    let asked = failed(model(2, 11, 10, "gpt-4o"), "no");
    write(store, "b", vec![asked]).await;
    write(store, "a", vec![agent(3, 20, "s1")]).await;
}

#[tokio::test]
async fn tokens_and_money_are_added_up_by_whatever_is_asked() {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running.store).await;
    let check = async |query: UsageQuery, expected: &[(&[&str], u64)]| {
        let rows = running.store.usage(&query).await.unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                let keys: Vec<_> = row.keys.iter().map(String::as_str).collect();
                (keys, row.n_calls)
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(keys, n)| (keys.to_vec(), *n))
            .collect();
        assert_eq!(found, expected, "{query:?}");
    };
    let by = |by: &[UsageKey]| UsageQuery {
        by: by.to_vec(),
        ..UsageQuery::default()
    };
    check(by(&[]), &[(&[], 3)]).await;
    check(by(&[UsageKey::Agent]), &[(&["a"], 2), (&["b"], 1)]).await;
    check(by(&[UsageKey::Model]), &[(&["gpt-4o"], 2), (&["llama"], 1)]).await;
    check(by(&[UsageKey::Session]), &[(&["s1"], 2), (&["s2"], 1)]).await;
    let both = by(&[UsageKey::Namespace, UsageKey::Model]);
    check(
        both.clone(),
        &[
            (&["kaos-hierarchy", "gpt-4o"], 2),
            (&["kaos-hierarchy", "llama"], 1),
        ],
    )
    .await;
    let of_session = UsageQuery {
        session: Some("s1".to_owned()),
        ..by(&[UsageKey::Model])
    };
    check(of_session, &[(&["gpt-4o"], 1), (&["llama"], 1)]).await;
    let of_nobody = UsageQuery {
        agent: Some("c".to_owned()),
        ..by(&[])
    };
    check(of_nobody, &[]).await;

    let rows = running.store.usage(&by(&[])).await.unwrap();
    let sum = &rows[0];
    assert_eq!((sum.n_errors, sum.n_without_price), (1, 0));
    assert_eq!((sum.input_tokens, sum.output_tokens), (300, 21));
    assert_eq!(sum.cost, Usd::from_dollars(1.5));
    running.shut_down().await;
}

#[tokio::test]
async fn a_window_has_a_sum_for_each_of_its_steps() {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running.store).await;
    let query = UsageQuery {
        window: Window {
            from_ns: NOW_NS + 3 * MS,
            to_ns: NOW_NS + 100 * MS,
        },
        step_ns: 4 * MS,
        ..UsageQuery::default()
    };
    let rows = running.store.usage(&query).await.unwrap();
    let steps: Vec<_> = rows
        .iter()
        .map(|row| ((row.time_ns - NOW_NS) / MS, row.n_calls))
        .collect();
    assert_eq!(steps, [(3, 1), (11, 1)]);
    running.shut_down().await;
}

#[tokio::test]
async fn conversations_are_listed_by_their_latest_trace() {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running.store).await;
    let list = async |query: SessionQuery| running.store.sessions(&query).await.unwrap();
    let found = list(SessionQuery::default()).await;
    let ids: Vec<_> = found.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(ids, ["s1", "s2"]);
    let first = &found[0];
    assert_eq!((first.n_traces, first.n_failed_traces), (2, 0));
    assert_eq!(
        (first.first_ns, first.last_ns),
        (NOW_NS + MS, NOW_NS + 21 * MS)
    );
    assert_eq!(first.duration_ns, 4 * MS);
    assert_eq!(first.work.n_model_calls, 2);
    assert!(first.work.models.contains("llama"));
    assert_eq!(found[1].n_failed_traces, 1);

    let ids = async |query: SessionQuery| {
        let found = list(query).await;
        found
            .into_iter()
            .map(|session| session.id)
            .collect::<Vec<_>>()
    };
    let of_agent = SessionQuery {
        agent: Some("b".to_owned()),
        ..SessionQuery::default()
    };
    assert_eq!(ids(of_agent).await, ["s2"]);
    let before = SessionQuery {
        window: Window {
            from_ns: 0,
            to_ns: NOW_NS + 5 * MS,
        },
        ..SessionQuery::default()
    };
    assert_eq!(ids(before).await, ["s1"]);
    let one = SessionQuery {
        limit: 1,
        ..SessionQuery::default()
    };
    assert_eq!(ids(one).await, ["s1"]);
    let elsewhere = SessionQuery {
        namespace: Some("other".to_owned()),
        ..SessionQuery::default()
    };
    assert_eq!(ids(elsewhere).await, [""; 0]);
    running.shut_down().await;
}

#[tokio::test]
async fn a_short_list_of_conversations_is_the_beginning_of_the_whole_one() {
    let folder = folder();
    let running = Running::open(&folder);
    for n in 0..200_u8 {
        // Each conversation comes back, not in the order it began.
        let mut span = agent(n, 1, &format!("s{}", n % 61));
        span.start_time_unix_nano = NOW_NS + u64::from(n.wrapping_mul(97)) * MS;
        span.end_time_unix_nano = span.start_time_unix_nano + MS;
        write(&running.store, "a", vec![span]).await;
    }
    let list = async |limit| {
        let query = SessionQuery {
            window: Window {
                from_ns: NOW_NS + 20 * MS,
                to_ns: NOW_NS + 240 * MS,
            },
            limit,
            ..SessionQuery::default()
        };
        running.store.sessions(&query).await.unwrap()
    };
    let all = list(1_000).await;
    assert_eq!(all.len(), 61);
    assert!(all.iter().map(|session| session.n_traces).sum::<u64>() > 150);
    assert_eq!(list(7).await, all[..7]);
    running.shut_down().await;
}

#[tokio::test]
async fn what_was_stored_before_there_were_extracts_adds_up_to_the_same() {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running.store).await;
    let by_session = UsageQuery {
        by: vec![UsageKey::Session, UsageKey::Model],
        ..UsageQuery::default()
    };
    let ask = async || {
        let usage = running.store.usage(&by_session).await.unwrap();
        let sessions = running.store.sessions(&SessionQuery::default()).await;
        (usage, sessions.unwrap())
    };
    let before = ask().await;
    assert_eq!((before.0.len(), before.1.len()), (3, 2));
    let database = running.database();
    let forget = "DELETE FROM model_calls; DELETE FROM session_spans;";
    database.execute_batch(forget).unwrap();
    assert_eq!(
        ask().await,
        (Vec::new(), Vec::new()),
        "extracts are what is asked"
    );
    let as_migrated = "UPDATE segment SET extracts_from = (SELECT max(first + n) FROM span_blocks)";
    database.execute_batch(as_migrated).unwrap();
    assert_eq!(ask().await, before);

    // And what came later beside it.
    let later = vec![agent(4, 30, "s3"), model(4, 31, 30, "llama")];
    write(&running.store, "b", later).await;
    let (usage, sessions) = ask().await;
    assert_eq!((usage.len(), sessions.len()), (4, 3));
    running.shut_down().await;
}

/// Names with calls and failures, of services and of their calls.
fn outline(graph: &ServiceGraph) -> (Vec<String>, Vec<String>) {
    let calls = |calls: Calls| format!("{} calls, {} failed", calls.n, calls.n_errors);
    let services = graph.services.iter();
    let edges = graph.edges.iter();
    (
        services
            .map(|node| format!("{}: {}", node.service, calls(node.requests)))
            .collect(),
        edges
            .map(|edge| format!("{} → {}: {}", edge.caller, edge.callee, calls(edge.calls)))
            .collect(),
    )
}

#[tokio::test]
async fn the_graph_counts_calls_as_who_was_called_sees_them() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    // What is called may arrive before what calls, and twice.
    let called = failed(span(1, 3, Some(2)), "no");
    write(store, "b", vec![called.clone(), span(1, 4, Some(3))]).await;
    write(store, "b", vec![called]).await;
    write(store, "a", vec![span(1, 1, None), span(1, 2, Some(1))]).await;
    let mut slow = span(2, 3, Some(99));
    slow.end_time_unix_nano += 99 * MS;
    write(store, "b", vec![slow]).await;

    let graph = store.service_graph(Window::ALL).await.unwrap();
    let (services, edges) = outline(&graph);
    assert_eq!(services, ["a: 1 calls, 0 failed", "b: 2 calls, 1 failed"]);
    assert_eq!(edges, ["a → b: 1 calls, 1 failed"]);
    let p95_ns = graph.services[1].requests.p95_ns;
    assert!(p95_ns.abs_diff(100 * MS) <= 5 * MS, "{p95_ns}");

    // The caller began before the window.
    let window = Window {
        from_ns: NOW_NS + 3 * MS,
        to_ns: NOW_NS + 9 * MS,
    };
    let graph = store.service_graph(window).await.unwrap();
    let (services, edges) = outline(&graph);
    assert_eq!(services, ["a: 0 calls, 0 failed", "b: 2 calls, 1 failed"]);
    assert_eq!(edges, ["a → b: 1 calls, 1 failed"]);
    running.shut_down().await;
}

/// A search that took so many milliseconds.
fn search(trace: u8, n: u8, ms: u64) -> Span {
    let mut span = span(trace, n, None);
    "tool.search".clone_into(&mut span.name);
    span.end_time_unix_nano = span.start_time_unix_nano + ms * MS;
    span
}

#[tokio::test]
async fn how_long_an_operation_usually_takes_is_that_of_its_service_in_the_window() {
    let folder = folder();
    let running = Running::open(&folder);
    let store = &running.store;
    for n in 1..=7_u8 {
        write(store, "a", vec![search(n, n, u64::from(n) * 10)]).await;
    }
    // What was sent twice, another service's and another operation's do not count.
    write(store, "a", vec![search(7, 7, 70)]).await;
    write(store, "b", vec![search(8, 8, 900)]).await;
    write(store, "a", vec![span(9, 9, None)]).await;
    let query = DurationQuery {
        service: "a".to_owned(),
        operation: "tool.search".to_owned(),
        window: Window::ALL,
        limit: 0,
    };
    let expected = Durations {
        n: 7,
        p50_ns: 40 * MS,
        p95_ns: 70 * MS,
        p99_ns: 70 * MS,
    };
    assert_eq!(store.durations(&query).await.unwrap(), expected);
    let before = DurationQuery {
        window: Window {
            from_ns: NOW_NS + 2 * MS,
            to_ns: NOW_NS + 5 * MS,
        },
        ..query.clone()
    };
    let found = store.durations(&before).await.unwrap();
    assert_eq!((found.n, found.p50_ns), (3, 30 * MS));
    let unknown = DurationQuery {
        operation: "tool.nothing".to_owned(),
        ..query
    };
    let found = store.durations(&unknown).await.unwrap();
    assert_eq!(found, Durations::default());
    running.shut_down().await;
}
