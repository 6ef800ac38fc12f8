//! The form of an agent.

use super::{
    FieldSpec, Holds, Section, Standing,
    shared::{
        FIELD, LABELS_AND_THE_REST, environment, gateway, image, limits_over_time, resources,
        telemetry, telemetry_endpoint,
    },
};
use crate::kinds::Kind;

pub(super) const SECTIONS: [Section; 8] = [
    Section {
        heading: "Identity",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "name",
                label: "Name",
                hint: "Lower-case letters, digits and hyphens, at most 57.",
                path: "/metadata/name",
                required: true,
                ..FIELD
            },
            FieldSpec {
                id: "description",
                label: "Description",
                hint: "One sentence. Other agents read it to decide whom to ask.",
                path: "/spec/config/description",
                ..FIELD
            },
            FieldSpec {
                id: "instructions",
                label: "Instructions",
                hint: "The system prompt.",
                path: "/spec/config/instructions",
                holds: Holds::Text,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Model",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "modelAPI",
                label: "Model API",
                hint: "Where models are reached.",
                path: "/spec/modelAPI",
                holds: Holds::Pick(Kind::ModelApi),
                required: true,
                ..FIELD
            },
            FieldSpec {
                id: "model",
                label: "Model",
                hint: "As the model API knows it.",
                path: "/spec/model",
                required: true,
                ..FIELD
            },
            FieldSpec {
                id: "fallbackModels",
                label: "Fallback models",
                hint: "Asked in this order when the model fails; one per line, at most 5.",
                path: "/spec/config/fallbackModels",
                holds: Holds::Lines,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Tools and agents",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "mcpServers",
                label: "MCP servers",
                hint: "The agent may call all tools of those ticked.",
                path: "/spec/mcpServers",
                holds: Holds::PickMany(Kind::McpServer),
                ..FIELD
            },
            FieldSpec {
                id: "access",
                label: "May delegate to",
                hint: "Each becomes a tool that hands over a task.",
                path: "/spec/agentNetwork/access",
                holds: Holds::PickMany(Kind::Agent),
                ..FIELD
            },
            FieldSpec {
                id: "expose",
                label: "Others may reach it",
                path: "/spec/agentNetwork/expose",
                holds: Holds::Switch(true),
                ..FIELD
            },
            FieldSpec {
                id: "toolCallMode",
                label: "How tools are offered",
                path: "/spec/config/toolCallMode",
                holds: Holds::Choice(&[
                    ("", "Native calls, fenced blocks for models without them"),
                    ("native", "Native calls only"),
                    ("string", "Fenced blocks in the text only"),
                ]),
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Limits of a run",
        standing: Standing::Open,
        fields: &[
            FieldSpec {
                id: "maxSteps",
                label: "Max steps",
                hint: "Steps of reasoning before it must answer; 5 when empty.",
                path: "/spec/config/reasoningLoopMaxSteps",
                holds: Holds::Number(1, 20),
                ..FIELD
            },
            FieldSpec {
                id: "maxRuntimeSeconds",
                label: "Longest run, in seconds",
                hint: "300 when empty.",
                path: "/spec/config/taskConfig/maxRuntimeSeconds",
                holds: Holds::Number(1, 86_400),
                ..FIELD
            },
            FieldSpec {
                id: "maxToolCalls",
                label: "Calls of tools and agents",
                hint: "50 when empty.",
                path: "/spec/config/taskConfig/maxToolCalls",
                holds: Holds::Number(1, 1_000),
                ..FIELD
            },
            FieldSpec {
                id: "maxTokens",
                label: "Tokens",
                hint: "Of all questions to models, sub-agents' included; unbounded when empty.",
                path: "/spec/config/taskConfig/maxTokens",
                holds: Holds::Number(1, u32::MAX),
                ..FIELD
            },
            FieldSpec {
                id: "maxCostUsd",
                label: "Cost, in dollars",
                hint: "Of the models with a price; unbounded when empty.",
                path: "/spec/config/taskConfig/maxCostUsd",
                holds: Holds::Dollars,
                ..FIELD
            },
        ],
    },
    Section {
        heading: "Limits over time",
        standing: Standing::Folded,
        fields: &limits_over_time([
            "/spec/config/limits/requestsPerMinute",
            "/spec/config/limits/tokensPerMinute",
            "/spec/config/limits/usdPerDay",
            "/spec/config/limits/usdPerMonth",
        ]),
    },
    MEMORY,
    Section {
        heading: "Where it runs",
        standing: Standing::Folded,
        fields: &[
            FieldSpec {
                id: "wait",
                label: "Waits until everything it refers to is ready",
                path: "/spec/waitForDependencies",
                holds: Holds::Switch(true),
                ..FIELD
            },
            telemetry("/spec/config/telemetry/enabled"),
            telemetry_endpoint("/spec/config/telemetry/endpoint"),
            environment(),
            image("Instead of the usual one, on a cluster."),
            resources(),
            gateway(),
        ],
    },
    LABELS_AND_THE_REST,
];

const MEMORY: Section = Section {
    heading: "Memory",
    standing: Standing::Folded,
    fields: &[
        FieldSpec {
            id: "memory",
            label: "It remembers its sessions",
            path: "/spec/config/memory/enabled",
            holds: Holds::Switch(true),
            ..FIELD
        },
        FieldSpec {
            id: "contextLimit",
            label: "Messages given to the model",
            hint: "Of the session so far; 6 when empty.",
            path: "/spec/config/memory/contextLimit",
            holds: Holds::Number(1, 100),
            ..FIELD
        },
        FieldSpec {
            id: "contextTokens",
            label: "Tokens those messages may have",
            hint: "The oldest are left out first; 16,000 when empty.",
            path: "/spec/config/memory/contextTokens",
            holds: Holds::Number(100, 1_000_000),
            ..FIELD
        },
        FieldSpec {
            id: "maxSessions",
            label: "Sessions kept",
            hint: "The oldest leaves first; 1,000 when empty.",
            path: "/spec/config/memory/maxSessions",
            holds: Holds::Number(1, 100_000),
            ..FIELD
        },
        FieldSpec {
            id: "maxSessionEvents",
            label: "Events kept of each session",
            hint: "The oldest leaves first; 500 when empty.",
            path: "/spec/config/memory/maxSessionEvents",
            holds: Holds::Number(1, 10_000),
            ..FIELD
        },
        FieldSpec {
            id: "memoryType",
            label: "Where it remembers",
            path: "/spec/config/memory/type",
            holds: Holds::Choice(&[
                ("", "Beside the agent"),
                ("redis", "In a Redis or Valkey that all replicas share"),
            ]),
            ..FIELD
        },
        FieldSpec {
            id: "memoryUrl",
            label: "Address of the Redis",
            hint: "redis://host:port/database",
            path: "/spec/config/memory/url",
            when: Some(("memoryType", "redis")),
            ..FIELD
        },
        FieldSpec {
            id: "memoryUrlSecret",
            label: "Secret of that address",
            hint: "Instead of the address itself, as name/key.",
            path: "/spec/config/memory/urlSecretRef",
            holds: Holds::SecretKey,
            when: Some(("memoryType", "redis")),
            ..FIELD
        },
        FieldSpec {
            id: "memoryCaSecret",
            label: "Secret of its certificate authority",
            hint: "For rediss://, as name/key.",
            path: "/spec/config/memory/caSecretRef",
            holds: Holds::SecretKey,
            when: Some(("memoryType", "redis")),
            ..FIELD
        },
    ],
};
