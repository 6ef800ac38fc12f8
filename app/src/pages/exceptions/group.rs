//! One kind of exception: where and how often it happened, and one occurrence of it in full.

use api::{
    telemetry::{ExceptionGroup, ExceptionGroupId, ExceptionQuery, GroupStatus, Occurrence},
    traces::{LogQuery, LogRecord, SpanId, TraceId},
};
use http::StatusCode;
use leptos::prelude::*;

use super::{PIECES, USUAL_RANGE, group_href, status, trend, values::values};
use crate::{
    components::{
        button::{LinkButton, Weight},
        code_block::CodeBlock,
        instead::{Instead, Why},
        page_head::{Actions, PageHead, Panel},
        time::Ago,
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    pages::{
        logs::table::log_table,
        params::{namespace, now, ports, query_param, set_status},
        range::Range,
        traces::TraceUrl,
    },
    site::{Failure, Ports},
    untrusted::visible,
};

/// Occurrences that are listed.
const OCCURRENCES: u32 = 100;
/// Logs around an occurrence, in nanoseconds before and after it.
const AROUND_NS: u64 = 5_000_000_000;
const LOGS: u32 = 50;

/// `/exceptions/{id}?range=&event={trace}:{span}`.
#[component]
pub(crate) fn ExceptionPage(id: String) -> impl IntoView {
    let range = Range::requested(USUAL_RANGE);
    let data = load(ports(), id.clone(), range, query_param("event"));
    let list = Section::Exceptions.href(&namespace());
    view! {
        <Frame
            section=Section::Exceptions
            title="Exception"
            crumbs=vec![Crumb::link("exceptions", list.clone()), Crumb::here("exception")]
        >
            {loaded(
                "The exception",
                data,
                move |found| match found {
                    Some(found) => draw(found, range),
                    None => not_found(&id, &list),
                },
            )}
        </Frame>
    }
}

struct Found {
    group: ExceptionGroup,
    status: GroupStatus,
    occurrences: Vec<Occurrence>,
    /// The place of the chosen one.
    chosen: usize,
    logs: Vec<LogRecord>,
}

async fn load(
    ports: Ports,
    id: String,
    range: Range,
    event: Option<String>,
) -> Result<Option<Found>, Failure> {
    let Some(id) = ExceptionGroupId::parse(&id) else {
        return Ok(None);
    };
    let query = ExceptionQuery {
        window: range.window(),
        n_pieces: if range.has_beginning() { PIECES } else { 0 },
        group: Some(id),
        ..ExceptionQuery::default()
    };
    let groups = ports.telemetry.exceptions(&query).await?;
    let Some(group) = groups.into_iter().find(|group| group.id == id) else {
        return Ok(None);
    };
    let query = ExceptionQuery {
        limit: OCCURRENCES,
        ..query
    };
    let occurrences = ports.telemetry.occurrences(id, &query).await?;
    let is_chosen = |one: &Occurrence| event.as_deref() == event_of(one).as_deref();
    let chosen = match event {
        Some(_) => occurrences.iter().position(is_chosen).unwrap_or(0),
        None => 0,
    };
    let logs = match occurrences.get(chosen) {
        Some(occurrence) => logs_around(&ports, occurrence).await?,
        None => Vec::new(),
    };
    let decision = ports.notebook.decisions().get(&id).copied();
    Ok(Some(Found {
        status: GroupStatus::of(decision, group.last_ns),
        group,
        occurrences,
        chosen,
        logs,
    }))
}

async fn logs_around(ports: &Ports, one: &Occurrence) -> Result<Vec<LogRecord>, Failure> {
    let query = LogQuery {
        trace_id: one.trace_id,
        from_ns: Some(one.time_ns.saturating_sub(AROUND_NS)),
        to_ns: Some(one.time_ns.saturating_add(AROUND_NS)),
        limit: LOGS,
        ..LogQuery::default()
    };
    Ok(ports.logs.logs(&query).await?)
}

fn not_found(id: &str, list: &str) -> AnyView {
    set_status(StatusCode::NOT_FOUND);
    let title = format!("No exception {id} in this time");
    let list = list.to_owned();
    view! {
        <PageHead title="Exception" />
        <Instead why=Why::Empty { title }>
            <p>
                "It may be older than the chosen time, or than what is kept. "
                <a href="?range=all">"Look at all time"</a> " or " <a href=list>"at all exceptions"</a>
            </p>
        </Instead>
    }
    .into_any()
}

fn draw(found: Found, range: Range) -> AnyView {
    let Found {
        group,
        status,
        occurrences,
        chosen,
        logs,
    } = found;
    let now = now();
    let href = group_href(&group, range);
    let facts = format!(
        "{} in {} of {}, {}",
        format::counted(group.n, "time", "times"),
        format::counted(group.n_traces, "trace", "traces"),
        visible(&group.services.join(", ")),
        range.words,
    );
    let shares = shares(&group.template, &occurrences);
    let one = occurrences.get(chosen).map(|one| {
        let neighbours = [
            chosen.checked_sub(1).and_then(|at| occurrences.get(at)),
            occurrences.get(chosen + 1),
        ];
        occurrence(one, neighbours, logs, &href)
    });
    let buttons = status::buttons(&group, status);
    let lines = occurrences.iter().enumerate();
    let lines = lines
        .map(|(at, one)| line(one, &href, at == chosen))
        .collect_view();
    view! {
        <PageHead title=visible(&group.exception_type).into_owned()>
            {status::mark(status)} {trend(&group.counts, range)}
            <Actions>{buttons}</Actions>
        </PageHead>
        {status::form()}
        <p class="panel-note exceptions-title">{visible(&group.template).into_owned()}</p>
        <p class="panel-note">
            {facts} ". First seen " <Ago time_ns=group.first_ever_ns now /> ", last "
            <Ago time_ns=group.last_ns now /> "."
        </p>
        <div class="exceptions-sides">
            <Panel title="Occurrences">
                <ol class="exceptions-list">{lines}</ol>
                {shares}
            </Panel>
            {one}
        </div>
    }
    .into_any()
}

/// Which values and services the listed occurrences have, and how often.
fn shares(template: &str, occurrences: &[Occurrence]) -> AnyView {
    const MOST: usize = 5;
    let messages: Vec<&str> = occurrences.iter().map(|one| one.message.as_str()).collect();
    let services: Vec<&str> = occurrences.iter().map(|one| one.service.as_str()).collect();
    let whole = occurrences.len() as u64;
    let list = |title: String, values: Vec<(String, u64)>| {
        let more = values.len().saturating_sub(MOST);
        let line = |(value, n): (String, u64)| {
            let share = format::share(n, whole).unwrap_or_default();
            view! {
                <li>
                    <span class="exceptions-message">{visible(&value).into_owned()}</span>
                    " "
                    {n}
                    ", "
                    {share}
                </li>
            }
        };
        let lines = values.into_iter().take(MOST).map(line).collect_view();
        view! {
            <h3>{title}</h3>
            <ul>{lines}</ul>
            {(more > 0).then(|| view! { <p>{more} " more"</p> })}
        }
        .into_any()
    };
    let places = values(template, &messages).into_iter().enumerate();
    let places = places.map(|(at, values)| list(format!("Value {}", at + 1), values));
    let services = values("‹*›", &services).into_iter();
    let services = services.map(|values| list("Service".to_owned(), values));
    view! {
        <div class="exceptions-shares">
            {places.collect_view()} {services.collect_view()}
            <p>"Of the " {whole} " occurrences listed."</p>
        </div>
    }
    .into_any()
}

fn line(one: &Occurrence, group_href: &str, is_chosen: bool) -> impl IntoView + use<> {
    let href = event_href(one, group_href);
    view! {
        <li>
            <a href=href aria-current=is_chosen.then_some("true")>
                <Ago time_ns=one.time_ns now=now() />
                " "
                <strong>{visible(&one.service).into_owned()}</strong>
                <span class="exceptions-message">{visible(&one.message).into_owned()}</span>
            </a>
        </li>
    }
}

fn occurrence(
    one: &Occurrence,
    [newer, older]: [Option<&Occurrence>; 2],
    logs: Vec<LogRecord>,
    group_href: &str,
) -> AnyView {
    let to = |one: Option<&Occurrence>, word: &'static str, keys: &'static str| {
        let href = event_href(one?, group_href);
        Some(view! {
            <a class="button" href=href data-keys=keys>
                {word}
            </a>
        })
    };
    let view_trace = one.trace_id.map(|id| {
        let href = trace_href(id, one.span_id);
        view! {
            <LinkButton weight=Weight::Primary href>
                "View trace"
            </LinkButton>
        }
    });
    let stack = if one.stacktrace.is_empty() {
        view! { <p class="panel-note">"It came without a stack trace."</p> }.into_any()
    } else {
        view! { <CodeBlock label="Stack trace" text=one.stacktrace.clone() /> }.into_any()
    };
    let around = if logs.is_empty() {
        view! { <p class="panel-note">"Nothing was logged within five seconds of it."</p> }
            .into_any()
    } else {
        log_table("Logs around the exception", &logs)
    };
    let message = visible(&one.message).into_owned();
    let others = [to(newer, "Newer", "]"), to(older, "Older", "[")];
    view! {
        <Panel title="Occurrence">
            <div class="panel-body exceptions-one">
                <p class="exceptions-message">{message}</p>
                <p class="exceptions-actions">
                    {view_trace} {others.into_iter().collect_view()}
                </p>
                {stack}
            </div>
            <h3 class="exceptions-logs">"Logs, five seconds before and after"</h3>
            {around}
        </Panel>
    }
    .into_any()
}

fn trace_href(id: TraceId, span: Option<SpanId>) -> String {
    let mut url = TraceUrl::of(id);
    url.span = span;
    let separator = if span.is_some() { '&' } else { '?' };
    format!("{url}{separator}side=exception")
}

fn event_href(one: &Occurrence, group_href: &str) -> String {
    match event_of(one) {
        Some(event) => format!("{group_href}&event={event}"),
        None => group_href.to_owned(),
    }
}

fn event_of(one: &Occurrence) -> Option<String> {
    Some(format!("{}:{}", one.trace_id?, one.span_id?))
}
