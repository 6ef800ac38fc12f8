//! What went wrong: exceptions of one type, template and place are one line.

mod group;
mod narrow;
mod status;
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
    view! {
        {status::form()}
        <div class="table-scroll" role="region" aria-label="List of exceptions" tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Exception"</th>
                        <th scope="col" class="table-number">
                            "Count"
                        </th>
                        <th scope="col">"Trend"</th>
                        <th scope="col" class="table-number">
                            "Traces"
                        </th>
                        <th scope="col">"Services"</th>
                        <th scope="col">"First seen"</th>
                        <th scope="col">"Last seen"</th>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    {lines}
                </tbody>
            </table>
        </div>
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

#[cfg(test)]
mod tests {
    use api::{
        telemetry::{ExceptionGroupId, Occurrence},
        traces::{ReadError, SpanId},
    };
    use http::StatusCode;

    use crate::pages::fixture::{Answers, Fixture, TRACE, span};

    use super::*;

    fn group() -> ExceptionGroup {
        ExceptionGroup {
            id: ExceptionGroupId(7),
            exception_type: "ValueError".to_owned(),
            template: "Tool <b>‹*›</b> not found".to_owned(),
            top_frame: "at tool.search (researcher)".to_owned(),
            n: 1_200,
            n_traces: 3,
            first_ns: 1_000,
            last_ns: 2_000,
            first_ever_ns: 1_000,
            services: vec!["researcher".to_owned()],
            counts: vec![0, 4, 1],
        }
    }

    fn occurrence(span: u8, message: &str) -> Occurrence {
        Occurrence {
            time_ns: 1_767_225_600_000_000_000,
            service: "researcher".to_owned(),
            trace_id: Some(TRACE),
            span_id: Some(SpanId([0, 0, 0, 0, 0, 0, 0, span])),
            message: message.to_owned(),
            stacktrace: "ValueError: Tool x not found\n    at tool.x (researcher)".to_owned(),
        }
    }

    fn fixture() -> Fixture {
        Fixture {
            spans: vec![span(1, 0, "agent.agentic_loop", (0, 10))],
            answers: Some(Answers {
                groups: vec![group()],
                occurrences: vec![
                    occurrence(1, "Tool x not found"),
                    occurrence(2, "Tool y not found"),
                ],
                ..Answers::default()
            }),
            ..Fixture::default()
        }
    }

    #[tokio::test]
    async fn exceptions_of_one_kind_are_one_line_and_what_they_say_is_only_text() {
        let (status, html) = fixture().get("/ns/team/exceptions").await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            html.contains("/exceptions/0000000000000007?range=24h"),
            "{html}"
        );
        assert!(
            html.contains("Tool &lt;b&gt;‹*›&lt;/b&gt; not found"),
            "{html}"
        );
        assert!(html.contains("1,200"), "{html}");
    }

    #[tokio::test]
    async fn what_is_done_with_is_not_listed_until_it_comes_back() {
        let decided = |decision| Fixture {
            decisions: BTreeMap::from([(ExceptionGroupId(7), decision)]),
            ..fixture()
        };
        // It happened last at 2,000.
        let resolved = Decision::Resolved { at_ns: 2_000 };
        let (_, html) = decided(resolved).get("/ns/team/exceptions").await;
        assert!(!html.contains("data-testid=\"exception\""), "{html}");
        assert!(html.contains("No open exceptions of team"), "{html}");
        assert!(html.contains("1 kind is not open."), "{html}");
        let path = "/ns/team/exceptions?status=resolved";
        let (_, html) = decided(resolved).get(path).await;
        assert!(html.contains(">Resolved<") && html.contains("name=\"reopen\""));

        let came_back = Decision::Resolved { at_ns: 1_999 };
        let (_, html) = decided(came_back).get("/ns/team/exceptions").await;
        assert!(html.contains(">Regressed<") && html.contains("name=\"resolve\""));
        let (_, html) = decided(Decision::Ignored)
            .get("/exceptions/0000000000000007")
            .await;
        assert!(html.contains(">Ignored<"), "{html}");
        let again = "aria-label=\"Open again ValueError: Tool &lt;b&gt;‹*›&lt;/b&gt; not found\"";
        assert!(html.contains(again), "{html}");
    }

    #[tokio::test]
    async fn a_type_is_left_out_and_the_page_says_so() {
        let (_, html) = fixture().get("/ns/team/exceptions").await;
        assert!(html.contains("q=-type%3AValueError"), "{html}");
        let (_, html) = fixture()
            .get("/ns/team/exceptions?q=-type:ValueError")
            .await;
        assert!(!html.contains("data-testid=\"exception\""), "{html}");
        assert!(html.contains("1 kind is left out by the words."), "{html}");
    }

    #[tokio::test]
    async fn without_exceptions_the_page_says_of_whom_and_when() {
        let nothing = Fixture {
            answers: Some(Answers::default()),
            ..Fixture::default()
        };
        let (_, html) = nothing
            .get("/ns/team/exceptions?range=1h&agent=analyst")
            .await;
        assert!(
            html.contains("No open exceptions of analyst in the last hour"),
            "{html}"
        );
    }

    #[tokio::test]
    async fn a_backend_that_keeps_no_exceptions_says_so() {
        let (status, html) = Fixture::default().get("/ns/team/exceptions").await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        let why = ReadError::Unsupported("a test keeps nothing".to_owned()).to_string();
        assert!(html.contains(&why), "{html}");
    }

    #[tokio::test]
    async fn an_exception_leads_to_the_span_that_failed() {
        let (status, html) = fixture().get("/exceptions/0000000000000007").await;
        assert_eq!(status, StatusCode::OK);
        let view = format!("/traces/{TRACE}?span=0000000000000001&amp;side=exception");
        assert!(html.contains(&view), "{html}");
        assert!(html.contains("at tool.x (researcher)"), "{html}");

        let path = format!("/exceptions/0000000000000007?event={TRACE}:0000000000000002");
        let (_, html) = fixture().get(&path).await;
        let view = format!("/traces/{TRACE}?span=0000000000000002&amp;side=exception");
        assert!(html.contains(&view), "{html}");
    }

    #[tokio::test]
    async fn an_exception_that_is_not_there_is_not_found() {
        for path in ["/exceptions/zebra", "/exceptions/00000000000000ff"] {
            let nothing = Fixture {
                answers: Some(Answers::default()),
                ..Fixture::default()
            };
            let (status, _) = nothing.get(path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
