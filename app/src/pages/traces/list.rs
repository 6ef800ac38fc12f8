//! The traces of a namespace, newest first.

mod filter;

use api::traces::{TraceQuery, TraceSummary};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    layout::{fraction, operation},
    url::TraceUrl,
};
use crate::{
    components::{
        filter_form::{FilterForm, FilterSelect, all_or},
        instead::{Instead, Why},
        status_mark::{Mark, StatusMark},
    },
    format,
    frame::{Crumb, Frame, Section, failed},
    kinds::{ALL_NAMESPACES, Kind},
    pages::{
        params::{namespace, ports},
        range::Range,
    },
    site::{Failure, Ports},
    untrusted,
};
use filter::{Filter, LEAST, Went};

/// `/ns/{ns}/traces`.
#[component]
pub(crate) fn TracesPage() -> impl IntoView {
    let ports = ports();
    let namespace = namespace();
    let filter = Filter::requested();
    let list = Suspend::new(async move {
        match load(&ports, &namespace, &filter).await {
            Ok(found) => draw(&found, &namespace, &filter),
            Err(failure) => failed("Traces", &failure),
        }
    });
    view! {
        <Frame section=Section::Traces title="Traces" crumbs=vec![Crumb::here("traces")]>
            <section class="traces">
                <h1>"Traces"</h1>
                {list}
            </section>
        </Frame>
    }
}

/// Traces that one page lists.
const MOST: u32 = 100;

/// What the page lists, and the services that its form offers.
struct Found {
    traces: Vec<TraceSummary>,
    /// How many the reader was asked for, when it found so many: there may be more.
    cut_at: Option<u32>,
    services: Vec<String>,
}

async fn load(ports: &Ports, namespace: &str, filter: &Filter) -> Result<Found, Failure> {
    let now = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or(0);
    let limit = MOST.min(ports.traces.most());
    let query = TraceQuery {
        limit,
        ..filter.query(namespace, now)
    };
    let mut traces = ports.traces.search(&query).await?;
    let is_cut = traces.len() >= limit as usize;
    traces.retain(|trace| filter.keeps(trace));
    Ok(Found {
        traces,
        cut_at: is_cut.then_some(limit),
        services: ports.traces.services().await?,
    })
}

fn draw(found: &Found, namespace: &str, filter: &Filter) -> AnyView {
    let listed = if found.traces.is_empty() {
        nothing(namespace, filter)
    } else {
        table(&found.traces)
    };
    let cut = found.cut_at.map(|limit| {
        view! {
            <p class="traces-cut">
                {format!("Only the newest {limit} were looked at. Narrow the form to see others.")}
            </p>
        }
    });
    view! {
        {form(&found.services, filter)}
        {listed}
        {cut}
    }
    .into_any()
}

fn form(services: &[String], filter: &Filter) -> AnyView {
    let owned = |value: &str, word: &str| (value.to_owned(), word.to_owned());
    let agents = all_or(services.to_vec());
    let agent = filter.service.clone().unwrap_or_default();
    let went = Went::ALL.iter().find(|went| went.0 == filter.went);
    let went = went.map_or("", |went| went.1);
    let runs = Went::ALL
        .map(|(_, value, word)| owned(value, word))
        .to_vec();
    let lengths = LEAST.map(|(value, word, _)| owned(value, word)).to_vec();
    let (least, range) = (filter.least, filter.range.key);
    view! {
        <FilterForm label="Traces">
            <FilterSelect name="service" label="Service" chosen=agent options=agents />
            <FilterSelect name="status" label="Runs" chosen=went options=runs />
            <FilterSelect name="min" label="At least" chosen=least options=lengths />
            <FilterSelect name="range" label="In" chosen=range options=Range::options() />
        </FilterForm>
    }
    .into_any()
}

/// Why there is nothing, and what to do next.
fn nothing(namespace: &str, filter: &Filter) -> AnyView {
    let of = match namespace {
        ALL_NAMESPACES => "any namespace".to_owned(),
        namespace => namespace.to_owned(),
    };
    let traces = Section::Traces.href(namespace);
    let agents = Kind::Agent.list_href(namespace);
    if filter.narrows() {
        return view! {
            <Instead why=Why::Empty {
                title: format!("No trace of {of} in {} meets all conditions", filter.range.words),
            }>
                <a href=traces>"Show all traces"</a>
            </Instead>
        }
        .into_any();
    }
    view! {
        <Instead why=Why::Empty { title: format!("No traces of {of} in {}", filter.range.words) }>
            <p>"A trace is written each time an agent answers. Ask one: its trace is here a second later."</p>
            <p>
                <a href=agents>"Choose an agent"</a>
                " or "
                <a href=format!("{traces}?range=all")>"look at all time"</a>
            </p>
        </Instead>
    }
    .into_any()
}

fn table(traces: &[TraceSummary]) -> AnyView {
    let longest = traces
        .iter()
        .map(TraceSummary::duration_ns)
        .max()
        .unwrap_or(0);
    let rows = traces
        .iter()
        .map(|trace| line(trace, longest))
        .collect_view();
    view! {
        <div class="table-scroll" role="region" aria-label="List of traces" tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Started (UTC)"</th>
                        <th scope="col">"Agent"</th>
                        <th scope="col">"Operation"</th>
                        <th scope="col">"Duration"</th>
                        <th scope="col" class="table-number">"Spans"</th>
                        <th scope="col" class="table-number">"Errors"</th>
                        <th scope="col">"Services"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(trace: &TraceSummary, longest_ns: u64) -> impl IntoView {
    let href = TraceUrl::of(trace.id).to_string();
    let (mark, word) = match (trace.n_errors, trace.n_orphans) {
        (0, 0) => (Mark::Ready, "Completed"),
        (0, _) => (Mark::Pending, "Incomplete"),
        (_, _) => (Mark::Failed, "Errors"),
    };
    let width = fraction(trace.duration_ns(), longest_ns) * 100.0;
    let visible = |text: &str| untrusted::visible(text).into_owned();
    let services = trace.services.iter().map(|service| {
        let errors = if service.n_errors > 0 { " traces-service--error" } else { "" };
        view! {
            <span class=format!("traces-service{errors}")>
                {visible(&service.name)} " " <span class="traces-service-count">{service.n_spans}</span>
            </span>
        }
    });
    view! {
        <tr data-testid="trace-row" data-trace-id=trace.id.to_string()>
            <td>
                <StatusMark mark word />
            </td>
            <td>{started(trace.start_ns)}</td>
            <td>
                <a href=href>{visible(&trace.root_service)}</a>
            </td>
            <td>{visible(operation(&trace.root_name))}</td>
            <td>
                <span class="traces-duration">
                    <span class="traces-bar" style=format!("--share:{width:.2}%")></span>
                    <span class="traces-length">{format::duration(trace.duration_ns())}</span>
                </span>
            </td>
            <td class="table-number">{format::count(trace.n_spans)}</td>
            <td class="table-number">{format::count(trace.n_errors)}</td>
            <td>
                <span class="traces-services">{services.collect_view()}</span>
            </td>
        </tr>
    }
}

fn started(ns: u64) -> impl IntoView {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    let shown = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
    view! { <time datetime=time.to_string() title=time.to_string()>{shown}</time> }
}
