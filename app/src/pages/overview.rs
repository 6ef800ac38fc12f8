//! Is anything wrong, and how do things go: the first page of a namespace.

mod numbers;

pub(crate) use numbers::quantile;

use api::traces::{TraceQuery, TraceSummary};
use futures::try_join;
use leptos::prelude::*;
use serde_json::Value;

use super::{
    params::{HOUR_NS, namespace, namespace_filter, now, now_ns, ports},
    resources::{measured, users},
};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        resource_table::{ResourceTable, Tools},
        trace_list::TraceList,
        troubles::Troubles,
    },
    frame::{Crumb, Frame, Section, loaded, name_of},
    kinds::Kind,
    rows::{self, ListView, Row, Trouble},
    site::{Failure, Ports, kubernetes},
};
use numbers::{Numbers, RunNumbers};

/// Runs read for the numbers; more than this in an hour and they are of the newest ones.
const N_RUNS: u32 = 1_000;

struct Found {
    objects: [(Kind, Vec<Value>); 3],
    tables: Vec<(Kind, Vec<Row>)>,
    /// Of the last hour, newest first.
    runs: Vec<TraceSummary>,
    /// The newest ones of any time.
    latest: Vec<TraceSummary>,
}

/// `/ns/{ns}`.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let now_ns = now_ns();
    let found = {
        let namespace = namespace.clone();
        async move { load(&ports, &namespace, now_ns).await }
    };
    view! {
        <Frame section=Section::Overview title="Overview" crumbs=vec![Crumb::here("overview")]>
            <PageHead title="Overview" />
            {loaded("The overview", found, move |found| {
                if found.objects.iter().all(|(_, objects)| objects.is_empty()) {
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
        tables,
        runs,
        latest,
        ..
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
    let of_troubles = namespace.clone();
    let tables = tables
        .into_iter()
        .map(|(kind, rows)| table(kind, &namespace, rows));
    let tables = tables.collect_view();
    view! {
        <Panel title="Needs attention">
            <Troubles namespace=of_troubles troubles />
            {failed}
        </Panel>
        <Numbers numbers=RunNumbers::of(&runs) href=traces.clone() />
        {tables}
        <Panel title="Latest traces">
            <Latest latest href=traces />
        </Panel>
    }
}

fn table(kind: Kind, namespace: &str, rows: Vec<Row>) -> AnyView {
    let namespace = namespace.to_owned();
    let new = kind.new_href(&namespace);
    let view = ListView::default();
    view! {
        <Panel title=kind.heading()>
            <ResourceTable kind namespace rows view tools=Tools::None>
                <p class="panel-note">
                    {format!("No {} yet. ", kind.nouns())} <a href=new>"Create one"</a>
                </p>
            </ResourceTable>
        </Panel>
    }
    .into_any()
}

#[component]
fn Latest(latest: Vec<TraceSummary>, href: String) -> impl IntoView {
    if latest.is_empty() {
        view! {
            <Instead why=Why::Empty { title: "No traces yet".to_owned() }>
                <p>"Ask an agent something in its chat: every answer leaves a trace."</p>
            </Instead>
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
    let title = format!("Nothing runs in {} yet", name_of(&namespace).to_lowercase());
    view! {
        <Instead why=Why::Empty { title }>
            <ol class="first-steps">
                <li>
                    <strong>"Model API"</strong>
                    " says where models are reached and with which key."
                </li>
                <li>
                    <strong>"MCP servers"</strong>
                    " give agents tools. They are optional."
                </li>
                <li>
                    <strong>"Agent"</strong>
                    " puts a model, instructions and tools together."
                </li>
            </ol>
            <LinkButton href=Kind::Agent.new_href(&namespace) weight=Weight::Primary>
                "New agent"
            </LinkButton>
        </Instead>
    }
}

fn troubles(found: &Found) -> Vec<Trouble> {
    let objects = found.objects.iter();
    let mut troubles: Vec<_> = objects
        .flat_map(|(kind, objects)| objects.iter().filter_map(|one| Trouble::of(*kind, one)))
        .collect();
    rows::sort_troubles(&mut troubles);
    troubles
}

async fn load(ports: &Ports, namespace: &str, now_ns: u64) -> Result<Found, Failure> {
    let kube = &ports.kube;
    let last_hour = TraceQuery {
        namespace: namespace_filter(namespace),
        start_min_ns: Some(now_ns.saturating_sub(HOUR_NS)),
        limit: N_RUNS,
        ..TraceQuery::default()
    };
    let any_time = TraceQuery {
        namespace: namespace_filter(namespace),
        limit: 10,
        ..TraceQuery::default()
    };
    let list = async |kind| {
        let objects = kubernetes::objects(kube, kind, namespace).await?;
        Ok::<_, Failure>((kind, objects))
    };
    let (agents, servers, apis, users, runs, latest) = try_join!(
        list(Kind::Agent),
        list(Kind::McpServer),
        list(Kind::ModelApi),
        users(ports, namespace),
        async { Ok(ports.traces.search(&last_hour).await?) },
        async { Ok(ports.traces.search(&any_time).await?) },
    )?;
    let objects = [agents, servers, apis];
    let mut tables = Vec::new();
    for (kind, objects) in &objects {
        let mut rows = Row::all(*kind, objects);
        users.fill(*kind, &mut rows);
        if *kind == Kind::Agent {
            measured::runs(ports, namespace, now_ns, &mut rows).await?;
        }
        tables.push((*kind, rows));
    }
    Ok(Found {
        objects,
        tables,
        runs,
        latest,
    })
}
