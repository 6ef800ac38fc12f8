//! What the variables mean.

use super::*;

fn read(variables: &[(&str, &str)]) -> anyhow::Result<OtelConfig> {
    OtelConfig::read(&|name| {
        let set = variables.iter().find(|(set, _)| *set == name);
        set.map(|(_, value)| (*value).to_owned())
    })
}

fn export(variables: &[(&str, &str)]) -> OtlpSettings {
    read(variables).unwrap().export.unwrap()
}

fn refuse(variables: &[(&str, &str)]) -> String {
    format!("{:#}", read(variables).unwrap_err())
}

#[test]
fn without_variables_nothing_is_exported_and_everything_is_kept() {
    let config = read(&[]).unwrap();
    assert!(config.export.is_none() && !config.disabled);
    assert_eq!(config.sampling, Sampling::Own(RootSampling::All));
}

#[test]
fn one_endpoint_is_for_all_signals() {
    let settings = export(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/otlp/")]);
    let urls = [&settings.traces, &settings.metrics, &settings.logs]
        .map(|target| target.as_ref().unwrap().url.as_str());
    assert_eq!(
        urls,
        [
            "http://collector:4318/otlp/v1/traces",
            "http://collector:4318/otlp/v1/metrics",
            "http://collector:4318/otlp/v1/logs"
        ]
    );
    let traces = settings.traces.unwrap();
    assert_eq!(traces.protocol, OtlpProtocol::HttpProtobuf);
    assert_eq!(traces.compression, OtlpCompression::None);
    assert_eq!(traces.timeout, Duration::from_secs(10));
}

#[test]
fn port_4317_is_grpc_unless_something_else_is_said() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
    let grpc = export(&[endpoint]).traces.unwrap();
    assert_eq!(grpc.protocol, OtlpProtocol::Grpc);
    assert_eq!(grpc.url, "http://collector:4317");
    let http = export(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]);
    assert_eq!(http.traces.unwrap().protocol, OtlpProtocol::HttpProtobuf);
}

#[test]
fn what_is_said_of_one_signal_goes_before_what_is_said_of_all() {
    let settings = export(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key=all"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces/in"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "key=traces"),
        ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "100"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ]);
    let traces = settings.traces.unwrap();
    assert_eq!(traces.url, "https://traces/in", "it is used as it is");
    assert_eq!(traces.headers["key"], "traces");
    assert_eq!(traces.compression, OtlpCompression::None);
    assert_eq!(traces.timeout, Duration::from_millis(100));
    let metrics = settings.metrics.unwrap();
    assert_eq!(metrics.url, "http://all:4318/v1/metrics");
    assert_eq!(metrics.headers["key"], "all");
    assert_eq!(metrics.compression, OtlpCompression::Gzip);
    assert_eq!(metrics.timeout, Duration::from_millis(2_500));
    assert!(settings.logs.is_none());
}

#[test]
fn samplers_have_their_standard_names() {
    let sampling = |name, arg| {
        let variables = [
            ("OTEL_TRACES_SAMPLER", name),
            ("OTEL_TRACES_SAMPLER_ARG", arg),
        ];
        read(&variables).unwrap().sampling
    };
    assert_eq!(
        sampling("always_off", "1"),
        Sampling::Own(RootSampling::Nothing)
    );
    assert_eq!(
        sampling("traceidratio", "0.25"),
        Sampling::Own(RootSampling::Ratio(0.25))
    );
    assert_eq!(
        sampling("parentbased_traceidratio", "0.5"),
        Sampling::AsParent {
            root: RootSampling::Ratio(0.5)
        }
    );
}

#[test]
fn resources_and_intervals_are_read() {
    let config = read(&[
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test%2C1, service.name=mine",
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99"),
        ("OTEL_SDK_DISABLED", "TRUE"),
    ])
    .unwrap();
    let environment = (
        "deployment.environment.name".to_owned(),
        "test,1".to_owned(),
    );
    assert_eq!(config.resource_attributes, [environment]);
    assert_eq!(config.service_name.as_deref(), Some("mine"));
    assert_eq!(config.metric_interval, Some(Duration::from_secs(10)));
    assert_eq!(config.flush_interval, Some(Duration::from_millis(50)));
    assert_eq!((config.max_spans, config.max_logs), (Some(99), None));
    assert!(config.disabled);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_variables_name() {
    let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    for (variable, value, expected) in [
        (endpoint, "collector:4317", "give it as http://host:4317"),
        (
            endpoint,
            "http://me:secret@collector",
            "must not hold a name or password",
        ),
        ("OTEL_TRACES_EXPORTER", "zipkin", "\"otlp\" and \"none\""),
        (
            "OTEL_TRACES_SAMPLER",
            "jaeger_remote",
            "kaos knows always_on",
        ),
        (
            "OTEL_METRIC_EXPORT_INTERVAL",
            "often",
            "a whole number above 0",
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "a whole number above 0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "key", "key=value"),
    ] {
        let refused = refuse(&[(variable, value)]);
        assert!(
            refused.contains(variable) && refused.contains(expected),
            "{refused}"
        );
        assert!(!refused.contains("secret"), "{refused}");
    }
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no-equals-sign"),
    ] {
        let refused = refuse(&[(endpoint, "http://collector:4318"), (variable, value)]);
        assert!(refused.contains(variable), "{refused}");
    }
    let ratio = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    assert!(refuse(&ratio).contains("between 0 and 1"));
}
