//! Which page a path leads to. This is the list of all pages.

use leptos::prelude::*;

use super::{
    access::AccessPage,
    alerts::{AlertPage, AlertsPage, NewAlertPage},
    chat::ChatPage,
    debug::DebugPage,
    design::DesignPage,
    exceptions::{ExceptionPage, ExceptionsPage},
    form::FormPage,
    logs::LogsPage,
    map::MapPage,
    memory::MemoryPage,
    metrics::MetricsPage,
    namespaces::{DeleteNamespacePage, NamespacesPage},
    overview::OverviewPage,
    pods::{PodsOfPage, PodsPage},
    resource::{
        delete::DeletePage, delete_many::DeleteManyPage, events::EventsPage, page::ResourcePage,
        runs::RunsPage, yaml::YamlPage,
    },
    resources::ResourcesPage,
    search::SearchPage,
    secret_form::{EditSecretPage, NewSecretPage},
    sessions::{SessionPage, SessionsPage},
    settings::{SettingsPage, prices::PricesPage},
    system::SystemPage,
    tasks::TasksPage,
    tools::ToolsPage,
    traces::{ComparePage, ImportPage, ReplayPage, TracePage, TracesPage},
};
use crate::{
    kinds::Kind,
    url::{Plus, decoded},
};

/// A page, with what its path says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Overview,
    Map,
    Resources(Kind),
    New(Kind),
    DeleteMany(Kind),
    Resource(Kind, String),
    Edit(Kind, String),
    Yaml(Kind, String),
    Delete(Kind, String),
    Chat {
        agent: String,
        session: Option<String>,
    },
    Tools {
        server: String,
        tool: Option<String>,
    },
    Runs(String),
    Memory {
        agent: String,
        session: Option<String>,
    },
    Tasks(String),
    Debug(String),
    Events(Kind, String),
    PodsOf(Kind, String),
    Pods,
    Sessions,
    Session(String),
    System,
    Traces,
    Import,
    Compare,
    Trace(String),
    Replay(String),
    Logs,
    Exceptions,
    Exception(String),
    Metrics,
    Alerts,
    NewAlert,
    Alert(String),
    NewSecret,
    EditSecret(String),
    Namespaces,
    DeleteNamespace(String),
    Search,
    Settings,
    Prices,
    Access,
    Design,
}

impl Route {
    /// The page of a path; `None` when there is none.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let parts: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|part| decoded(part, Plus::Itself))
            .collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(match parts.as_slice() {
            ["search"] => Self::Search,
            ["namespaces"] => Self::Namespaces,
            ["namespaces", name, "delete"] => Self::DeleteNamespace((*name).to_owned()),
            ["settings"] => Self::Settings,
            ["settings", "prices"] => Self::Prices,
            ["access"] => Self::Access,
            // For who builds KAOS, not for who uses it.
            ["design"] if cfg!(debug_assertions) => Self::Design,
            ["system"] => Self::System,
            ["traces", "compare"] => Self::Compare,
            ["traces", id] => Self::Trace((*id).to_owned()),
            ["traces", id, "replay"] => Self::Replay((*id).to_owned()),
            ["ns", _] => Self::Overview,
            ["ns", _, "map"] => Self::Map,
            ["ns", _, "traces"] => Self::Traces,
            ["ns", _, "traces", "import"] => Self::Import,
            ["ns", _, "pods"] => Self::Pods,
            ["ns", _, "sessions"] => Self::Sessions,
            ["ns", _, "sessions", id] => Self::Session((*id).to_owned()),
            ["ns", _, "logs"] => Self::Logs,
            ["ns", _, "exceptions"] => Self::Exceptions,
            ["exceptions", id] => Self::Exception((*id).to_owned()),
            ["ns", _, "metrics"] => Self::Metrics,
            ["ns", _, "alerts"] => Self::Alerts,
            ["alerts", "new"] => Self::NewAlert,
            ["alerts", name] | ["alerts", name, "silence" | "delete"] => {
                Self::Alert((*name).to_owned())
            }
            ["ns", _, plural, rest @ ..] => Self::of_kind(Kind::of_plural(plural)?, rest)?,
            _ => return None,
        })
    }

    fn of_kind(kind: Kind, rest: &[&str]) -> Option<Self> {
        Some(match (kind, rest) {
            (_, []) => Self::Resources(kind),
            (Kind::Secret, ["new"]) => Self::NewSecret,
            (Kind::Secret, [name, "edit"]) => Self::EditSecret((*name).to_owned()),
            (_, ["_delete"]) => Self::DeleteMany(kind),
            (_, ["new"]) => Self::New(kind),
            (_, [name]) => Self::Resource(kind, (*name).to_owned()),
            (_, [name, "edit"]) => Self::Edit(kind, (*name).to_owned()),
            (_, [name, "yaml"]) => Self::Yaml(kind, (*name).to_owned()),
            (_, [name, "delete"]) => Self::Delete(kind, (*name).to_owned()),
            (Kind::Agent, [agent, "tasks"]) => Self::Tasks((*agent).to_owned()),
            (Kind::Agent, [agent, "runs"]) => Self::Runs((*agent).to_owned()),
            (Kind::Agent, [agent, "memory", session @ ..]) if session.len() < 2 => Self::Memory {
                agent: (*agent).to_owned(),
                session: session.first().map(|session| (*session).to_owned()),
            },
            (Kind::ModelApi, [api, "debug"]) => Self::Debug((*api).to_owned()),
            (Kind::Agent | Kind::McpServer | Kind::ModelApi, [name, "events"]) => {
                Self::Events(kind, (*name).to_owned())
            }
            (Kind::Agent | Kind::McpServer | Kind::ModelApi, [name, "pods"]) => {
                Self::PodsOf(kind, (*name).to_owned())
            }
            (Kind::Agent, [agent, "chat", session @ ..]) if session.len() < 2 => Self::Chat {
                agent: (*agent).to_owned(),
                session: session.first().map(|session| (*session).to_owned()),
            },
            (Kind::McpServer, [server, "tools", tool @ ..]) if tool.len() < 2 => Self::Tools {
                server: (*server).to_owned(),
                tool: tool.first().map(|tool| (*tool).to_owned()),
            },
            _ => return None,
        })
    }

    /// Draws the page.
    pub(crate) fn view(self) -> AnyView {
        match self {
            Self::Overview => view! { <OverviewPage /> }.into_any(),
            Self::Map => view! { <MapPage /> }.into_any(),
            Self::Resources(kind) => view! { <ResourcesPage kind /> }.into_any(),
            Self::New(kind) => view! { <FormPage kind name=None /> }.into_any(),
            Self::Edit(kind, name) => view! { <FormPage kind name=Some(name) /> }.into_any(),
            Self::DeleteMany(kind) => view! { <DeleteManyPage kind /> }.into_any(),
            Self::Resource(kind, name) => view! { <ResourcePage kind name /> }.into_any(),
            Self::Yaml(kind, name) => view! { <YamlPage kind name /> }.into_any(),
            Self::Delete(kind, name) => view! { <DeletePage kind name /> }.into_any(),
            Self::Chat { agent, session } => view! { <ChatPage agent session /> }.into_any(),
            Self::Tools { server, tool } => view! { <ToolsPage name=server tool /> }.into_any(),
            Self::Runs(name) => view! { <RunsPage name /> }.into_any(),
            Self::Memory { agent, session } => {
                view! { <MemoryPage name=agent session /> }.into_any()
            }
            Self::Tasks(name) => view! { <TasksPage name /> }.into_any(),
            Self::Debug(name) => view! { <DebugPage name /> }.into_any(),
            Self::Events(kind, name) => view! { <EventsPage kind name /> }.into_any(),
            Self::PodsOf(kind, name) => view! { <PodsOfPage kind name /> }.into_any(),
            Self::Pods => view! { <PodsPage /> }.into_any(),
            Self::Sessions => view! { <SessionsPage /> }.into_any(),
            Self::Session(id) => view! { <SessionPage id /> }.into_any(),
            Self::System => view! { <SystemPage /> }.into_any(),
            Self::Traces => view! { <TracesPage /> }.into_any(),
            Self::Import => view! { <ImportPage /> }.into_any(),
            Self::Compare => view! { <ComparePage /> }.into_any(),
            Self::Trace(id) => view! { <TracePage id /> }.into_any(),
            Self::Replay(id) => view! { <ReplayPage id /> }.into_any(),
            Self::Logs => view! { <LogsPage /> }.into_any(),
            Self::Exceptions => view! { <ExceptionsPage /> }.into_any(),
            Self::Exception(id) => view! { <ExceptionPage id /> }.into_any(),
            Self::Metrics => view! { <MetricsPage /> }.into_any(),
            Self::Alerts => view! { <AlertsPage /> }.into_any(),
            Self::NewAlert => view! { <NewAlertPage /> }.into_any(),
            Self::Alert(name) => view! { <AlertPage name /> }.into_any(),
            Self::NewSecret => view! { <NewSecretPage /> }.into_any(),
            Self::EditSecret(name) => view! { <EditSecretPage name /> }.into_any(),
            Self::Namespaces => view! { <NamespacesPage /> }.into_any(),
            Self::DeleteNamespace(name) => view! { <DeleteNamespacePage name /> }.into_any(),
            Self::Search => view! { <SearchPage /> }.into_any(),
            Self::Settings => view! { <SettingsPage /> }.into_any(),
            Self::Prices => view! { <PricesPage /> }.into_any(),
            Self::Access => view! { <AccessPage /> }.into_any(),
            Self::Design => view! { <DesignPage /> }.into_any(),
        }
    }
}
