//! Is anything wrong, and how do things go: the first page of a namespace.

mod numbers;

use api::{
    resources::{Agent, MCPServer, ModelAPI},
    traces::{TraceQuery, TraceSummary},
};
use futures::try_join;
use leptos::prelude::*;
use serde::Serialize;

use super::params::{namespace, now, ports};
use crate::{
    components::{
        button::{LinkButton, Weight},
        empty::Empty,
        page_head::{Actions, PageHead, Panel},
        resource_tables::{AgentsTable, McpServersTable, ModelApisTable},
        trace_list::TraceList,
        troubles::Troubles,
    },
    frame::{Crumb, Frame, Section, loaded},
    rows::{self, Trouble},
    site::{Failure, Ports, kubernetes},
};
use numbers::{Numbers, RunNumbers};

const HOUR_NS: u64 = 3_600 * 1_000_000_000;
/// Runs read for the numbers; more than this in an hour and they are of the newest ones.
const N_RUNS: u32 = 1_000;

struct Found {
    agents: Vec<Agent>,
    model_apis: Vec<ModelAPI>,
    mcp_servers: Vec<MCPServer>,
    /// Of the last hour, newest first.
    runs: Vec<TraceSummary>,
    /// The newest ones of any time.
    latest: Vec<TraceSummary>,
}

/// `/ns/{ns}`.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let new = format!("/ns/{namespace}/agents/new");
    let now_ns = u64::try_from(now().as_nanosecond()).unwrap_or_default();
    let found = {
        let namespace = namespace.clone();
        async move { load(&ports, &namespace, now_ns).await }
    };
    view! {
        <Frame section=Section::Overview title="Overview" crumbs=vec![Crumb::here("overview")]>
            <PageHead title="Overview">
                <Actions>
                    <LinkButton href=new>"New agent"</LinkButton>
                </Actions>
            </PageHead>
            {loaded("The overview", found, move |found| {
                if found.agents.is_empty() && found.model_apis.is_empty() && found.mcp_servers.is_empty() {
                    view! { <FirstSteps namespace /> }.into_any()
                } else {
                    view! { <Dashboard namespace found /> }.into_any()
                }
            })}
        </Frame>
    }
}

#[component]
fn Dashboard(namespace: String, found: Found) -> impl IntoView {
    let troubles = troubles(&found);
    let Found {
        agents,
        model_apis,
        mcp_servers,
        runs,
        latest,
    } = found;
    let failed: Vec<_> = runs
        .iter()
        .filter(|run| run.n_errors > 0)
        .take(5)
        .cloned()
        .collect();
    let failed = (!failed.is_empty())
        .then(|| view! { <TraceList label="Runs with errors in the last hour" traces=failed now=now() /> });
    let traces = Section::Traces.href(&namespace);
    let (of_troubles, of_agents, of_model_apis) =
        (namespace.clone(), namespace.clone(), namespace.clone());
    view! {
        <Panel title="Needs attention">
            <Troubles namespace=of_troubles troubles />
            {failed}
        </Panel>
        <Numbers numbers=RunNumbers::of(&runs) href=traces.clone() />
        <Panel title="Agents">
            <AgentsTable namespace=of_agents rows=kubernetes::rows(&agents) />
        </Panel>
        <div class="columns columns--even">
            <Panel title="Model APIs">
                <ModelApisTable namespace=of_model_apis rows=kubernetes::rows(&model_apis) />
            </Panel>
            <Panel title="MCP servers">
                <McpServersTable namespace rows=kubernetes::rows(&mcp_servers) />
            </Panel>
        </div>
        <Panel title="Latest traces">
            <Latest latest href=traces />
        </Panel>
    }
}

#[component]
fn Latest(latest: Vec<TraceSummary>, href: String) -> impl IntoView {
    if latest.is_empty() {
        view! {
            <Empty title="No traces yet">
                <p>"Ask an agent something in its chat: every answer leaves a trace."</p>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <TraceList label="Latest traces" traces=latest now=now() />
            <p class="panel-note">
                <a href=href>"All traces"</a>
            </p>
        }
        .into_any()
    }
}

/// What to do in a namespace where there is nothing.
#[component]
fn FirstSteps(namespace: String) -> impl IntoView {
    view! {
        <Empty title=format!("Nothing runs in {namespace} yet")>
            <ol class="first-steps">
                <li>
                    <strong>"Model API"</strong>
                    " says where models are reached and with which key. Apply one as YAML."
                </li>
                <li>
                    <strong>"MCP servers"</strong>
                    " give agents tools. They are optional; apply them as YAML."
                </li>
                <li>
                    <strong>"Agent"</strong>
                    " puts a model, instructions and tools together."
                </li>
            </ol>
            <LinkButton href=format!("/ns/{namespace}/agents/new") weight=Weight::Primary>
                "New agent"
            </LinkButton>
        </Empty>
    }
}

fn troubles(found: &Found) -> Vec<Trouble> {
    fn of<K: Serialize>(plural: &str, objects: &[K]) -> impl Iterator<Item = Trouble> {
        objects
            .iter()
            .filter_map(move |object| Trouble::of(plural, &kubernetes::json(object)))
    }
    let mut troubles: Vec<_> = of("agents", &found.agents)
        .chain(of("modelapis", &found.model_apis))
        .chain(of("mcpservers", &found.mcp_servers))
        .collect();
    rows::sort_troubles(&mut troubles);
    troubles
}

async fn load(ports: &Ports, namespace: &str, now_ns: u64) -> Result<Found, Failure> {
    let kube = &ports.kube;
    let last_hour = TraceQuery {
        namespace: Some(namespace.to_owned()),
        start_min_ns: Some(now_ns.saturating_sub(HOUR_NS)),
        limit: N_RUNS,
        ..TraceQuery::default()
    };
    let any_time = TraceQuery {
        namespace: Some(namespace.to_owned()),
        limit: 10,
        ..TraceQuery::default()
    };
    let (agents, model_apis, mcp_servers, runs, latest) = try_join!(
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
        async { Ok(ports.traces.search(&last_hour).await?) },
        async { Ok(ports.traces.search(&any_time).await?) },
    )?;
    Ok(Found {
        agents,
        model_apis,
        mcp_servers,
        runs,
        latest,
    })
}
