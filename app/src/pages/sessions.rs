//! Conversations: the list of them, and the runs of one.

use api::{
    telemetry::{SessionQuery, SessionSummary, Window},
    traces::{ReadError, TraceFilter, TraceQuery, TraceSummary, Work},
};
use http::StatusCode;
use leptos::prelude::*;

use super::params::{namespace, namespace_filter, now, now_ns, ports, query_param, set_status};
use crate::{
    components::{
        facts::{Fact, Facts},
        filter_form::{FilterForm, FilterSelect, FilterText},
        instead::{Instead, Why},
        page_head::{Actions, PageHead, Panel},
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
        time::Ago,
        trace_list::TraceList,
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    kinds::Kind,
    untrusted::visible,
    url::{Encoded, with_query},
};

/// Sessions, and runs of one session, that are listed.
const MOST: u32 = 200;

/// `/ns/{ns}/sessions?agent=&has=error`.
#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let agent = query_param("agent");
    let only_failed = query_param("has").as_deref() == Some("error");
    let query = SessionQuery {
        window: Window {
            from_ns: 0,
            to_ns: now_ns(),
        },
        agent: agent.clone(),
        namespace: namespace_filter(&namespace),
        limit: MOST,
    };
    let found = async move {
        let mut sessions = ports.telemetry.sessions(&query).await?;
        sessions.retain(|session| !only_failed || session.n_failed_traces > 0);
        Ok(sessions)
    };
    let is_filter = agent.is_some() || only_failed;
    view! {
        <Frame
            section=Section::Sessions
            title="Sessions"
            crumbs=vec![Crumb::here("sessions")]
        >
            <PageHead title="Sessions" />
            {filter(agent, only_failed)}
            {loaded("Sessions", found, move |sessions| {
                if sessions.is_empty() {
                    none(&namespace, is_filter)
                } else {
                    list(&namespace, &sessions)
                }
            })}
        </Frame>
    }
}

fn filter(agent: Option<String>, only_failed: bool) -> AnyView {
    let chosen = if only_failed { "error" } else { "" };
    let options = [("", "all"), ("error", "with errors")];
    let options = options.map(|(value, word)| (value.to_owned(), word.to_owned()));
    view! {
        <FilterForm label="Filter sessions">
            <FilterText name="agent" label="Agent" value=agent.unwrap_or_default() />
            <FilterSelect name="has" label="Sessions" chosen options=options.to_vec() />
        </FilterForm>
    }
    .into_any()
}

fn none(namespace: &str, is_filter: bool) -> AnyView {
    let all = format!("/ns/{namespace}/sessions");
    let agents = Kind::Agent.list_href(namespace);
    if is_filter {
        return view! {
            <Instead why=Why::Empty { title: "No session matches the filter".to_owned() }>
                <a href=all>"Clear the filter"</a>
            </Instead>
        }
        .into_any();
    }
    view! {
        <Instead why=Why::Empty { title: "No sessions yet".to_owned() }>
            <p>
                "A session is a conversation: several runs with one session id. Each chat with an agent \
                 begins one."
            </p>
            <a class="button button--primary" href=agents>
                "Choose an agent to talk to"
            </a>
        </Instead>
    }
    .into_any()
}

fn list(namespace: &str, sessions: &[SessionSummary]) -> AnyView {
    let now = now();
    let line = |session: &SessionSummary| {
        let work = &session.work;
        let mark = match session.n_failed_traces {
            0 => view! { <StatusMark mark=Mark::Ready word="Ok" /> }.into_any(),
            n => {
                let failed = format::counted(n, "failed run", "failed runs");
                view! { <StatusMark mark=Mark::Failed word=failed /> }.into_any()
            }
        };
        let agents: Vec<_> = work.agents.iter().cloned().collect();
        let href = format!("/ns/{namespace}/sessions/{}", Encoded(&session.id));
        view! {
            <tr>
                <td>{mark}</td>
                <th scope="row">
                    <a href=href>{visible(&session.id).into_owned()}</a>
                </th>
                <td>{visible(&agents.join(", ")).into_owned()}</td>
                <td class="table-number">{format::count(session.n_traces)}</td>
                <td class="table-number">{format::duration(session.duration_ns)}</td>
                <td class="table-number">{tokens(work)}</td>
                <td class="table-number">{cost(work)}</td>
                <td>
                    <Ago time_ns=session.last_ns now />
                </td>
            </tr>
        }
        .into_any()
    };
    let headings = [
        Heading::Words("Status"),
        Heading::Words("Session"),
        Heading::Words("Agents"),
        Heading::Number("Runs"),
        Heading::Number("Duration"),
        Heading::Number("Tokens"),
        Heading::Number("Cost"),
        Heading::Descending("Last activity"),
    ];
    let lines = sessions.iter().map(line).collect_view();
    view! {
        <Table label="Sessions" headings>
            {lines}
        </Table>
    }
    .into_any()
}

/// Tokens in and out; what was not reported is not nothing.
fn tokens(work: &Work) -> String {
    match work.input_tokens + work.output_tokens {
        0 if work.n_model_calls > 0 => "not reported".to_owned(),
        tokens => format::count(tokens),
    }
}

fn cost(work: &Work) -> String {
    let dollars = work.cost.dollars();
    match work.n_without_price {
        n if n > 0 && dollars == 0.0 => "no price set".to_owned(),
        _ if dollars == 0.0 => "–".to_owned(),
        _ if dollars < 0.001 => "<$0.001".to_owned(),
        0 => format!("${dollars:.3}"),
        _ => format!("${dollars:.3} in part"),
    }
}

/// `/ns/{ns}/sessions/{id}`.
#[component]
pub(crate) fn SessionPage(id: String) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let query = TraceQuery {
        namespace: namespace_filter(&namespace),
        whole: TraceFilter {
            session: Some(id.clone()),
            ..TraceFilter::default()
        },
        limit: MOST,
        ..TraceQuery::default()
    };
    let of_session = SessionQuery {
        window: Window {
            from_ns: 0,
            to_ns: now_ns(),
        },
        namespace: namespace_filter(&namespace),
        limit: 10_000,
        ..SessionQuery::default()
    };
    let found = {
        let id = id.clone();
        async move {
            let mut runs = ports.traces.search(&query).await?;
            runs.sort_by_key(|run| run.start_ns);
            // Without the sums the runs are still worth reading.
            let summary: Result<_, ReadError> = ports.telemetry.sessions(&of_session).await;
            let summary = summary.unwrap_or_default();
            let summary = summary.into_iter().find(|session| session.id == id);
            Ok((runs, summary))
        }
    };
    let title = format!("Session {id}");
    let export = ports.files.is_some().then(|| export(&namespace, &id));
    let crumbs = vec![
        Crumb::link("sessions", format!("/ns/{namespace}/sessions")),
        Crumb::here(visible(&id).into_owned()),
    ];
    view! {
        <Frame section=Section::Sessions title=title.clone() crumbs>
            <PageHead title>{export}</PageHead>
            {loaded("The session", found, move |(runs, summary)| {
                if runs.is_empty() {
                    set_status(StatusCode::NOT_FOUND);
                    unknown()
                } else {
                    one(&namespace, &id, runs, summary.as_ref())
                }
            })}
        </Frame>
    }
}

/// Takes the runs along.
fn export(namespace: &str, id: &str) -> AnyView {
    let namespace = namespace_filter(namespace).unwrap_or_default();
    let most = MOST.to_string();
    let asked = [("session", id), ("namespace", &namespace), ("limit", &most)];
    let href = with_query("/api/export/traces", &asked);
    view! {
        <Actions>
            <a
                class="button"
                href=href
                download
                title="Its runs with their logs, as OTLP in JSON"
            >
                "Export"
            </a>
        </Actions>
    }
    .into_any()
}

fn unknown() -> AnyView {
    view! {
        <Instead why=Why::Empty { title: "No run of this session is kept".to_owned() }>
            <p>
                "Its traces may be older than what is kept. An agent may still remember its words: see \
                 the agent's memory."
            </p>
        </Instead>
    }
    .into_any()
}

fn one(
    namespace: &str,
    id: &str,
    runs: Vec<TraceSummary>,
    summary: Option<&SessionSummary>,
) -> AnyView {
    let facts = summary.map(|session| {
        let work = &session.work;
        let facts = vec![
            ("Runs", Fact::Set(format::count(session.n_traces))),
            ("Model calls", Fact::Set(format::count(work.n_model_calls))),
            ("Tool calls", Fact::Set(format::count(work.n_tool_calls))),
            ("Delegations", Fact::Set(format::count(work.n_delegations))),
            ("Tokens", Fact::Set(tokens(work))),
            ("Cost", Fact::Set(cost(work))),
            ("Together", Fact::Set(format::duration(session.duration_ns))),
        ];
        view! {
            <Panel title="Sums">
                <Facts facts />
            </Panel>
        }
    });
    // The agent that was asked is the one whose run began first.
    let agent = runs.first().map(|run| run.root_service.clone());
    let words = agent.map(|agent| {
        let page = Kind::Agent.href(namespace, &agent);
        let id = Encoded(id).to_string();
        view! {
            <p class="panel-note">
                <a href=format!("{page}/chat/{id}")>"What was said"</a> " · "
                <a href=format!("{page}/memory/{id}")>{format!("What {agent} remembers of it")}</a>
            </p>
        }
    });
    view! {
        {words}
        {facts}
        <Panel title="Runs">
            <TraceList label="Runs of this session, oldest first" traces=runs now=now() />
        </Panel>
    }
    .into_any()
}
