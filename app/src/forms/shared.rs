//! Fields that more than one kind has.

use super::{FieldSpec, Holds, Section, Standing};

/// What every form ends with.
pub(super) const LABELS_AND_THE_REST: Section = Section {
    heading: "Labels and the rest",
    standing: Standing::Folded,
    fields: &[labels(), annotations(), rest()],
};

/// What most fields have.
pub(super) const FIELD: FieldSpec = FieldSpec {
    id: "",
    label: "",
    hint: "",
    path: "",
    alias: None,
    holds: Holds::Line,
    required: false,
    when: None,
};

const fn labels() -> FieldSpec {
    FieldSpec {
        id: "labels",
        label: "Labels",
        hint: "One key=value per line.",
        path: "/metadata/labels",
        holds: Holds::Pairs,
        ..FIELD
    }
}

const fn annotations() -> FieldSpec {
    FieldSpec {
        id: "annotations",
        label: "Annotations",
        hint: "One key=value per line.",
        path: "/metadata/annotations",
        holds: Holds::Pairs,
        ..FIELD
    }
}

/// What the processes are started with.
pub(super) const fn environment() -> FieldSpec {
    FieldSpec {
        id: "env",
        label: "Environment",
        hint: "One per line: NAME=value, NAME=secret:name/key or NAME=configmap:name/key. Hidden values stay as they are.",
        path: "/spec/container/env",
        holds: Holds::Variables,
        ..FIELD
    }
}

/// What the pods may use.
pub(super) const fn resources() -> FieldSpec {
    FieldSpec {
        id: "resources",
        label: "Resources",
        hint: "Kubernetes' requests and limits, as YAML.",
        path: "/spec/container/resources",
        holds: Holds::Yaml,
        ..FIELD
    }
}

/// What the pods run; the hint says when that matters.
pub(super) const fn image(hint: &'static str) -> FieldSpec {
    FieldSpec {
        id: "image",
        label: "Image",
        hint,
        path: "/spec/container/image",
        ..FIELD
    }
}

/// How long the way from outside may take.
pub(super) const fn gateway() -> FieldSpec {
    FieldSpec {
        id: "gatewayTimeout",
        label: "Gateway timeout",
        hint: "Of the route on the cluster's gateway, such as 300s.",
        path: "/spec/gatewayRoute/timeout",
        ..FIELD
    }
}

const fn rest() -> FieldSpec {
    FieldSpec {
        id: "rest",
        label: "Other fields of the spec",
        hint: "Everything this form has no field for, as YAML. It stays as it is unless you change it here.",
        path: "/spec",
        holds: Holds::Rest,
        ..FIELD
    }
}

/// Whether it sends telemetry, at `/…/telemetry/enabled`.
pub(super) const fn telemetry(path: &'static str) -> FieldSpec {
    FieldSpec {
        id: "telemetry",
        label: "Telemetry",
        path,
        holds: Holds::Inherited,
        ..FIELD
    }
}

/// Where it sends telemetry, at `/…/telemetry/endpoint`.
pub(super) const fn telemetry_endpoint(path: &'static str) -> FieldSpec {
    FieldSpec {
        id: "telemetryEndpoint",
        label: "Telemetry endpoint",
        hint: "OTLP, such as http://otel-collector:4317.",
        path,
        ..FIELD
    }
}

/// What models may be asked for in a minute, a day, a month: where each of the four numbers is.
pub(super) const fn limits_over_time(paths: [&'static str; 4]) -> [FieldSpec; 4] {
    let [requests, tokens, day, month] = paths;
    [
        FieldSpec {
            id: "requestsPerMinute",
            label: "Questions in a minute",
            hint: "To models; unbounded when empty.",
            path: requests,
            holds: Holds::Number(1, u32::MAX),
            ..FIELD
        },
        FieldSpec {
            id: "tokensPerMinute",
            label: "Tokens in a minute",
            hint: "Of questions and answers; unbounded when empty.",
            path: tokens,
            holds: Holds::Number(1, u32::MAX),
            ..FIELD
        },
        FieldSpec {
            id: "usdPerDay",
            label: "Dollars in a day",
            hint: "By UTC. Models without a known price are refused.",
            path: day,
            holds: Holds::Dollars,
            ..FIELD
        },
        FieldSpec {
            id: "usdPerMonth",
            label: "Dollars in a month",
            hint: "By UTC. Models without a known price are refused.",
            path: month,
            holds: Holds::Dollars,
            ..FIELD
        },
    ]
}
