//! Is anything wrong, and how do things go: the first page of a namespace.

mod attention;
mod numbers;

pub(crate) use numbers::quantile;

use api::{
    telemetry::{UsageQuery, Window},
    traces::{TraceQuery, TraceSummary},
};
use futures::{join, try_join};
use leptos::prelude::*;
use serde_json::Value;

use super::{
    params::{DAY_NS, HOUR_NS, namespace, namespace_filter, now, now_ns, ports},
    resource::page::partial,
    resources::{measured, users},
};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        resource_table::{ResourceTable, Tools},
        running::{RunUnderWay, Running},
        trace_list::TraceList,
        troubles::Troubles,
    },
    frame::{Crumb, Frame, Section, loaded, name_of},
    kinds::Kind,
    rows::{self, ListView, Row, Trouble},
    site::{Failure, Ports, kubernetes, runs::under_way},
    url::with_query,
};
use attention::Attention;
use numbers::{Number, Numbers};

/// Runs read of an hour for the numbers; when there are more, the newest ones.
const N_RUNS: u32 = 1_000;

struct Found {
    objects: [(Kind, Vec<Value>); 3],
    tables: Vec<(Kind, Vec<Row>)>,
    /// Of the last hour; none without runs.
    numbers: Option<[Number; 3]>,
    cost: Number,
    attention: Attention,
    /// What runs now, or why that is not known.
    running: Result<Vec<RunUnderWay>, String>,
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
        numbers,
        cost,
        attention,
        running,
        latest,
        ..
    } = found;
    let traces = Section::Traces.href(&namespace);
    let hour = |status| with_query(&traces, &[("range", "1h"), ("status", status)]);
    let costs = with_query(&Section::Metrics.href(&namespace), &[("range", "24h")]);
    let hrefs = [hour(""), hour("error"), costs];
    let attention = attention.view(now());
    let running = running_now(&namespace, running);
    let of_troubles = namespace.clone();
    let tables = tables
        .into_iter()
        .map(|(kind, rows)| table(kind, &namespace, rows));
    let tables = tables.collect_view();
    view! {
        <Numbers runs=numbers cost hrefs />
        <div class="overview-now">
            <Panel title="Needs attention">
                <Troubles namespace=of_troubles troubles />
                {attention}
            </Panel>
            <Panel title="Running now">{running}</Panel>
        </div>
        {tables}
        <Panel title="Latest traces">
            <Latest latest href=traces />
        </Panel>
    }
}

fn running_now(namespace: &str, running: Result<Vec<RunUnderWay>, String>) -> AnyView {
    match running {
        Ok(runs) => {
            let (namespace, now_ms) = (namespace.to_owned(), now().as_millisecond());
            view! { <Running namespace runs now_ms /> }.into_any()
        }
        Err(message) => partial("What runs now", &message),
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
    let list = async |kind| {
        let objects = kubernetes::objects(kube, kind, namespace).await?;
        Ok::<_, Failure>((kind, objects))
    };
    let hour = before(now_ns, HOUR_NS);
    let (agents, servers, apis, users, runs, earlier, latest) = try_join!(
        list(Kind::Agent),
        list(Kind::McpServer),
        list(Kind::ModelApi),
        users(ports, namespace),
        search(ports, namespace, hour, N_RUNS),
        search(ports, namespace, before(hour.from_ns, HOUR_NS), N_RUNS),
        search(ports, namespace, Window::ALL, 10),
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
    let (cost, attention, running) = join!(
        cost(ports, namespace, now_ns),
        Attention::read(ports, namespace, hour, &runs),
        under_way(&ports.agents, namespace),
    );
    Ok(Found {
        objects,
        tables,
        numbers: numbers::of_runs(hour, &runs, &earlier, N_RUNS as usize),
        cost,
        attention,
        running,
        latest,
    })
}

/// The window of this length that ends at `to_ns`.
fn before(to_ns: u64, length_ns: u64) -> Window {
    Window {
        from_ns: to_ns.saturating_sub(length_ns),
        to_ns,
    }
}

async fn search(
    ports: &Ports,
    namespace: &str,
    window: Window,
    limit: u32,
) -> Result<Vec<TraceSummary>, Failure> {
    let query = TraceQuery {
        namespace: namespace_filter(namespace),
        start_min_ns: Some(window.from_ns),
        start_max_ns: Some(window.to_ns),
        limit,
        ..TraceQuery::default()
    };
    Ok(ports.traces.search(&query).await?)
}

async fn cost(ports: &Ports, namespace: &str, now_ns: u64) -> Number {
    let day = before(now_ns, DAY_NS);
    let query = UsageQuery {
        window: before(now_ns, 2 * DAY_NS),
        step_ns: DAY_NS / u64::from(numbers::PIECES),
        namespace: namespace_filter(namespace),
        ..UsageQuery::default()
    };
    match ports.telemetry.usage(&query).await {
        Ok(rows) => numbers::of_cost(&rows, day),
        Err(error) => numbers::no_cost(&error.to_string()),
    }
}
