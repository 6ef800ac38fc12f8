//! Telemetry that leaves the program: to a real Jaeger, and to a Collector that goes away.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use servers::{Collector, Jaeger, Storage};

use crate::{
    golden::Exporting,
    kaos::{Kaos, command, failure_of},
    script::Reply,
};

#[tokio::test]
async fn a_jaeger_shows_one_trace_without_warnings_and_knows_it_as_generative_ai() {
    let Some(jaeger) = Jaeger::start(Storage::Memory).await else {
        return;
    };
    let run = Exporting::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &jaeger.otlp_grpc),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ])
    .await;
    let delegate = json!({"agent": "analyst", "task": "Add 2 and 3."});
    let delegate = Reply::Call(vec![("delegate", delegate)]);
    run.script.write("lead-model", [delegate]);
    let add = Reply::Call(vec![("add", json!({"a": 2, "b": 3}))]);
    run.script.write("analyst-model", [add]);
    let id = run.ask("lead").await;

    let here = run.kaos.trace(&id).await;
    let there = traces_of(&run.kaos, &jaeger.query, &id, here.len()).await;
    let [trace] = there.as_slice() else {
        panic!("one trace is one trace: {there:#?}");
    };
    let spans = trace["spans"].as_array().unwrap();
    assert_eq!(
        spans.len(),
        here.len(),
        "Jaeger has what the built-in store has"
    );
    let ids: BTreeSet<_> = spans.iter().map(|span| span["spanID"].as_str()).collect();
    for span in spans {
        assert!(span["warnings"].is_null(), "{span:#}");
        for reference in span["references"].as_array().unwrap() {
            assert!(ids.contains(&reference["spanID"].as_str()), "{span:#}");
        }
    }
    assert!(trace["warnings"].is_null(), "{trace:#}");

    // What Jaeger's page about generative AI reads.
    let mut operations = BTreeSet::new();
    for span in spans {
        let Some(operation) = tag(span, "gen_ai.operation.name") else {
            continue;
        };
        operations.insert(operation.as_str().unwrap());
        let wanted: &[&str] = match operation.as_str().unwrap() {
            "chat" => &[
                "gen_ai.provider.name",
                "gen_ai.request.model",
                "gen_ai.response.model",
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.output_tokens",
            ],
            "execute_tool" => &["gen_ai.tool.name", "gen_ai.tool.call.id"],
            _ => &["gen_ai.agent.name"],
        };
        for key in wanted {
            assert!(tag(span, key).is_some(), "{key} is missing in {span:#}");
        }
        for key in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
            assert!(tag(span, key).is_none_or(Value::is_i64), "{span:#}");
        }
    }
    assert_eq!(
        operations,
        BTreeSet::from(["chat", "execute_tool", "invoke_agent"])
    );

    // The dashboard of another KAOS shows it out of that Jaeger.
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.env("KAOS_JAEGER_URL", &jaeger.query);
    let reader = Kaos::start(command).await;
    for path in ["/ns/_all/traces".to_owned(), format!("/traces/{id}")] {
        let page = reader.http.get(format!("{}{path}", reader.url)).send();
        let page = page.await.unwrap().text().await.unwrap();
        assert!(page.contains(&id) && page.contains("lead"), "{page}");
    }
}

/// The traces with this id in a Jaeger, once `n` spans are there.
async fn traces_of(kaos: &Kaos, query: &str, id: &str, n: usize) -> Vec<Value> {
    let url = format!("{query}/api/traces/{id}");
    let started = std::time::Instant::now();
    loop {
        let answer: Value = kaos
            .http
            .get(&url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let traces = answer["data"].as_array().cloned().unwrap_or_default();
        let spans = traces.iter().filter_map(|trace| trace["spans"].as_array());
        if spans.map(Vec::len).sum::<usize>() >= n {
            return traces;
        }
        assert!(started.elapsed() < crate::kaos::DEADLINE, "{answer:#}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn tag<'a>(span: &'a Value, key: &str) -> Option<&'a Value> {
    let mut tags = span["tags"].as_array().unwrap().iter();
    Some(&tags.find(|tag| tag["key"] == key)?["value"])
}

/// The receiver of this name in the status.
fn receiver(status: &Value, name: &str) -> Value {
    let receivers = status["telemetry"]["receivers"].as_array().unwrap();
    let found = receivers.iter().find(|receiver| {
        let called = receiver["receiver"].as_str().unwrap();
        called.starts_with(name)
    });
    found
        .unwrap_or_else(|| panic!("no {name} in {status:#}"))
        .clone()
}

fn n_spans(collector: &Collector) -> u64 {
    let spans = collector.received().into_iter().flat_map(|request| {
        let resources = request["resourceSpans"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let scopes = resources.into_iter().flat_map(|resource| {
            resource["scopeSpans"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        });
        scopes.map(|scope| scope["spans"].as_array().map_or(0, Vec::len))
    });
    spans.sum::<usize>() as u64
}

#[tokio::test]
async fn a_collector_that_goes_away_loses_only_what_is_counted() {
    let Some(first) = Collector::start().await else {
        return;
    };
    let run = Exporting::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &first.grpc),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ])
    .await;
    let addresses =
        [&first.grpc, &first.http].map(|url| url.trim_start_matches("http://").to_owned());
    run.ask("analyst").await;
    let delivered = |status: &Value, name| {
        receiver(status, name)["delivered"]["spans"]
            .as_u64()
            .unwrap()
    };
    let is_there = |status: &Value| {
        let here = delivered(status, "the built-in store");
        here > 0 && delivered(status, "OTLP") == here
    };
    let status = run.kaos.until("/api/status", is_there).await;
    let before = delivered(&status, "OTLP");
    until_written(&first, before).await;
    first.kill().await;

    // It answers as if nothing had happened, and says what is wrong.
    for _ in 0..5 {
        run.ask("analyst").await;
    }
    let is_failing = |status: &Value| receiver(status, "OTLP")["failing"].is_string();
    run.kaos.until("/api/status", is_failing).await;

    let [grpc, http] = addresses;
    let second = Collector::start_at(&grpc, &http).await.unwrap();
    run.ask("analyst").await;
    let is_settled = |status: &Value| {
        let (here, there) = (
            receiver(status, "the built-in store"),
            receiver(status, "OTLP"),
        );
        let lost = there["dropped"]["spans"].as_u64().unwrap();
        let all = here["delivered"]["spans"].as_u64().unwrap();
        // Seven answers of an agent that asks its model once; the model API tells of it, too.
        all >= 7 * 5
            && there["failing"].is_null()
            && there["delivered"]["spans"].as_u64().unwrap() + lost == all
    };
    let status = run.kaos.until("/api/status", is_settled).await;
    let there = receiver(&status, "OTLP");
    let delivered = there["delivered"]["spans"].as_u64().unwrap();
    until_written(&second, delivered - before).await;
}

/// Waits until a Collector has written `n` spans, and not one more.
async fn until_written(collector: &Collector, n: u64) {
    let started = std::time::Instant::now();
    while n_spans(collector) < n {
        assert!(
            started.elapsed() < crate::kaos::DEADLINE,
            "{n} spans never arrive"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(n_spans(collector), n);
}

#[tokio::test]
async fn a_variable_that_makes_no_sense_is_refused_at_the_start() {
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    let said = failure_of(command).await;
    assert!(said.contains("give it as http://host:4317"), "{said}");
}

#[tokio::test]
async fn an_agent_can_send_its_telemetry_elsewhere_or_nowhere_and_show_what_was_said() {
    let Some(usual) = Collector::start().await else {
        return;
    };
    let own = Collector::start().await.unwrap();
    let run = Exporting::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &usual.http)]).await;
    let elsewhere = json!({"enabled": true, "endpoint": own.http, "captureContent": true});
    for (agent, telemetry) in [
        ("lead", elsewhere),
        ("coordinator", json!({"enabled": false})),
    ] {
        let patch = json!({"spec": {"config": {"telemetry": telemetry}}});
        run.kaos.patch("agents", agent, &patch).await;
    }

    let silent = run.ask("coordinator").await;
    let there = run.ask("lead").await;
    let here = run.ask("analyst").await;

    let spans = run.kaos.trace(&there).await;
    // The model API it asks sends to where all send.
    let (of_lead, of_others): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span.service == "lead");
    until_written(&own, of_lead.len() as u64).await;
    let received = own.received();
    let said = serde_json::to_string(&received).unwrap();
    assert!(
        said.contains("What is it?"),
        "the question is in a span: {said}"
    );
    let usual_spans = run.kaos.trace(&here).await.len() + of_others.len();
    until_written(&usual, usual_spans as u64).await;
    let said = serde_json::to_string(&usual.received()).unwrap();
    assert!(
        !said.contains("What is it?"),
        "other agents do not say it: {said}"
    );
    let status = run.kaos.get("/api/status").await.1;
    assert!(receiver(&status, &format!("OTLP to {}", own.http))["failing"].is_null());
    let path = format!("/jaeger/api/v3/traces/{silent}");
    assert_eq!(run.kaos.get(&path).await.0, 404);
}

#[tokio::test]
async fn nothing_is_emitted_when_telemetry_is_disabled() {
    let run = Exporting::start(&[("OTEL_SDK_DISABLED", "true")]).await;
    let (status, answer) = run.kaos.ask("analyst", "What is it?").await;
    assert_eq!(status, 200, "{answer:#}");
    let (_, status) = run.kaos.get("/api/status").await;
    assert_eq!(status["telemetry"]["receivers"], json!([]));
    let (_, services) = run.kaos.get("/jaeger/api/v3/services").await;
    assert_eq!(services["services"], json!([]));
}
