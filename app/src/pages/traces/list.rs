//! The traces of a namespace: asked for in a small language, with what they have in common beside them.

mod asked;
mod facets;
mod form;
pub(crate) mod glance;
mod load;
mod matching;
mod pictures;
mod plan;
mod saved;
mod table;
#[cfg(test)]
mod tests;

use api::telemetry::SavedSearch;
use leptos::prelude::*;

pub(crate) use asked::{Asked, all_of, traces_href};
pub(crate) use load::load;

use super::{import, query::Term};
use crate::{
    components::{
        instead::{Instead, Why},
        page_head::{Actions, PageHead},
    },
    format,
    frame::{Crumb, Frame, Section, failed},
    kinds::{ALL_NAMESPACES, Kind},
    pages::{
        params::{now_ns, ports},
        period::{Period, written},
    },
};
use load::{Found, ROWS};

/// `/ns/{ns}/traces?q=&range=&from=&to=&sort=&view=&row=&cursor=`.
#[component]
pub(crate) fn TracesPage() -> impl IntoView {
    let ports = ports();
    let asked = Asked::requested();
    let searches = ports.notebook.searches(&asked.namespace);
    let list = Suspend::new(async move {
        // A query that is not understood is shown with what is wrong, and nothing is searched.
        if asked.query.is_err() {
            return top(&asked, &searches, None);
        }
        match load(&ports, &asked).await {
            Ok(found) => draw(&found, &asked, &searches),
            Err(failure) => view! {
                {top(&asked, &searches, None)}
                {failed("The list of traces", &failure)}
            }
            .into_any(),
        }
    });
    view! {
        <Frame section=Section::Traces title="Traces" crumbs=vec![Crumb::here("traces")]>
            <div class="traces">{list}</div>
        </Frame>
    }
}

/// The heading, and the ways to take traces along and to bring some.
fn head(asked: &Asked, found: Option<&Found>) -> AnyView {
    if ports().files.is_none() {
        return view! { <PageHead title="Traces" /> }.into_any();
    }
    let import = import::form(&asked.namespace);
    let export = found
        .filter(|found| !found.matches.is_empty())
        .map(|found| {
            let runs = format::counted(found.matches.len() as u64, "run", "runs");
            view! {
                <a
                    class="button"
                    href=asked.file_href()
                    download
                    title=format!("{runs} with their logs, as OTLP in JSON")
                >
                    "Export"
                </a>
            }
        });
    view! {
        <PageHead title="Traces">
            <Actions>
                <button class="button" type="button" popovertarget="import">
                    "Import"
                </button>
                <div id="import" class="menu" popover="auto">
                    {import}
                </div>
                {export}
            </Actions>
        </PageHead>
    }
    .into_any()
}

/// The heading, the form and the searches that have names.
fn top(asked: &Asked, searches: &[SavedSearch], found: Option<&Found>) -> AnyView {
    view! {
        {head(asked, found)}
        {form::form(asked, found)}
        {saved::saved(searches, asked)}
    }
    .into_any()
}

fn draw(found: &Found, asked: &Asked, named: &[SavedSearch]) -> AnyView {
    let top = top(asked, named, Some(found));
    let searched = searched(found, asked);
    if found.matches.is_empty() {
        return view! {
            {top}
            {searched}
            {nothing(found, asked)}
        }
        .into_any();
    }
    view! {
        {top}
        {pictures::picture(&found.matches, asked)}
        {searched}
        <div class="traces-sides">
            {facets::facets(&found.matches, asked)}
            <div class="traces-list">{table::table(found, asked)} {pages(found, asked)}</div>
        </div>
    }
    .into_any()
}

/// What was searched and by whom, and how to search on.
fn searched(found: &Found, asked: &Asked) -> AnyView {
    let n = format::counted(found.matches.len() as u64, "run matches", "runs match");
    let time = asked.period.words();
    let looked = format::count(found.n_looked_at);
    let words = match (&found.older, found.plan.trace) {
        (None, Some(_)) => format!("{n}."),
        (Some(_), _) => format!("Searched the newest {looked} traces of {time}: {n}."),
        (None, None) => format!("Searched all of {time}: {n}."),
    };
    let older = found.older.map(|cursor| {
        let href = asked.with_after(cursor).href();
        view! {
            " "
            <a href=href>"Search older"</a>
        }
    });
    let from = asked.after.map(|_| {
        let href = Asked {
            after: None,
            row: 0,
            ..asked.clone()
        }
        .href();
        view! {
            " Newer ones are left out. "
            <a href=href>"Back to the newest"</a>
        }
    });
    let too_large = (found.n_too_large > 0).then(|| {
        let n = format::counted(found.n_too_large, "trace is", "traces are");
        format!(" {n} too large to be searched for words or tags.")
    });
    view! {
        <p class="traces-searched">
            {words} {older} {from} {too_large} {who(found)}
        </p>
    }
    .into_any()
}

/// Which conditions the backend answered and which were looked at here, when there are both or the latter.
fn who(found: &Found) -> Option<AnyView> {
    let here = &found.plan.here;
    if here.is_empty() {
        return None;
    }
    let list = |terms: &[Term]| {
        let codes = terms.iter().map(|term| {
            let term = crate::untrusted::visible(&term.to_string()).into_owned();
            view! {
                " "
                <code>{term}</code>
            }
        });
        codes.collect_view()
    };
    let asked = (!found.plan.asked.is_empty()).then(|| {
        view! {
            " The store was asked for"
            {list(&found.plan.asked)}
            ";"
        }
    });
    Some(
        view! {
            {asked}
            " each trace was looked at for"
            {list(here)}
            "."
        }
        .into_any(),
    )
}

/// Which rows these are, and the way to the others.
fn pages(found: &Found, asked: &Asked) -> Option<AnyView> {
    let n = found.matches.len();
    if n <= ROWS && asked.row == 0 {
        return None;
    }
    let to = |row: usize, word: &'static str| {
        let href = asked.with_row(row, found.newest).href();
        view! {
            " "
            <a class="button" href=href>
                {word}
            </a>
        }
    };
    let last = (asked.row + ROWS).min(n);
    let previous = (asked.row > 0).then(|| to(asked.row.saturating_sub(ROWS), "Previous rows"));
    let next = (last < n).then(|| to(last, "Next rows"));
    Some(
        view! {
            <p class="traces-pages">
                {format!("Rows {} to {last} of {n}.", asked.row + 1)} {previous} {next}
            </p>
        }
        .into_any(),
    )
}

/// Why there is nothing, and what to do next.
fn nothing(found: &Found, asked: &Asked) -> AnyView {
    let namespace = asked.namespace.as_str();
    let of = match namespace {
        ALL_NAMESPACES => "any namespace".to_owned(),
        namespace => namespace.to_owned(),
    };
    let time = asked.period.words();
    let query = asked.understood();
    if !query.terms.is_empty() {
        let fewer = query.terms.iter().enumerate().map(|(place, term)| {
            let href = asked.with_query(&query.without(place)).href();
            let term = crate::untrusted::visible(&term.to_string()).into_owned();
            view! {
                <li>
                    <a href=href>"Without " <code>{term}</code></a>
                </li>
            }
        });
        let fewer = fewer.collect_view();
        let all = Section::Traces.href(namespace);
        return view! {
            <Instead why=Why::Empty { title: format!("No trace of {of} in {time} meets all conditions") }>
                <ul>{fewer}</ul>
                <p>
                    <a href=all>"Show all traces"</a>
                </p>
            </Instead>
        }
        .into_any();
    }
    let agents = Kind::Agent.list_href(namespace);
    let newest = found.newest_ever_ns.map(|ns| newest(ns, asked));
    view! {
        <Instead why=Why::Empty { title: format!("No traces of {of} in {time}") }>
            <p>"A trace is written each time an agent answers. Ask one: its trace is here a second later."</p>
            <p>
                <a href=agents>"Choose an agent"</a>
                {newest}
            </p>
        </Instead>
    }
    .into_any()
}

/// The way to the newest trace, when it is older than what was asked for.
fn newest(start_ns: u64, asked: &Asked) -> AnyView {
    const AROUND_NS: u64 = 3_600 * 1_000_000_000;
    let seconds = now_ns().saturating_sub(start_ns) / 1_000_000_000;
    let ago = format::ago(i64::try_from(seconds).unwrap_or(i64::MAX));
    let around = api::telemetry::Window {
        from_ns: start_ns.saturating_sub(AROUND_NS),
        to_ns: start_ns.saturating_add(AROUND_NS),
    };
    let href = asked.with_period(Period::Between(around)).href();
    let title = written(start_ns);
    view! {
        ". The newest trace is from "
        <time datetime=title.clone() title=title>
            {ago}
        </time>
        ": "
        <a href=href>"show it"</a>
    }
    .into_any()
}
