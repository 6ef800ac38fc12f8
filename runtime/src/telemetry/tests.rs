//! What comes out of a pipeline, seen by its receivers.

mod delivery;
mod exposition;
mod failures;
mod otlp;
mod support;

use std::time::Duration;

use api::{
    attributes::{key, metric, span},
    chat::Usage,
    money::Usd,
};
use opentelemetry::{
    Context, KeyValue,
    trace::{FutureExt, SpanKind, TraceContextExt},
};
use opentelemetry_proto::tonic::{
    metrics::v1::{metric::Data, number_data_point::Value as Number},
    trace::v1::{span::SpanKind as WireKind, status::StatusCode},
};
use tracing_subscriber::layer::SubscriberExt;

use self::support::{attribute, settings, start};
use super::{
    CaptureContent, Exposition, LogLayer, ModelCall, PipelineSettings, Service, ServiceTelemetry,
    Span, SpanSpec, extract, inject, preview,
};

fn root(service: &Service, name: &'static str) -> Span {
    child(service, name, &Context::new())
}

fn child(service: &Service, name: &'static str, parent: &Context) -> Span {
    let (kind, attributes) = (SpanKind::Internal, vec![KeyValue::new(key::STEP, 1)]);
    service.start_span(SpanSpec {
        name: name.into(),
        kind,
        parent,
        attributes,
    })
}

#[tokio::test]
async fn two_agents_of_one_trace_come_out_as_two_services() {
    let (pipeline, recorder) = start(settings());
    let coordinator = pipeline.service("coordinator", "kaos-hierarchy");
    let researcher = pipeline.service("researcher", "kaos-hierarchy");

    let outer = root(&coordinator, span::LOOP);
    let delegation = child(&coordinator, "delegate.researcher", outer.context());
    let mut headers = http::HeaderMap::new();
    inject(delegation.context(), &mut headers);
    let inner = child(&researcher, span::LOOP, &extract(&headers));
    let ids = [outer.span_id(), delegation.span_id(), inner.span_id()];
    let trace_id = outer.trace_id();
    for span in [inner, delegation, outer] {
        assert_eq!(span.trace_id(), trace_id);
        span.end_ok();
    }
    pipeline.flush().await;

    let spans = recorder.spans();
    let seen: Vec<_> = spans
        .iter()
        .map(|span| (span.service.as_str(), span.id(), span.parent()))
        .collect();
    let [outer, delegation, inner] = ids;
    assert_eq!(
        seen,
        [
            ("researcher", inner, delegation.clone()),
            ("coordinator", delegation, outer.clone()),
            ("coordinator", outer, String::new()),
        ]
    );
    assert_eq!(
        recorder.requests().len(),
        1,
        "one request holds both services"
    );
    let first = &spans[0];
    assert_eq!(first.resource(key::SERVICE_NAMESPACE), "kaos-hierarchy");
    assert_eq!(first.resource(key::RESOURCE_NAME), "researcher");
    assert_eq!(
        first.resource(key::SERVICE_VERSION),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(first.resource("telemetry.sdk.language"), "rust");
    assert_eq!(first.scope, "kaos.researcher");
    assert_eq!(first.text(key::AGENT_NAME), "researcher");
    assert_eq!(first.span.kind, WireKind::Internal as i32);
    assert_eq!(first.status(), StatusCode::Ok);
}

#[tokio::test]
async fn an_answer_has_a_trace_even_if_its_caller_samples_none() {
    let (pipeline, recorder) = start(settings());
    let mut headers = http::HeaderMap::new();
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    headers.insert("traceparent", unsampled.parse().unwrap());
    child(
        &pipeline.service("analyst", "default"),
        span::SERVER,
        &extract(&headers),
    )
    .end_ok();
    pipeline.flush().await;
    assert_eq!(recorder.spans()[0].parent(), "b7ad6b7169203331");
}

#[tokio::test]
async fn a_log_carries_the_ids_of_its_span_and_comes_before_it() {
    let (pipeline, recorder) = start(settings());
    let process = LogLayer::default();
    let _logging =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(process.clone()));
    tracing::info!("nobody hears this");
    process.set_process_service(pipeline.service("kaos", "default"));
    tracing::warn!(port = 3000, "The port is taken");

    let span = root(&pipeline.service("analyst", "default"), "tool.add");
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    async {
        tracing::info!(
            tool = "add",
            retries = 2,
            fast = true,
            "Executing tool: {}",
            "add"
        );
    }
    .with_context(span.context().clone())
    .await;
    span.log(|| tracing::error!("Tool add failed"));
    span.end_ok();
    pipeline.flush().await;

    let logs = recorder.logs();
    let told: Vec<_> = logs
        .iter()
        .map(|log| (log.service.as_str(), log.body()))
        .collect();
    assert_eq!(
        told,
        [
            ("kaos", "The port is taken".to_owned()),
            ("analyst", "Executing tool: add".to_owned()),
            ("analyst", "Tool add failed".to_owned()),
        ]
    );
    let log = &logs[1].record;
    assert_eq!(
        (support::hex(&log.trace_id), support::hex(&log.span_id)),
        (trace_id, span_id)
    );
    assert_eq!(
        (log.severity_number, log.severity_text.as_str()),
        (9, "INFO")
    );
    assert!(log.time_unix_nano > 0);
    assert_eq!(attribute(&log.attributes, key::LOGGER_NAME), module_path!());
    assert_eq!(attribute(&log.attributes, "tool"), "add");
    assert_eq!(attribute(&log.attributes, "retries"), "2");
    assert_eq!(attribute(&log.attributes, "fast"), "true");
    assert!(logs[0].record.trace_id.is_empty());
    assert_eq!(recorder.requests(), ["logs", "traces"]);
}

#[tokio::test]
async fn an_agent_counts_and_times_its_work() {
    let (pipeline, recorder) = start(settings());
    let service = pipeline.service("analyst", "default");
    let instruments = service.instruments();
    instruments.request(Duration::from_secs(20), 3, None);
    instruments.request(Duration::from_millis(7), 1, Some("OutOfTime"));
    instruments.model(&ModelCall {
        model: "mock/instant",
        provider: "mock",
        elapsed: Duration::from_millis(30),
        first_chunk: None,
        error: None,
    });
    instruments.tool("add", Duration::from_micros(1500), None);
    instruments.delegation("researcher", Duration::from_secs(1), None);
    let usage = Usage {
        prompt_tokens: 12,
        completion_tokens: 5,
        total_tokens: 17,
        cost: Some(Usd::from_dollars(0.25)),
        ..Usage::default()
    };
    instruments.usage("mock/instant", usage);
    pipeline.flush().await;

    let requests = recorder.metric(metric::REQUESTS);
    assert_eq!(
        (requests.unit.as_str(), requests.description.as_str()),
        ("1", "Request count")
    );
    let Some(Data::Sum(sum)) = requests.data else {
        panic!("requests are a sum")
    };
    assert!(sum.is_monotonic);
    let mut counted: Vec<_> = sum
        .data_points
        .iter()
        .map(|point| (attribute(&point.attributes, key::SUCCESS), point.value))
        .collect();
    counted.sort_by(|one, other| one.0.cmp(&other.0));
    let one = Some(Number::AsInt(1));
    assert_eq!(
        counted,
        [("false".to_owned(), one), ("true".to_owned(), one)]
    );

    for (name, label, value) in [
        (metric::MODEL_DURATION, key::MODEL, "mock/instant"),
        (metric::TOOL_DURATION, key::TOOL, "add"),
        (metric::DELEGATION_DURATION, key::TARGET, "researcher"),
    ] {
        let (unit, points) = recorder.histogram(name);
        assert_eq!(unit, "ms");
        assert_eq!(attribute(&points[0].attributes, label), value);
        assert_eq!(attribute(&points[0].attributes, key::AGENT_NAME), "analyst");
        assert_eq!(points[0].explicit_bounds, metric::DURATION_BUCKETS_MS);
    }
    assert_eq!(
        recorder.histogram(metric::TOOL_DURATION).1[0].sum,
        Some(1.5)
    );
    let (unit, points) = recorder.histogram(metric::TOKEN_USAGE);
    assert_eq!((unit.as_str(), points.len()), ("{token}", 2));
    let input = points
        .iter()
        .find(|it| attribute(&it.attributes, key::TOKEN_TYPE) == "input");
    assert_eq!(input.and_then(|point| point.sum), Some(12.0));
    let Some(Data::Sum(cost)) = recorder.metric(metric::MODEL_COST).data else {
        panic!("what calls cost is a sum")
    };
    assert_eq!(cost.data_points[0].value, Some(Number::AsDouble(0.25)));
}

#[tokio::test]
async fn only_agents_that_worked_send_metrics_and_a_removed_one_sends_its_last() {
    let (pipeline, recorder) = start(settings());
    let idle = pipeline.service("idle", "default");
    let busy = pipeline.service("busy", "default");
    busy.instruments().tool("add", Duration::ZERO, None);
    pipeline.flush().await;
    assert_eq!(recorder.metric_services(), ["busy"]);

    busy.instruments().tool("add", Duration::ZERO, None);
    drop(busy);
    pipeline.flush().await;
    pipeline.flush().await;
    assert_eq!(recorder.metric_services(), ["busy", "busy"]);
    let Some(Data::Sum(sum)) = recorder.metric(metric::TOOL_CALLS).data else {
        panic!("a sum")
    };
    assert_eq!(sum.data_points[0].value, Some(Number::AsInt(2)));
    drop(idle);
}

#[tokio::test]
async fn a_failing_span_says_why_and_where() {
    let (pipeline, recorder) = start(settings());
    let service = pipeline.service("analyst", "default");
    let step = root(&service, "agent.step.1");
    child(&service, "tool.add", step.context()).fail("ToolError", "b is missing");
    step.end_ok();
    pipeline.flush().await;

    let spans = recorder.spans();
    let failed = &spans[0];
    assert_eq!(failed.status(), StatusCode::Error);
    assert_eq!(failed.span.status.as_ref().unwrap().message, "b is missing");
    assert_eq!(failed.text(key::ERROR_TYPE), "ToolError");
    let [exception] = failed.span.events.as_slice() else {
        panic!("one event")
    };
    assert_eq!(exception.name, "exception");
    assert_eq!(
        attribute(&exception.attributes, key::EXCEPTION_TYPE),
        "ToolError"
    );
    assert_eq!(
        attribute(&exception.attributes, key::EXCEPTION_MESSAGE),
        "b is missing"
    );
    assert_eq!(
        attribute(&exception.attributes, key::EXCEPTION_ESCAPED),
        "false"
    );
    assert_eq!(
        attribute(&exception.attributes, key::EXCEPTION_STACKTRACE),
        "ToolError: b is missing\n    at tool.add (analyst)\n    at agent.step.1 (analyst)"
    );
}

#[tokio::test]
async fn a_span_that_is_dropped_was_cancelled() {
    let (pipeline, recorder) = start(settings());
    let service = pipeline.service("analyst", "default");
    let given_up = async {
        let _span = root(&service, "model.inference");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = given_up => {}
        () = std::future::ready(()) => {}
    }
    root(&service, "agent.step.1").cancelled();
    pipeline.flush().await;

    for span in recorder.spans() {
        assert_eq!(span.status(), StatusCode::Unset);
        assert_eq!(span.text(key::FINISH_REASON), "cancelled");
        assert!(span.span.end_time_unix_nano > 0);
    }
    assert_eq!(recorder.spans().len(), 2);
}

#[tokio::test]
async fn long_texts_are_cut() {
    let (pipeline, recorder) = start(PipelineSettings {
        max_text_bytes: 5,
        capture_content: CaptureContent::On,
        ..settings()
    });
    let service = pipeline.service("analyst", "default");
    assert!(service.captures_content());
    let mut span = root(&service, "tool.add");
    span.set_attribute(KeyValue::new(key::TOOL_RESULT, "größer als erlaubt"));
    span.add_event("told", vec![KeyValue::new("text", "0123456789")]);
    assert!(span.context().has_active_span());
    span.end_ok();
    pipeline.flush().await;
    let spans = recorder.spans();
    assert_eq!(spans[0].text(key::TOOL_RESULT), "grö…");
    assert_eq!(
        attribute(&spans[0].span.events[0].attributes, "text"),
        "01234…"
    );
}

#[tokio::test]
async fn an_attribute_that_is_set_again_replaces_the_one_before() {
    let (pipeline, recorder) = start(settings());
    let mut span = root(&pipeline.service("analyst", "default"), "model.inference");
    span.set_attribute(KeyValue::new(key::REQUEST_MODEL, "first"));
    span.set_attribute(KeyValue::new(key::REQUEST_MODEL, "fallback"));
    span.end_ok();
    pipeline.flush().await;
    let attributes = &recorder.spans()[0].span.attributes;
    let models = attributes.iter().filter(|it| it.key == key::REQUEST_MODEL);
    assert_eq!(models.count(), 1);
    assert_eq!(attribute(attributes, key::REQUEST_MODEL), "fallback");
}

#[tokio::test]
async fn a_service_that_emits_nothing_can_be_measured_all_the_same() {
    let (pipeline, recorder) = start(settings());
    let silent = ServiceTelemetry {
        emits: false,
        ..ServiceTelemetry::default()
    };
    let service = pipeline.service_with("analyst", "default", &silent);
    root(&service, "agent.step.1").end_ok();
    service.instruments().step();
    pipeline.flush().await;
    assert!(recorder.requests().is_empty());
    assert!(
        service
            .exposition(Exposition::Prometheus)
            .contains("kaos_steps_total")
    );
}

#[test]
fn a_preview_is_short_and_whole_characters() {
    assert_eq!(preview("short"), "short");
    assert_eq!(preview(&"ü".repeat(201)), format!("{}…", "ü".repeat(200)));
}
