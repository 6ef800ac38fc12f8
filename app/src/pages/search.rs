//! Search for who has no scripts, or wants to send the result to somebody.

use leptos::prelude::*;

use super::params::{namespace, ports, query_param};
use crate::{
    components::{
        button::{SubmitButton, Weight},
        instead::{Instead, Why},
        page_head::PageHead,
    },
    frame::{Crumb, Frame, Section},
    search::Hit,
    site::search::find,
};

/// `/search?q=…`.
#[component]
pub(crate) fn SearchPage() -> impl IntoView {
    let ports = ports();
    let words = query_param("q").unwrap_or_default();
    let namespace = query_param("ns").unwrap_or_else(namespace);
    let results = {
        let (words, namespace) = (words.clone(), namespace.clone());
        Suspend::new(async move {
            let hits = find(&ports, &namespace, &words).await;
            results(hits, &words)
        })
    };
    view! {
        <Frame section=Section::Aside title="Search" crumbs=vec![Crumb::here("search")]>
            <PageHead title="Search" />
            <form class="search-form" method="get" role="search">
                <input type="hidden" name="ns" value=namespace />
                <label class="visually-hidden" for="search-words">
                    "Words to search for"
                </label>
                <input
                    id="search-words"
                    type="search"
                    name="q"
                    value=words
                    autocomplete="off"
                    data-keys="/"
                />
                <SubmitButton weight=Weight::Primary>"Search"</SubmitButton>
            </form>
            {results}
        </Frame>
    }
}

fn results(hits: Vec<Hit>, words: &str) -> AnyView {
    if hits.is_empty() {
        let title = format!("Nothing has a name like \"{words}\"");
        return view! {
            <Instead why=Why::Empty { title }>
                <p>"Names of agents, MCP servers, their tools, model APIs and secrets are searched, and ids of traces."</p>
            </Instead>
        }
        .into_any();
    }
    let mut groups: Vec<(String, Vec<Hit>)> = Vec::new();
    for hit in hits {
        match groups.last_mut() {
            Some((group, hits)) if *group == hit.group => hits.push(hit),
            _ => groups.push((hit.group.clone(), vec![hit])),
        }
    }
    groups.into_iter().map(group).collect_view().into_any()
}

fn group((name, hits): (String, Vec<Hit>)) -> impl IntoView {
    let line = |hit: Hit| {
        view! {
            <li>
                <a href=hit.href>{hit.label}</a>
                <span>{hit.detail}</span>
            </li>
        }
    };
    view! {
        <section class="search-group">
            <h2>{name}</h2>
            <ul>{hits.into_iter().map(line).collect_view()}</ul>
        </section>
    }
}
