//! One agent: what it is, how it is, what it did.

mod overview;

use api::{
    resources::{Agent, MCPServer, ModelAPI},
    traces::{TraceQuery, TraceSummary},
};
use futures::try_join;
use http::StatusCode;
use kube::ResourceExt;
use leptos::prelude::*;

use super::params::{namespace, path_param, ports, set_status};
use crate::{
    components::{
        agent_tabs::{AgentTab, AgentTabs},
        button::{LinkButton, Weight},
        live_status::LiveStatus,
        page_head::{Actions, PageHead},
    },
    frame::{Crumb, Frame, Section, loaded},
    rows::State,
    site::{Failure, Ports, kubernetes},
};
use overview::Overview;

/// An agent and all that its page shows of others.
pub(super) struct Surroundings {
    agent: Agent,
    agents: Vec<Agent>,
    model_apis: Vec<ModelAPI>,
    mcp_servers: Vec<MCPServer>,
    runs: Vec<TraceSummary>,
}

/// `/ns/{ns}/agents/{name}`.
#[component]
pub(crate) fn AgentPage() -> impl IntoView {
    let (ports, namespace, name) = (ports(), namespace(), path_param("name"));
    let crumbs = vec![
        Crumb::link("agents", Section::Agents.href(&namespace)),
        Crumb::here(&name),
    ];
    let title = name.clone();
    let found = {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move { load(&ports, &namespace, &name).await }
    };
    view! {
        <Frame section=Section::Agents title crumbs>
            {loaded("The agent", found, move |found| {
                if let Some(found) = found {
                    let state = State::of(&kubernetes::json(&found.agent));
                    view! {
                        <AgentHead namespace=namespace.clone() name state tab=AgentTab::Overview />
                        <Overview namespace found />
                    }
                        .into_any()
                }
                else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(&namespace, &name).into_any()
                }
            })}
        </Frame>
    }
}

/// Heading, state, actions and tabs of an agent's pages.
#[component]
pub(crate) fn AgentHead(
    namespace: String,
    name: String,
    state: State,
    tab: AgentTab,
) -> impl IntoView {
    let chat = AgentTab::Chat.href(&namespace, &name);
    let delete = format!("/ns/{namespace}/agents/{name}/delete");
    let tabs = view! { <AgentTabs namespace=namespace.clone() name=name.clone() current=tab /> };
    view! {
        <PageHead title=name.clone()>
            <LiveStatus namespace plural="agents".to_owned() name state=Some(state) />
            <Actions>
                <LinkButton href=chat weight=Weight::Primary>
                    "Chat"
                </LinkButton>
                <LinkButton href=delete>"Delete"</LinkButton>
            </Actions>
        </PageHead>
        {tabs}
    }
}

/// Says that an agent does not exist.
pub(crate) fn missing(namespace: &str, name: &str) -> impl IntoView + use<> {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    view! {
        <PageHead title=format!("Agent {name} does not exist") />
        <div class="prose">
            <p>
                "Namespace " <strong>{namespace.clone()}</strong>
                " has no agent of this name. It may have been deleted, or it is in another namespace."
            </p>
            <LinkButton href=Section::Agents.href(&namespace) weight=Weight::Primary>
                "All agents of "
                {namespace.clone()}
            </LinkButton>
        </div>
    }
}

/// Names of the agents that may delegate to `name`.
pub(super) fn callers_of(name: &str, agents: &[Agent]) -> Vec<String> {
    let calls = |agent: &&Agent| agent.spec.access().iter().any(|peer| peer == name);
    agents
        .iter()
        .filter(calls)
        .map(ResourceExt::name_any)
        .collect()
}

async fn load(ports: &Ports, namespace: &str, name: &str) -> Result<Option<Surroundings>, Failure> {
    let kube = &ports.kube;
    let Some(agent) = kubernetes::agent(kube, namespace, name).await? else {
        return Ok(None);
    };
    let query = TraceQuery {
        service: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        limit: 20,
        ..TraceQuery::default()
    };
    let (agents, model_apis, mcp_servers, runs) = try_join!(
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
        async { Ok(ports.traces.search(&query).await?) },
    )?;
    Ok(Some(Surroundings {
        agent,
        agents,
        model_apis,
        mcp_servers,
        runs,
    }))
}
