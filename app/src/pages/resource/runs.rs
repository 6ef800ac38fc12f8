//! The runs of one agent.

use api::traces::{TraceQuery, TraceSummary};
use leptos::prelude::*;

use super::{head::Page, page::partial, tab::tab};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        trace_list::TraceList,
    },
    kinds::Kind,
    pages::{
        params::now,
        period::Period,
        range::Range,
        traces::{
            query::{Condition, Name},
            traces_href,
        },
    },
};

/// Runs listed; older ones are found among the traces.
const MOST: u32 = 200;

/// `/ns/{ns}/agents/{name}/runs`.
#[component]
pub(crate) fn RunsPage(name: String) -> impl IntoView {
    tab(
        (Kind::Agent, name, Page::Runs),
        |ports, about| async move {
            let query = TraceQuery {
                service: Some(about.id.name.clone()),
                namespace: Some(about.id.namespace.clone()),
                limit: MOST,
                ..TraceQuery::default()
            };
            let runs = ports.traces.search(&query).await;
            Ok(runs.map_err(|error| error.to_string()))
        },
        |about, runs| {
            let service = Condition::Name(Name::Service, about.id.name.clone());
            let period = Period::Last(Range::called("all", "all"));
            let all = traces_href(&about.id.namespace, service, period);
            let chat = about.href(Page::Chat);
            match runs {
                Err(message) => partial("The list of runs", &message),
                Ok(runs) if runs.is_empty() => none(&about.id.name, chat),
                Ok(runs) => list(&about.id.name, runs, all),
            }
        },
    )
}

fn none(name: &str, chat: String) -> AnyView {
    view! {
        <Instead why=Why::Empty { title: format!("No runs of {name} yet") }>
            <p>"Every answer leaves a trace, which is listed here as a run."</p>
            <LinkButton href=chat weight=Weight::Primary>
                "Ask it something"
            </LinkButton>
        </Instead>
    }
    .into_any()
}

fn list(name: &str, runs: Vec<TraceSummary>, all: String) -> AnyView {
    let words = match runs.len() {
        n if n < MOST as usize => format!("All {n} runs that are kept."),
        n => format!("The newest {n} runs."),
    };
    view! {
        <p class="panel-note">{words} " " <a href=all>"Filter them among the traces"</a></p>
        <TraceList label=format!("Runs of {name}") traces=runs now=now() />
    }
    .into_any()
}
