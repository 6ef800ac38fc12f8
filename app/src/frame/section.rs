//! The parts of the dashboard, as the navigation lists them.

use crate::{components::icon::Symbol, kinds::Kind};

/// The part of the dashboard a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// How things are.
    Overview,
    /// Who calls whom.
    Map,
    /// One kind of resource, and all about one of them.
    Resources(Kind),
    /// Who talked to agents.
    Sessions,
    /// What happened.
    Traces,
    /// What was said meanwhile.
    Logs,
    /// What went wrong.
    Exceptions,
    /// How often, how fast, for how much.
    Metrics,
    /// What is bad enough to tell somebody.
    Alerts,
    /// Where things run.
    Pods,
    /// How KAOS itself is.
    System,
    /// No part of its own, such as the settings.
    Aside,
}

/// What the sections of one group have in common, and the sections.
pub(super) const GROUPS: [(&str, &[Section]); 3] = [
    (
        "Build",
        &[
            Section::Overview,
            Section::Map,
            Section::Resources(Kind::Agent),
            Section::Resources(Kind::McpServer),
            Section::Resources(Kind::ModelApi),
            Section::Resources(Kind::Secret),
        ],
    ),
    (
        "Observe",
        &[
            Section::Sessions,
            Section::Traces,
            Section::Logs,
            Section::Exceptions,
            Section::Metrics,
            Section::Alerts,
        ],
    ),
    ("Cluster", &[Section::Pods, Section::System]),
];

impl Section {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Map => "Map",
            Self::Resources(kind) => kind.heading(),
            Self::Sessions => "Sessions",
            Self::Traces => "Traces",
            Self::Logs => "Logs",
            Self::Exceptions => "Exceptions",
            Self::Metrics => "Metrics",
            Self::Alerts => "Alerts",
            Self::Pods => "Pods",
            Self::System => "System",
            Self::Aside => "",
        }
    }

    pub(super) fn symbol(self) -> Symbol {
        match self {
            Self::Overview => Symbol::Overview,
            Self::Map => Symbol::Map,
            Self::Resources(Kind::Agent) => Symbol::Agents,
            Self::Resources(Kind::McpServer) => Symbol::Tools,
            Self::Resources(Kind::ModelApi) => Symbol::Models,
            Self::Resources(Kind::Secret) => Symbol::Secrets,
            Self::Sessions => Symbol::Sessions,
            Self::Traces => Symbol::Traces,
            Self::Logs => Symbol::Logs,
            Self::Exceptions => Symbol::Exceptions,
            Self::Metrics => Symbol::Metrics,
            Self::Alerts => Symbol::Alerts,
            Self::Pods => Symbol::Pods,
            Self::System => Symbol::System,
            Self::Aside => Symbol::Mark,
        }
    }

    /// The keys that lead there, one after the other.
    pub(super) fn keys(self) -> Option<&'static str> {
        Some(match self {
            Self::Overview => "g o",
            Self::Map => "g m",
            Self::Resources(Kind::Agent) => "g a",
            Self::Resources(Kind::McpServer) => "g t",
            Self::Resources(Kind::ModelApi) => "g d",
            Self::Resources(Kind::Secret) => "g k",
            Self::Sessions => "g s",
            Self::Traces => "g r",
            Self::Logs => "g l",
            Self::Exceptions => "g e",
            Self::Metrics => "g x",
            Self::Alerts | Self::Pods | Self::System | Self::Aside => return None,
        })
    }

    /// The section's page of one namespace.
    pub(crate) fn href(self, namespace: &str) -> String {
        let page = match self {
            Self::Overview | Self::Aside => return format!("/ns/{namespace}"),
            Self::Map => "map",
            Self::Resources(kind) => kind.plural(),
            Self::Sessions => "sessions",
            Self::Traces => "traces",
            Self::Logs => "logs",
            Self::Exceptions => "exceptions",
            Self::Metrics => "metrics",
            Self::Alerts => "alerts",
            Self::Pods => "pods",
            Self::System => return "/system".to_owned(),
        };
        format!("/ns/{namespace}/{page}")
    }
}
