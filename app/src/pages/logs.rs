//! What agents and tools said while they worked.

mod counts;
mod detail;
pub(crate) mod filter;
pub(crate) mod load;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use api::traces::{LogOrder, LogRecord};
use leptos::prelude::*;

use super::params::{namespace, now_ns, ports, query};
use crate::{
    components::{
        button::SubmitButton,
        filter_form::{FilterSelect, FilterText, all_or},
        instead::{Instead, Why},
        log_lines::LogLines,
        log_tail::LogTail,
        page_head::{Actions, PageHead},
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    pages::{period::period_picker, traces::TraceUrl},
    site::{Failure, Ports},
    untrusted::visible,
};
use detail::Detail;
use filter::{Filter, Place, SEVERITIES, Sense};

/// Lines of one page.
const ROWS: usize = 200;
/// Lines that are read for a page when few of them have the values that are asked for.
const MOST_READ: u64 = 20_000;

/// `/ns/{ns}/logs?q=&severity=&agent=&range=&from=&to=&trace=&span=&is=&not=&sort=&cursor=&line=`.
#[component]
pub(crate) fn LogsPage() -> impl IntoView {
    let filter = Filter::of(&namespace(), &query(), now_ns());
    let data = load(ports(), filter.clone());
    let file = filter.file_href();
    let all = file.clone();
    let tail = filter.tail_href(now_ns());
    view! {
        <Frame section=Section::Logs title="Logs" crumbs=vec![Crumb::here("logs")]>
            <PageHead title="Logs">
                <Actions>
                    <a class="button" href=file download="">
                        "Export NDJSON"
                    </a>
                </Actions>
            </PageHead>
            <LogTail href=tail />
            <LogLines href=all />
            {loaded("Logs", data, move |found| draw(found, &filter))}
        </Frame>
    }
}

struct Found {
    /// Those of the page.
    shown: Vec<LogRecord>,
    /// All that were read and have the values that are asked for.
    read: Vec<LogRecord>,
    n_read: u64,
    /// Where it goes on; `None` at the end.
    next: Option<Place>,
    detail: Option<Detail>,
    services: Vec<String>,
}

async fn load(ports: Ports, filter: Filter) -> Result<Found, Failure> {
    let reader = ports.logs.as_ref();
    let mut read = Vec::new();
    let mut n_read = 0;
    let mut next = filter.cursor;
    let end = loop {
        let batch = load::batch(reader, &filter, next).await?;
        n_read += batch.n_read;
        read.extend(batch.kept);
        next = batch.next;
        if next.is_none() || read.len() >= ROWS || n_read >= MOST_READ {
            break next;
        }
    };
    let shown: Vec<LogRecord> = read.iter().take(ROWS).cloned().collect();
    let is_cut = shown.len() < read.len();
    let detail = match filter.line {
        Some(place) => detail::load(reader, place).await?,
        None => None,
    };
    Ok(Found {
        next: if is_cut {
            shown.last().map(Place::of)
        } else {
            end
        },
        shown,
        read,
        n_read,
        detail,
        services: ports.traces.services().await?,
    })
}

fn draw(found: Found, filter: &Filter) -> impl IntoView + use<> {
    let Found {
        shown,
        read,
        n_read,
        next,
        detail,
        services,
    } = found;
    let form = form(services, filter);
    let narrowed = chips(filter);
    if shown.is_empty() && next.is_none() {
        return view! {
            {form}
            {narrowed}
            {nothing(filter)}
        }
        .into_any();
    }
    let class = if detail.is_some() {
        "logs-sides logs-sides--open"
    } else {
        "logs-sides"
    };
    let list = table::log_table_with("Logs", &shown, |log| {
        filter.with_line(Some(Place::of(log))).href()
    });
    let detail = detail.map(|detail| detail::view(detail, filter));
    view! {
        {form}
        {narrowed}
        <div class="logs-picture">{counts::histogram(&read, filter)}</div>
        {pages(&shown, n_read, next, filter)}
        <div class=class>
            {counts::facets(&read, filter)} <div class="logs-list">{list}</div> {detail}
        </div>
        {pages(&shown, n_read, next, filter)}
    }
    .into_any()
}

fn form(services: Vec<String>, filter: &Filter) -> AnyView {
    let severities = SEVERITIES
        .iter()
        .map(|(value, word, _)| ((*value).to_owned(), (*word).to_owned()));
    let Filter {
        text,
        severity,
        agent,
        ..
    } = filter.clone();
    let fields = ["q", "severity", "agent", "range", "from", "to"];
    let kept: Vec<_> = filter
        .pairs()
        .into_iter()
        .filter(|(name, value)| !fields.contains(name) && !value.is_empty())
        .collect();
    let hidden = kept
        .iter()
        .map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone() /> })
        .collect_view();
    let mut rest: Vec<(&str, &str)> = vec![("q", &text), ("severity", severity), ("agent", &agent)];
    rest.extend(kept.iter().map(|(name, value)| (*name, value.as_str())));
    let path = Section::Logs.href(&filter.namespace);
    let period = period_picker(filter.period, &path, &rest);
    view! {
        <form class="filter-form" method="get" role="search" aria-label="Logs">
            <FilterText name="q" label="Words of the message" value=text.clone() />
            <FilterSelect
                name="severity"
                label="At least"
                chosen=severity
                options=severities.collect()
            />
            <FilterSelect
                name="agent"
                label="Service"
                chosen=agent.clone()
                options=all_or(services)
            />
            {hidden}
            <SubmitButton>"Show"</SubmitButton>
            {period}
        </form>
    }
    .into_any()
}

/// What narrows the list besides the form, each with the way to drop it.
fn chips(filter: &Filter) -> Option<AnyView> {
    let chip = |words: String, href: String| {
        view! {
            <li>
                <span>{words}</span>
                <a href=href aria-label="Drop this condition">
                    "×"
                </a>
            </li>
        }
        .into_any()
    };
    let trace = filter.trace.map(|trace| {
        let what = if filter.span.is_some() {
            "one span of trace"
        } else {
            "trace"
        };
        let href = TraceUrl::of(trace).to_string();
        let all = filter.of_all_traces().href();
        view! {
            <li>
                <span>
                    "Only of " {what} " " <a href=href>{trace.to_string()}</a>
                </span>
                <a href=all>"Show those of all traces"</a>
            </li>
        }
        .into_any()
    });
    let values = filter.values.iter().map(|wanted| {
        let sign = match wanted.sense {
            Sense::Is => "is",
            Sense::IsNot => "is not",
        };
        let words = format!("{} {sign} {}", visible(&wanted.key), visible(&wanted.value));
        chip(words, filter.toggled(wanted).href())
    });
    let chips: Vec<AnyView> = trace.into_iter().chain(values).collect();
    (!chips.is_empty())
        .then(|| view! { <ul class="chips" aria-label="Conditions">{chips}</ul> }.into_any())
}

/// Which lines these are, and the way to the others.
fn pages(shown: &[LogRecord], n_read: u64, next: Option<Place>, filter: &Filter) -> AnyView {
    let (first, other, word) = match filter.order {
        LogOrder::Newest => ("newest", LogOrder::Oldest, "Oldest first"),
        LogOrder::Oldest => ("oldest", LogOrder::Newest, "Newest first"),
    };
    let n = format::counted(shown.len() as u64, "line", "lines");
    let from = if filter.cursor.is_some() {
        "The next "
    } else {
        ""
    };
    let searched = (!filter.values.is_empty()).then(|| {
        let read = format::counted(n_read, "line", "lines");
        format!(" {read} were searched for the values.")
    });
    let words = match (next, filter.cursor) {
        (None, None) => format!("All {n} of {}, the {first} first.", filter.period.words()),
        (None, Some(_)) => format!("{from}{n}, up to the end."),
        (Some(_), _) => format!("{from}{n}, the {first} first; there are more."),
    };
    let to = |cursor: Option<Place>, word: &'static str| {
        let href = filter.with_cursor(cursor).href();
        view! {
            " "
            <a href=href>{word}</a>
        }
    };
    let back = filter
        .cursor
        .is_some()
        .then(|| to(None, "Back to the beginning"));
    let on = next.map(|next| to(Some(next), "Next lines"));
    let turn = filter.with_order(other).href();
    view! {
        <p class="traces-searched">
            {words} {searched} {back} {on} " " <a href=turn>{word}</a>
        </p>
    }
    .into_any()
}

fn nothing(filter: &Filter) -> AnyView {
    let title = format!(
        "No logs of {} in {} are like that",
        filter.namespace,
        filter.period.words()
    );
    let all = format!("{}?range=all", Section::Logs.href(&filter.namespace));
    let advice = (!filter.narrows()).then(|| {
        view! {
            "Agents log each request, tool and delegation; with "
            <code>"LOG_LEVEL=debug"</code>
            " also each step and model call. "
        }
    });
    view! {
        <Instead why=Why::Empty { title }>
            <p>{advice} <a href=all>"Show everything"</a></p>
        </Instead>
    }
    .into_any()
}
