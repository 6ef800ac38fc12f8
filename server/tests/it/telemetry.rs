//! Telemetry of other programs, and of runs that were stopped.

use futures::StreamExt;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, trace_service_client::TraceServiceClient},
    common::v1::{AnyValue, KeyValue, any_value::Value as AnyValueKind},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use serde_json::json;

use crate::kaos::{Kaos, command, spans};

fn one_span(service: &str, trace: u8) -> ExportTraceServiceRequest {
    let name = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue {
            value: Some(AnyValueKind::StringValue(service.to_owned())),
        }),
        ..KeyValue::default()
    };
    let span = Span {
        trace_id: vec![trace; 16],
        span_id: vec![trace; 8],
        name: "work".to_owned(),
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 2_000_000_000,
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![name],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

#[tokio::test]
async fn otlp_over_grpc_is_received_on_the_port_and_on_a_second_one() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let second = free.local_addr().unwrap().to_string();
    drop(free);
    let data = tempfile::tempdir().unwrap();
    let mut command = command(data.path());
    command.args(["--otlp-addr", &second]);
    let kaos = Kaos::start(command).await;
    for (url, service, trace) in [
        (kaos.url.clone(), "first", 1),
        (format!("http://{second}"), "second", 2),
    ] {
        let mut client = TraceServiceClient::connect(url).await.unwrap();
        client.export(one_span(service, trace)).await.unwrap();
        // Acknowledged means committed: it can be read at once.
        let path = format!(
            "/jaeger/api/v3/traces/{}",
            format!("{trace:02x}").repeat(16)
        );
        let (status, trace) = kaos.get(&path).await;
        assert_eq!(status, 200, "{trace:#}");
    }
    let (_, services) = kaos.get("/jaeger/api/v3/services").await;
    let services = services["services"].as_array().unwrap();
    assert!(services.contains(&json!("first")) && services.contains(&json!("second")));
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_the_run_and_all_below_it() {
    let data = tempfile::tempdir().unwrap();
    let kaos = Kaos::with_team(data.path()).await;
    let slow = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "slow"}, "spec": {"modelAPI": "llm-proxy", "model": "mock/slow"}});
    let asker = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent",
        "metadata": {"name": "asker"}, "spec": {"modelAPI": "llm-proxy", "model": "mock/instant",
        "agentNetwork": {"access": ["slow"]}}});
    for agent in [&slow, &asker] {
        assert_eq!(kaos.create("agents", agent).await.0, 201);
    }
    kaos.until_ready("agents", "slow").await;
    kaos.until_ready("agents", "asker").await;

    let body = json!({"stream": true, "messages": [{"role": "user", "content": "hello"}]});
    let url = format!(
        "{}/agents/kaos-hierarchy/asker/v1/chat/completions",
        kaos.url
    );
    let request = kaos
        .http
        .post(url)
        .header("x-kaos-progress", "events")
        .json(&body);
    let response = request.send().await.unwrap();
    let trace = response.headers()["x-trace-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let mut pieces = response.bytes_stream();
    let mut heard = String::new();
    while !heard.contains(r#""agent":"slow""#) {
        heard += &String::from_utf8_lossy(&pieces.next().await.unwrap().unwrap());
    }
    drop(pieces);

    let path = format!("/jaeger/api/v3/traces/{trace}");
    let is_whole = |trace: &serde_json::Value| {
        let served = spans(trace)
            .into_iter()
            .filter(|span| span.name.starts_with("POST"));
        served.count() == 2
    };
    let spans = spans(&kaos.until(&path, is_whole).await);
    for name in [
        "delegate.slow",
        "agent.agentic_loop",
        "POST /v1/chat/completions",
    ] {
        for span in spans.iter().filter(|span| span.name == name) {
            let attributes = span.raw["attributes"].to_string();
            assert!(
                attributes.contains("cancelled"),
                "{name} of {} is {attributes}",
                span.service
            );
        }
    }
    let below = spans.iter().filter(|span| span.service == "slow");
    assert!(
        below.clone().any(|span| span.name == "model.inference"),
        "{spans:#?}"
    );
    assert!(
        below.clone().all(|span| span.status != 2),
        "a stop is no error"
    );
}
