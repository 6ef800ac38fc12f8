//! The form of a model API.

use super::{
    FieldSpec, Holds, Section, Standing,
    shared::{
        FIELD, LABELS_AND_THE_REST, environment, gateway, limits_over_time, resources, telemetry,
        telemetry_endpoint,
    },
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
        fields: &limits_over_time([
            "/spec/limits/requestsPerMinute",
            "/spec/limits/tokensPerMinute",
            "/spec/limits/usdPerDay",
            "/spec/limits/usdPerMonth",
        ]),
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
            telemetry("/spec/telemetry/enabled"),
            telemetry_endpoint("/spec/telemetry/endpoint"),
            environment(),
            resources(),
            gateway(),
        ],
    },
    LABELS_AND_THE_REST,
];
