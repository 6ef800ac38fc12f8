//! What a real Collector receives of each kind of run, compared with a tree that is written down.
//!
//! A tree shows every span with its service, kind, status, attributes and events, below its parent. What
//! differs from run to run, such as ids and ports, is replaced by a word. Who changes spans on purpose
//! runs these tests with `INSTA_UPDATE=always` and reads what has changed.

use std::{collections::BTreeMap, fmt::Write, path::Path, time::Instant};

use serde_json::{Value, json};
use servers::Collector;
use tempfile::TempDir;

use crate::{
    kaos::{DEADLINE, Kaos, command},
    script::{Reply, Script},
};

const AGENTS: &str = include_str!("exported.yaml");

/// KAOS that exports to a Collector, and the model its agents ask.
pub(crate) struct Exporting {
    pub(crate) kaos: Kaos,
    pub(crate) script: Script,
    _data: TempDir,
}

impl Exporting {
    /// Starts it with further variables of the environment.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        let script = Script::start().await;
        let data = tempfile::tempdir().unwrap();
        let kaos = Self::kaos(data.path(), &script, variables).await;
        Self {
            kaos,
            script,
            _data: data,
        }
    }

    async fn kaos(data: &Path, script: &Script, variables: &[(&str, &str)]) -> Kaos {
        let yaml = data.join("agents.yaml");
        std::fs::write(&yaml, AGENTS.replace("SCRIPT", &script.address)).unwrap();
        let mut command = command(data);
        command
            .envs(variables.iter().copied())
            .arg("--apply")
            .arg(yaml);
        let kaos = Kaos::start(command).await;
        for agent in ["analyst", "lead", "coordinator"] {
            kaos.until_ready("agents", agent).await;
        }
        kaos
    }

    /// Asks; the trace's id.
    pub(crate) async fn ask(&self, agent: &str) -> String {
        let (_, answer) = self.kaos.ask(agent, "What is it?").await;
        let id = answer["trace_id"]
            .as_str()
            .or_else(|| answer["error"]["trace_id"].as_str());
        id.unwrap_or_else(|| panic!("no trace: {answer:#}"))
            .to_owned()
    }

    /// A text without what differs from run to run; of several lines the first, because what
    /// follows is written by Python, each version in its own way.
    fn stable(&self, text: &str) -> String {
        let text = text.lines().next().unwrap_or_default();
        let kaos = self.kaos.url.trim_start_matches("http://");
        let text = text
            .replace(kaos, "KAOS")
            .replace(&self.script.address, "SCRIPT");
        let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
        match text {
            text if text == port(kaos) => "PORT".to_owned(),
            text if text == port(&self.script.address) => "PORT".to_owned(),
            text => text,
        }
    }
}

/// A span as the Collector wrote it, and who sent it.
struct Sent {
    service: String,
    span: Value,
}

impl Sent {
    fn text(&self, key: &str) -> &str {
        self.span[key].as_str().unwrap_or_default()
    }
}

fn spans_of(collector: &Collector, trace: &str) -> Vec<Sent> {
    let mut sent = Vec::new();
    for request in collector.received() {
        for resource in request["resourceSpans"].as_array().into_iter().flatten() {
            let attributes = pairs(&resource["resource"]["attributes"]);
            let service = attributes["service.name"].as_str().unwrap().to_owned();
            let scopes = resource["scopeSpans"].as_array().into_iter().flatten();
            let spans = scopes.flat_map(|scope| scope["spans"].as_array().unwrap());
            sent.extend(
                spans
                    .filter(|span| span["traceId"] == trace)
                    .map(|span| Sent {
                        service: service.clone(),
                        span: span.clone(),
                    }),
            );
        }
    }
    sent
}

/// Waits until the Collector has as many spans of a trace as the built-in store, its root among them.
async fn arrived(run: &Exporting, collector: &Collector, trace: &str) -> Vec<Sent> {
    let started = Instant::now();
    loop {
        let n = run.kaos.trace(trace).await.len();
        let sent = spans_of(collector, trace);
        if sent.len() == n {
            return sent;
        }
        let names: Vec<_> = sent.iter().map(|sent| sent.text("name")).collect();
        assert!(
            started.elapsed() < DEADLINE,
            "{} of {n} spans have arrived: {names:#?}",
            sent.len()
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Key and value of attributes.
fn pairs(attributes: &Value) -> BTreeMap<String, Value> {
    let pairs = attributes.as_array().into_iter().flatten();
    pairs
        .map(|pair| {
            (
                pair["key"].as_str().unwrap().to_owned(),
                plain(&pair["value"]),
            )
        })
        .collect()
}

/// A value without OTLP's word for its type. 64-bit integers are text in OTLP's JSON.
fn plain(value: &Value) -> Value {
    match value.as_object().and_then(|value| value.iter().next()) {
        None => Value::Null,
        Some((kind, Value::String(text))) if kind == "intValue" => {
            text.parse::<i64>().unwrap().into()
        }
        Some((kind, array)) if kind == "arrayValue" => {
            let values = array["values"].as_array().into_iter().flatten();
            values.map(plain).collect()
        }
        Some((_, value)) => value.clone(),
    }
}

/// Keys whose values differ from run to run.
const VOLATILE: [&str; 9] = [
    "exception.stacktrace",
    "gen_ai.conversation.id",
    "gen_ai.response.time_to_first_chunk",
    "kaos.retry.wait_ms",
    "kaos.run.id",
    "mcp.session.id",
    "server.port",
    "session.id",
    "url.full",
];

/// The span with all below it, further to the right the deeper it is.
fn draw(run: &Exporting, all: &[Sent], sent: &Sent, depth: usize) -> String {
    const KINDS: [&str; 4] = ["unspecified", "internal", "server", "client"];
    const CODES: [&str; 3] = ["unset", "ok", "error"];
    let Sent { service, span } = sent;
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or_default()).unwrap();
    let (kind, code) = (number(&span["kind"]), number(&span["status"]["code"]));
    let indent = "  ".repeat(depth);
    let mut drawn = format!(
        "{indent}{service}: {} [{}] {}",
        sent.text("name"),
        KINDS[kind],
        CODES[code]
    );
    if let Some(message) = span["status"]["message"].as_str() {
        write!(drawn, " \"{}\"", run.stable(message)).unwrap();
    }
    drawn.push('\n');
    draw_pairs(
        &mut drawn,
        run,
        &format!("{indent}    "),
        &span["attributes"],
    );
    for event in span["events"].as_array().into_iter().flatten() {
        writeln!(drawn, "{indent}    ! {}", event["name"].as_str().unwrap()).unwrap();
        draw_pairs(
            &mut drawn,
            run,
            &format!("{indent}        "),
            &event["attributes"],
        );
    }
    let mut below: Vec<_> = all
        .iter()
        .filter(|other| other.text("parentSpanId") == sent.text("spanId"))
        .collect();
    below.sort_by_key(|sent| order(sent));
    for sent in below {
        drawn += &draw(run, all, sent, depth + 1);
    }
    drawn
}

fn draw_pairs(drawn: &mut String, run: &Exporting, indent: &str, attributes: &Value) {
    for (key, value) in pairs(attributes) {
        let value = match value {
            _ if VOLATILE.contains(&key.as_str()) => "…".to_owned(),
            Value::String(text) => run.stable(&text),
            other => other.to_string(),
        };
        writeln!(drawn, "{indent}{key} = {value}").unwrap();
    }
}

/// By start; what a model asks for at once, by the id of the call.
fn order(sent: &Sent) -> (u64, String) {
    let call = pairs(&sent.span["attributes"]).remove("gen_ai.tool.call.id");
    match call {
        Some(id) => (u64::MAX, id.to_string()),
        None => (
            sent.text("startTimeUnixNano").parse().unwrap(),
            String::new(),
        ),
    }
}

/// Compares a trace with the tree that is written down as `name`.
async fn check(run: &Exporting, collector: &Collector, name: &str, trace: &str) {
    let sent = arrived(run, collector, trace).await;
    let roots: Vec<_> = sent
        .iter()
        .filter(|sent| sent.text("parentSpanId").is_empty())
        .collect();
    let [root] = roots.as_slice() else {
        panic!("a trace has one root, not {}", roots.len());
    };
    let drawn = draw(run, &sent, root, 0);
    let is_span = |line: &&str| {
        let kinds = ["[internal]", "[server]", "[client]", "[unspecified]"];
        kinds.iter().any(|kind| line.contains(kind))
    };
    let n_drawn = drawn.lines().filter(is_span).count();
    assert_eq!(n_drawn, sent.len(), "every span is below the root, once");
    check_logs(collector, &sent, trace).await;
    insta::assert_snapshot!(name, drawn);
}

/// Every log of a trace belongs to one of its spans, and is not later than the span's end.
async fn check_logs(collector: &Collector, sent: &[Sent], trace: &str) {
    let nanos = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let started = Instant::now();
    let logs = loop {
        let logs = logs_of(collector, trace);
        if !logs.is_empty() {
            break logs;
        }
        assert!(started.elapsed() < DEADLINE, "the run has said nothing");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    for log in logs {
        let span = sent
            .iter()
            .find(|sent| sent.span["spanId"] == log["spanId"]);
        let span = span.unwrap_or_else(|| panic!("no span of the trace said {log:#}"));
        assert!(
            nanos(&log["timeUnixNano"]) <= nanos(&span.span["endTimeUnixNano"]),
            "{} had ended when it said {log:#}",
            span.text("name")
        );
    }
}

fn logs_of(collector: &Collector, trace: &str) -> Vec<Value> {
    let of = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let received = collector.received().into_iter();
    received
        .flat_map(|request| of(&request, "resourceLogs"))
        .flat_map(|resource| of(&resource, "scopeLogs"))
        .flat_map(|scope| of(&scope, "logRecords"))
        .filter(|log| log["traceId"] == trace)
        .collect()
}

fn call(name: &'static str, a: f64, b: f64) -> (&'static str, Value) {
    (name, json!({"a": a, "b": b}))
}

fn delegate(agent: &str) -> Reply {
    Reply::Call(vec![(
        "delegate",
        json!({"agent": agent, "task": "Do it."}),
    )])
}

#[tokio::test]
async fn a_collector_receives_every_kind_of_run_over_grpc() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let run = Exporting::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.grpc),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ])
    .await;
    let script = &run.script;
    let say = || Reply::Say("It is so.");

    script.write("coordinator-model", [say()]);
    let trace = run.ask("coordinator").await;
    check(&run, &collector, "plain", &trace).await;

    script.write(
        "analyst-model",
        [Reply::Call(vec![call("add", 2.0, 3.0)]), say()],
    );
    let trace = run.ask("analyst").await;
    check(&run, &collector, "tool", &trace).await;

    let both = vec![call("add", 2.0, 3.0), call("add", 4.0, 5.0)];
    script.write("analyst-model", [Reply::Call(both), say()]);
    let trace = run.ask("analyst").await;
    check(&run, &collector, "parallel_tools", &trace).await;

    script.write("coordinator-model", [delegate("lead"), say()]);
    script.write("lead-model", [delegate("analyst"), say()]);
    script.write("analyst-model", [say()]);
    let trace = run.ask("coordinator").await;
    check(&run, &collector, "nested_delegation", &trace).await;

    script.write(
        "analyst-model",
        [Reply::Call(vec![call("divide", 1.0, 0.0)]), say()],
    );
    let trace = run.ask("analyst").await;
    check(&run, &collector, "tool_error", &trace).await;

    script.write("coordinator-model", [Reply::Fail(503), say()]);
    let trace = run.ask("coordinator").await;
    check(&run, &collector, "model_error_with_retry", &trace).await;

    let again = || Reply::Call(vec![call("add", 2.0, 3.0)]);
    script.write("analyst-model", [again(), again(), say()]);
    let trace = run.ask("analyst").await;
    check(&run, &collector, "step_limit", &trace).await;
}

#[tokio::test]
async fn a_collector_receives_streamed_and_cancelled_runs_over_http() {
    let Some(collector) = Collector::start().await else {
        return;
    };
    let run = Exporting::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.http),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ])
    .await;
    let body = json!({"stream": true, "messages": [{"role": "user", "content": "What is it?"}]});
    let url = |agent: &str| {
        format!(
            "{}/agents/kaos-hierarchy/{agent}/v1/chat/completions",
            run.kaos.url
        )
    };

    run.script
        .write("coordinator-model", [Reply::Say("It is so.")]);
    let request = run.kaos.http.post(url("coordinator")).json(&body);
    let answer = request.send().await.unwrap();
    let trace = answer.headers()["x-trace-id"].to_str().unwrap().to_owned();
    answer.text().await.unwrap();
    check(&run, &collector, "streaming", &trace).await;

    run.script.write("coordinator-model", [delegate("lead")]);
    run.script.write("lead-model", [Reply::Hang]);
    let request = run.kaos.http.post(url("coordinator")).json(&body);
    let answer = request.send().await.unwrap();
    let trace = answer.headers()["x-trace-id"].to_str().unwrap().to_owned();
    run.script.until_all_asked("lead-model").await;
    drop(answer);
    check(&run, &collector, "cancellation", &trace).await;
}
