//! What went wrong: exceptions of one type, template and place are one line.

mod group;
mod narrow;
mod status;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use api::telemetry::{Decision, ExceptionGroup, ExceptionGroupId, ExceptionQuery, GroupStatus};
use leptos::prelude::*;

pub(crate) use group::ExceptionPage;

use super::{
    params::{namespace, namespace_filter, now, ports, query_param},
    range::Range,
};
use crate::{
    components::{
        filter_form::{FilterForm, FilterSelect, FilterText, all_or},
        instead::{Instead, Why},
        page_head::PageHead,
        sparkline::Sparkline,
        table::{Heading, Table},
        time::Ago,
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    site::{Failure, Ports},
    untrusted::visible,
    url,
};
use narrow::Narrow;
use status::Listed;

/// Lines of one page.
const MOST: u32 = 200;
/// Pieces of the range in a line's trend.
const PIECES: u32 = 24;
const USUAL_RANGE: &str = "24h";

/// What the page is asked for.
#[derive(Clone)]
struct Asked {
    namespace: String,
    range: Range,
    agent: String,
    narrow: Narrow,
    listed: Listed,
}

/// `/ns/{ns}/exceptions?range=&agent=&status=&q=`, where `q` has words of the message, `type:` and `-type:`.
#[component]
pub(crate) fn ExceptionsPage() -> impl IntoView {
    let asked = Asked {
        namespace: namespace(),
        range: Range::requested(USUAL_RANGE),
        agent: query_param("agent").unwrap_or_default(),
        narrow: Narrow::parse(&query_param("q").unwrap_or_default()),
        listed: Listed::parse(&query_param("status").unwrap_or_default()),
    };
    let query = ExceptionQuery {
        window: asked.range.window(),
        service: Some(asked.agent.clone()).filter(|agent| !agent.is_empty()),
        namespace: namespace_filter(&asked.namespace),
        n_pieces: if asked.range.has_beginning() {
            PIECES
        } else {
            0
        },
        limit: MOST,
        ..ExceptionQuery::default()
    };
    let data = load(ports(), query);
    view! {
        <Frame
            section=Section::Exceptions
            title="Exceptions"
            crumbs=vec![Crumb::here("exceptions")]
        >
            <PageHead title="Exceptions" />
            {loaded("Exceptions", data, move |found| draw(found, &asked))}
        </Frame>
    }
}

struct Found {
    groups: Vec<ExceptionGroup>,
    decisions: BTreeMap<ExceptionGroupId, Decision>,
    services: Vec<String>,
}

async fn load(ports: Ports, query: ExceptionQuery) -> Result<Found, Failure> {
    Ok(Found {
        groups: ports.telemetry.exceptions(&query).await?,
        decisions: ports.notebook.decisions(),
        services: ports.traces.services().await?,
    })
}

fn draw(found: Found, asked: &Asked) -> impl IntoView + use<> {
    let Found {
        mut groups,
        decisions,
        services,
    } = found;
    let n_before = groups.len();
    groups.retain(|group| asked.narrow.keeps(group));
    let n_of_words = groups.len();
    let status = |group: ExceptionGroup| {
        let decision = decisions.get(&group.id).copied();
        let status = GroupStatus::of(decision, group.last_ns);
        (group, status)
    };
    let mut groups: Vec<_> = groups.into_iter().map(status).collect();
    groups.retain(|(_, status)| asked.listed.keeps(*status));
    let left_out = left_out(n_before - n_of_words, n_of_words - groups.len(), asked);
    let words = asked.narrow.to_string();
    let (agent, range, status) = (asked.agent.clone(), asked.range.key, asked.listed.as_str());
    let list = if groups.is_empty() {
        nothing(asked)
    } else {
        table(groups, asked)
    };
    view! {
        <FilterForm label="Exceptions">
            <FilterText name="q" label="Words, type: or -type:" value=words />
            <FilterSelect
                name="agent"
                label="Service"
                chosen=agent
                options=all_or(services)
            />
            <FilterSelect
                name="status"
                label="Status"
                chosen=status
                options=Listed::options()
            />
            <FilterSelect
                name="range"
                label="In"
                chosen=range
                options=Range::options()
            />
        </FilterForm>
        {list}
        {left_out}
    }
}

/// How many kinds are not listed, and why.
fn left_out(n_by_words: usize, n_by_status: usize, asked: &Asked) -> AnyView {
    let kinds = |n: usize| format::counted(n as u64, "kind is", "kinds are");
    let by_words = (n_by_words > 0).then(|| {
        let kinds = kinds(n_by_words);
        view! { <p class="panel-note">{kinds} " left out by the words."</p> }
    });
    let by_status = (n_by_status > 0).then(|| {
        let (kinds, status) = (kinds(n_by_status), asked.listed.as_str());
        let all = address(asked, Listed::All, &asked.narrow);
        view! {
            <p class="panel-note">
                {kinds} " not " {status} ". " <a href=all>"Show all"</a>
            </p>
        }
    });
    view! {
        {by_words}
        {by_status}
    }
    .into_any()
}

/// The list with other conditions.
fn address(asked: &Asked, listed: Listed, narrow: &Narrow) -> String {
    let status = match listed {
        Listed::Open => "",
        listed => listed.as_str(),
    };
    let words = narrow.to_string();
    url::with_query(
        &Section::Exceptions.href(&asked.namespace),
        &[
            ("range", asked.range.key),
            ("agent", &asked.agent),
            ("status", status),
            ("q", &words),
        ],
    )
}

fn nothing(asked: &Asked) -> AnyView {
    let Asked {
        namespace,
        range,
        agent,
        narrow: _,
        listed,
    } = asked;
    let of = if agent.is_empty() { namespace } else { agent };
    let status = match listed {
        Listed::All => String::new(),
        listed => format!("{} ", listed.as_str()),
    };
    let title = format!("No {status}exceptions of {of} in {}", range.words);
    let all = format!("{}?range=all", Section::Exceptions.href(namespace));
    view! {
        <Instead why=Why::Empty { title }>
            <p>
                "A model, a tool or another agent that fails is an exception of the agent that asked. "
                <a href=all>"Look at all time"</a>
            </p>
        </Instead>
    }
    .into_any()
}

fn table(groups: Vec<(ExceptionGroup, GroupStatus)>, asked: &Asked) -> AnyView {
    let range = asked.range;
    let lines = groups.into_iter().map(|(group, status)| {
        let without_type = asked.narrow.without(&group.exception_type);
        let others = address(asked, asked.listed, &without_type);
        line(group, status, range, others)
    });
    let lines = lines.collect_view();
    let headings = [
        Heading::Words("Status"),
        Heading::Words("Exception"),
        Heading::Number("Count"),
        Heading::Words("Trend"),
        Heading::Number("Traces"),
        Heading::Words("Services"),
        Heading::Words("First seen"),
        Heading::Words("Last seen"),
        Heading::Unseen("Actions"),
    ];
    view! {
        {status::form()}
        <Table label="List of exceptions" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn line(group: ExceptionGroup, status: GroupStatus, range: Range, others: String) -> impl IntoView {
    let now = now();
    let href = group_href(&group, range);
    let is_new = range.start_ns(super::params::now_ns()) <= Some(group.first_ever_ns)
        && range.has_beginning();
    view! {
        <tr data-testid="exception">
            <td>{status::mark(status)}</td>
            <td class="exceptions-what">
                <a href=href>{visible(&group.exception_type).into_owned()}</a>
                {is_new.then(|| view! { " " <span class="exceptions-new">"new"</span> })}
                <span class="exceptions-template">{visible(&group.template).into_owned()}</span>
            </td>
            <td class="table-number">{format::count(group.n)}</td>
            <td>{trend(&group.counts, range)}</td>
            <td class="table-number">{format::count(group.n_traces)}</td>
            <td>{visible(&group.services.join(", ")).into_owned()}</td>
            <td>
                <Ago time_ns=group.first_ever_ns now />
            </td>
            <td>
                <Ago time_ns=group.last_ns now />
            </td>
            <td>
                <span class="exceptions-actions">
                    {status::buttons(&group, status)}
                    <a href=others aria-label=format!("Leave out {}", visible(&group.exception_type))>
                        "Leave out"
                    </a>
                </span>
            </td>
        </tr>
    }
}

fn trend(counts: &[u64], range: Range) -> Option<impl IntoView + use<>> {
    let most = counts.iter().max()?;
    let label = format!("{}: at most {most} at a time", range.words);
    #[expect(clippy::cast_precision_loss, reason = "a line shows fewer digits")]
    let values = counts.iter().map(|count| Some(*count as f64)).collect();
    Some(view! { <Sparkline label values /> })
}

fn group_href(group: &ExceptionGroup, range: Range) -> String {
    url::with_query(
        &format!("/exceptions/{}", group.id),
        &[("range", range.key)],
    )
}
