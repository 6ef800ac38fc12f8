//! How KAOS itself is: what it reads from, and what telemetry each agent sends.

use std::time::Instant;

use api::{
    telemetry::{SessionQuery, Window},
    traces::{LogQuery, TraceQuery},
};
use futures::{future::join_all, join};
use leptos::prelude::*;
use serde_json::Value;

use super::params::{now, ports};
use crate::{
    components::{
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
        time::Ago,
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    kinds::{ALL_NAMESPACES, Kind},
    rows::{Id, State},
    site::{Failure, Ports, kubernetes},
};

/// Agents that are examined; each costs two queries.
const MOST_AGENTS: usize = 100;

/// `/system`.
#[component]
pub(crate) fn SystemPage() -> impl IntoView {
    let ports = ports();
    let found = async move {
        let (sources, agents) = join!(sources(&ports), agents(&ports));
        Ok((sources, agents))
    };
    view! {
        <Frame section=Section::System title="System" crumbs=vec![Crumb::here("system")]>
            <PageHead title="System" />
            {loaded("The system", found, |(sources, agents)| {
                view! {
                    <Panel title="Data sources">{sources_table(&sources)}</Panel>
                    <Panel title="Telemetry of agents">{doctor(agents)}</Panel>
                    <Panel title="Version">
                        <p class="panel-note">{concat!("KAOS ", env!("CARGO_PKG_VERSION"))}</p>
                    </Panel>
                }
            })}
        </Frame>
    }
}

/// Something the dashboard reads from, and how it answered just now.
struct Source {
    name: &'static str,
    what: &'static str,
    answer: Result<String, String>,
    took_ns: u64,
}

async fn timed<E: ToString>(
    name: &'static str,
    what: &'static str,
    ask: impl Future<Output = Result<String, E>>,
) -> Source {
    let begun = Instant::now();
    let answer = ask.await.map_err(|error| error.to_string());
    Source {
        name,
        what,
        answer,
        took_ns: u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX),
    }
}

/// Asks every source something small.
async fn sources(ports: &Ports) -> Vec<Source> {
    let kube = timed("Kubernetes API", "resources", async {
        let namespaces = kubernetes::namespaces(&ports.kube).await?;
        let n = namespaces.len() as u64;
        Ok::<_, Failure>(format::counted(n, "namespace", "namespaces"))
    });
    let traces = timed("Traces", "runs and their spans", async {
        let services = ports.traces.services().await?;
        let n = services.len() as u64;
        Ok::<_, Failure>(format::counted(n, "service", "services"))
    });
    let logs = timed("Logs", "what agents and tools wrote", async {
        let query = LogQuery {
            limit: 1,
            ..LogQuery::default()
        };
        let newest = ports.logs.logs(&query).await?;
        let words = if newest.is_empty() {
            "none yet"
        } else {
            "answers"
        };
        Ok::<_, Failure>(words.to_owned())
    });
    let sessions = timed("Telemetry", "sessions, metrics, exceptions, cost", async {
        let query = SessionQuery {
            window: Window::ALL,
            limit: 1,
            ..SessionQuery::default()
        };
        ports.telemetry.sessions(&query).await?;
        Ok::<_, Failure>("answers".to_owned())
    });
    let (kube, traces, logs, sessions) = join!(kube, traces, logs, sessions);
    vec![kube, traces, logs, sessions]
}

fn sources_table(sources: &[Source]) -> AnyView {
    let line = |source: &Source| {
        let (mark, word, detail) = match &source.answer {
            Ok(detail) => (Mark::Ready, "Answers", detail),
            Err(message) => (Mark::Failed, "Failed", message),
        };
        view! {
            <tr>
                <td>
                    <StatusMark mark word />
                </td>
                <th scope="row">{source.name}</th>
                <td>{source.what}</td>
                <td class="table-number">{format::duration(source.took_ns)}</td>
                <td>{detail.clone()}</td>
            </tr>
        }
        .into_any()
    };
    let headings = [
        Heading::Words("Status"),
        Heading::Words("Source"),
        Heading::Words("What is read from it"),
        Heading::Number("Answered in"),
        Heading::Words("Found"),
    ];
    let lines = sources.iter().map(line).collect_view();
    view! {
    <Table label="Data sources" headings>
        {lines}
    </Table>
        <p class="panel-note">
            "Asked when this page was drawn. " <a href="/system">"Ask again"</a>
        </p>
    }
    .into_any()
}

/// An agent, and what of its telemetry arrived.
struct Examined {
    id: Id,
    state: State,
    is_off: bool,
    last_run_ns: Result<Option<u64>, String>,
    last_log_ns: Result<Option<u64>, String>,
}

async fn agents(ports: &Ports) -> Result<Vec<Examined>, Failure> {
    let agents = kubernetes::objects(&ports.kube, Kind::Agent, ALL_NAMESPACES).await?;
    let examined = agents
        .iter()
        .take(MOST_AGENTS)
        .filter_map(|agent| Some(examine(ports, agent, Id::of(agent)?)));
    Ok(join_all(examined).await)
}

async fn examine(ports: &Ports, agent: &Value, id: Id) -> Examined {
    let runs = TraceQuery {
        service: Some(id.name.clone()),
        namespace: Some(id.namespace.clone()),
        limit: 1,
        ..TraceQuery::default()
    };
    let logs = LogQuery {
        service: Some(id.name.clone()),
        limit: 1,
        ..LogQuery::default()
    };
    let (runs, logs) = join!(ports.traces.search(&runs), ports.logs.logs(&logs));
    Examined {
        state: State::of(agent),
        is_off: agent["spec"]["config"]["telemetry"]["enabled"] == false,
        last_run_ns: runs
            .map(|runs| runs.first().map(|run| run.end_ns))
            .map_err(|error| error.to_string()),
        last_log_ns: logs
            .map(|logs| logs.last().map(|log| log.time_ns))
            .map_err(|error| error.to_string()),
        id,
    }
}

fn doctor(agents: Result<Vec<Examined>, Failure>) -> AnyView {
    let agents = match agents {
        Ok(agents) => agents,
        Err(failure) => return view! { <Instead why=failure.why("Agents") /> }.into_any(),
    };
    if agents.is_empty() {
        return view! {
            <Instead why=Why::Empty { title: "There are no agents".to_owned() }>
                <p>"Each agent is examined here: whether its runs and logs arrive."</p>
            </Instead>
        }
        .into_any();
    }
    let headings = [
        Heading::Words("Finding"),
        Heading::Words("Agent"),
        Heading::Words("Namespace"),
        Heading::Words("Last run"),
        Heading::Words("Last log"),
    ];
    let lines = agents.iter().map(examined).collect_view();
    view! {
        <Table label="Telemetry of agents" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn examined(agent: &Examined) -> AnyView {
    let now = now();
    let seen = |when: &Result<Option<u64>, String>| match when {
        Ok(Some(time_ns)) => view! { <Ago time_ns=*time_ns now /> }.into_any(),
        Ok(None) => "never".into_any(),
        Err(message) => message.clone().into_any(),
    };
    let (mark, word) = finding(agent);
    let Id { namespace, name } = &agent.id;
    view! {
        <tr>
            <td>
                <StatusMark mark word />
            </td>
            <th scope="row">
                <a href=Kind::Agent.href(namespace, name)>{name.clone()}</a>
            </th>
            <td>{namespace.clone()}</td>
            <td>{seen(&agent.last_run_ns)}</td>
            <td>{seen(&agent.last_log_ns)}</td>
        </tr>
    }
    .into_any()
}

fn finding(agent: &Examined) -> (Mark, &'static str) {
    if agent.is_off {
        return (Mark::Cancelled, "Telemetry is switched off");
    }
    if agent.state.phase != api::resources::Phase::Ready {
        return (Mark::Pending, "Not ready");
    }
    match &agent.last_run_ns {
        Ok(Some(_)) => (Mark::Ready, "Runs arrive"),
        Ok(None) => (Mark::Pending, "No run yet"),
        Err(_) => (Mark::Failed, "Not known"),
    }
}
