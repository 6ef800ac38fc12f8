//! The form of a model API.

use super::{
    FIELD, FieldSpec, Holds, Section, Standing, annotations, environment, gateway, labels,
    resources, rest,
};

const PROXY: Option<(&str, &str)> = Some(("mode", "Proxy"));

pub(super) const SECTIONS: [Section; 5] = [
    Section {
        heading: "Identity",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "name",
                label: "Name",
                hint: "Lower-case letters, digits and hyphens, at most 54.",
                path: "/metadata/name",
                required: true,
                ..FIELD
            },
            FieldSpec {
                id: "mode",
                label: "Mode",
                path: "/spec/mode",
                holds: Holds::Choice(&[
                    ("Proxy", "Proxy: requests go to a provider"),
                    ("Hosted", "Hosted: the model runs here"),
                ]),
                required: true,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Models",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "provider",
                label: "Provider",
                hint: "Such as openai, anthropic or nebius; mock answers without any.",
                path: "/spec/proxyConfig/provider",
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "models",
                label: "Models",
                hint: "Those agents may ask, one per line: a name, a beginning with /*, or * for all.",
                path: "/spec/proxyConfig/models",
                holds: Holds::Lines,
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "apiBase",
                label: "API base",
                hint: "Instead of the provider's own, such as http://127.0.0.1:8000/v1.",
                path: "/spec/proxyConfig/apiBase",
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "apiVersion",
                label: "API version",
                hint: "Of Azure, such as 2024-10-21.",
                path: "/spec/proxyConfig/apiVersion",
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "apiKey",
                label: "API key",
                hint: "The Secret that holds it, as name/key.",
                path: "/spec/proxyConfig/apiKey/valueFrom/secretKeyRef",
                alias: Some("/spec/proxyConfig/apiKeySecretRef"),
                holds: Holds::SecretKey,
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "hostedModel",
                label: "Model to host",
                hint: "As Ollama knows it, such as smollm2:135m.",
                path: "/spec/hostedConfig/model",
                when: Some(("mode", "Hosted")),
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Limits over time",
        standing: Standing::Folded,
        fields: &[
            FieldSpec {
                id: "requestsPerMinute",
                label: "Questions in a minute",
                hint: "To models; unbounded when empty.",
                path: "/spec/limits/requestsPerMinute",
                holds: Holds::Number(1, u32::MAX),
                ..FIELD
            },
            FieldSpec {
                id: "tokensPerMinute",
                label: "Tokens in a minute",
                hint: "Of questions and answers; unbounded when empty.",
                path: "/spec/limits/tokensPerMinute",
                holds: Holds::Number(1, u32::MAX),
                ..FIELD
            },
            FieldSpec {
                id: "usdPerDay",
                label: "Dollars in a day",
                hint: "By UTC. Models without a known price are refused.",
                path: "/spec/limits/usdPerDay",
                holds: Holds::Dollars,
                ..FIELD
            },
            FieldSpec {
                id: "usdPerMonth",
                label: "Dollars in a month",
                hint: "By UTC. Models without a known price are refused.",
                path: "/spec/limits/usdPerMonth",
                holds: Holds::Dollars,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Where it runs",
        standing: Standing::Folded,
        fields: &[
            FieldSpec {
                id: "configYaml",
                label: "LiteLLM configuration",
                hint: "A whole one, instead of the fields above.",
                path: "/spec/proxyConfig/configYaml/fromString",
                holds: Holds::Code,
                when: PROXY,
                ..FIELD
            },
            FieldSpec {
                id: "telemetry",
                label: "Telemetry",
                path: "/spec/telemetry/enabled",
                holds: Holds::Inherited,
                ..FIELD
            },
            FieldSpec {
                id: "telemetryEndpoint",
                label: "Telemetry endpoint",
                hint: "OTLP, such as http://otel-collector:4317.",
                path: "/spec/telemetry/endpoint",
                ..FIELD
            },
            environment(),
            resources(),
            gateway(),
        ],
    },
    Section {
        heading: "Labels and the rest",
        standing: Standing::Folded,
        fields: &[labels(), annotations(), rest()],
    },
];
