//! The form of an MCP server.

use super::{
    FieldSpec, Holds, Section, Standing,
    shared::{
        FIELD, LABELS_AND_THE_REST, environment, gateway, image, resources, telemetry,
        telemetry_endpoint,
    },
};

pub(super) const SECTIONS: [Section; 4] = [
    Section {
        heading: "Identity",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "name",
                label: "Name",
                hint: "Lower-case letters, digits and hyphens, at most 53.",
                path: "/metadata/name",
                required: true,
                ..FIELD
            },
            FieldSpec {
                id: "runtime",
                label: "Runtime",
                hint: "python-string, custom, url, or a name of the runtimes registry.",
                path: "/spec/runtime",
                required: true,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "What it runs",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "params",
                label: "Parameters",
                hint: "What the runtime is given. For python-string: functions with type hints and docstrings; each becomes a tool.",
                path: "/spec/params",
                holds: Holds::Code,
                ..FIELD
            },
            FieldSpec {
                id: "url",
                label: "URL",
                hint: "For url: where the server answers, such as https://mcp.example.com/mcp.",
                path: "/spec/url",
                ..FIELD
            },
            FieldSpec {
                id: "headers",
                label: "Headers",
                hint: "For url, one per line: Authorization=secret:name/key or Name=value.",
                path: "/spec/headers",
                holds: Holds::Variables,
                ..FIELD
            },
            FieldSpec {
                id: "command",
                label: "Command",
                hint: "For custom: program and arguments, one per line.",
                path: "/spec/container/command",
                holds: Holds::Lines,
                ..FIELD
            },
            FieldSpec {
                id: "args",
                label: "Arguments",
                hint: "One per line.",
                path: "/spec/container/args",
                holds: Holds::Lines,
                ..FIELD
            },
            FieldSpec {
                id: "transport",
                label: "How the command speaks MCP",
                path: "/spec/transport",
                holds: Holds::Choice(&[
                    ("", "On its standard input and output"),
                    ("http", "By streamable HTTP, at /mcp"),
                    ("sse", "By HTTP as it was before 2025, at /sse"),
                ]),
                ..FIELD
            },
            image("For custom, on a cluster."),
            environment(),
        ],
    },
    Section {
        heading: "Where it runs",
        standing: Standing::Folded,
        fields: &[
            FieldSpec {
                id: "serviceAccountName",
                label: "Service account",
                hint: "The account its pods run under, on a cluster.",
                path: "/spec/serviceAccountName",
                ..FIELD
            },
            telemetry("/spec/telemetry/enabled"),
            telemetry_endpoint("/spec/telemetry/endpoint"),
            resources(),
            gateway(),
        ],
    },
    LABELS_AND_THE_REST,
];
