//! What a scraper reads.

use std::time::Duration;

use api::{attributes::span, chat::Usage};

use super::{root, support::settings, support::start};
use crate::telemetry::{Exposition, Pipeline, Service};

/// A service that answered one request, in a span of this trace and id.
fn worked(pipeline: &Pipeline, name: &str) -> (Service, String, String) {
    let service = pipeline.service(name, "default");
    let span = root(&service, span::SERVER);
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    span.log(|| {
        let instruments = service.instruments();
        instruments.request(Duration::from_millis(40), 2, None);
        instruments.tool("say \"hi\"", Duration::from_millis(4), Some("ToolError"));
        instruments.usage("mock/instant", Usage::default());
    });
    span.end_ok();
    (service, trace_id, span_id)
}

fn has(text: &str, line: &str) {
    assert!(
        text.lines().any(|it| it == line),
        "{line}\nis not in\n{text}"
    );
}

#[tokio::test]
async fn prometheus_reads_counters_and_histograms_of_all_services() {
    let (pipeline, _) = start(settings());
    let (analyst, ..) = worked(&pipeline, "analyst");
    let (_researcher, ..) = worked(&pipeline, "researcher");
    let text = pipeline.exposition(Exposition::Prometheus);
    has(&text, "# TYPE kaos_requests_total counter");
    for name in ["analyst", "researcher"] {
        has(
            &text,
            &format!(
                "kaos_requests_total{{service_name=\"{name}\",service_namespace=\"default\",\
                 agent_name=\"{name}\",success=\"true\"}} 1"
            ),
        );
    }
    let labels = "service_name=\"analyst\",service_namespace=\"default\",agent_name=\"analyst\"";
    has(&text, "# TYPE kaos_request_duration_milliseconds histogram");
    let duration = "kaos_request_duration_milliseconds";
    let succeeded = format!("{labels},success=\"true\"");
    has(
        &text,
        &format!("{duration}_bucket{{{succeeded},le=\"25\"}} 0"),
    );
    has(
        &text,
        &format!("{duration}_bucket{{{succeeded},le=\"50\"}} 1"),
    );
    has(
        &text,
        &format!("{duration}_bucket{{{succeeded},le=\"+Inf\"}} 1"),
    );
    has(&text, &format!("{duration}_sum{{{succeeded}}} 40"));
    has(&text, &format!("{duration}_count{{{succeeded}}} 1"));
    has(
        &text,
        &format!("kaos_tool_calls_total{{{labels},success=\"false\",tool=\"say \\\"hi\\\"\"}} 1"),
    );
    has(
        &text,
        &format!("kaos_errors_total{{{labels},operation=\"tool\",error_type=\"ToolError\"}} 1"),
    );
    assert!(!text.contains("# {"), "its own format has no exemplars");
    let own = analyst.exposition(Exposition::Prometheus);
    assert!(
        own.contains("analyst") && !own.contains("researcher"),
        "{own}"
    );
}

#[tokio::test]
async fn openmetrics_carries_the_trace_of_a_measurement() {
    let (pipeline, _) = start(settings());
    let (_analyst, trace_id, span_id) = worked(&pipeline, "analyst");
    let text = pipeline.exposition(Exposition::OpenMetrics);
    has(&text, "# TYPE kaos_requests counter");
    let exemplar = format!("# {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} 40 ");
    let bucket = text.lines().find(|line| {
        line.contains("kaos_request_duration_milliseconds_bucket") && line.contains("le=\"50.0\"")
    });
    assert!(bucket.unwrap().contains(&exemplar), "{text}");
    assert!(text.ends_with("\n# EOF\n"));
}

#[tokio::test]
async fn requests_under_way_go_up_and_down() {
    let (pipeline, _) = start(settings());
    let service = pipeline.service("analyst", "default");
    let active = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with("kaos_requests_active{"));
        line.and_then(|line| line.rsplit(' ').next())
            .unwrap()
            .to_owned()
    };
    let [one, other] = [(); 2].map(|()| service.instruments().request_began());
    assert_eq!(active(&service.exposition(Exposition::Prometheus)), "2");
    drop((one, other));
    assert_eq!(active(&service.exposition(Exposition::Prometheus)), "0");
}

#[test]
fn a_scraper_is_given_what_it_accepts() {
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3";
    assert_eq!(Exposition::accepted(accept), Exposition::OpenMetrics);
    assert_eq!(Exposition::accepted("*/*"), Exposition::Prometheus);
}
