//! Above the map: search, kinds, and the size of the picture.

use leptos::{ev, prelude::*};

use super::Map;
use crate::{
    components::icon::{Icon, Symbol},
    format,
    kinds::Kind,
};

pub(super) fn view(map: Map) -> AnyView {
    view! {
        <div class="toolbar">
            {search(map)} {kinds(map)} <p class="toolbar-count" role="status">
                {move || found(map)}
            </p>
            {zoom(map)}
        </div>
    }
    .into_any()
}

fn search(map: Map) -> AnyView {
    let words = map.view.with_untracked(|view| view.words.clone());
    let hidden = move || {
        map.view.with(|view| {
            let hidden: Vec<_> = view.hidden.iter().map(|kind| kind.plural()).collect();
            hidden.join(",")
        })
    };
    view! {
        <form class="toolbar-filter" method="get" role="search" on:submit=move |event: ev::SubmitEvent| event.prevent_default()>
            <label class="visually-hidden" for="map-words">
                "Search the map"
            </label>
            <input
                id="map-words"
                type="search"
                name="q"
                placeholder="Search"
                autocomplete="off"
                spellcheck="false"
                value=words
                data-keys="/"
                node_ref=map.search
                on:input=move |event| {
                    let words = event_target_value(&event);
                    map.change(|view| view.words = words);
                }
            />
            <input type="hidden" name="hide" value=hidden />
            <noscript>
                <button class="button" type="submit">
                    "Search"
                </button>
            </noscript>
        </form>
    }
    .into_any()
}

/// A link per kind, which hides it or shows it again.
fn kinds(map: Map) -> AnyView {
    let link = move |kind: Kind| {
        let is_shown = move || map.view.with(|view| !view.hidden.contains(&kind));
        let href = move || map.view.with(|view| view.toggled(kind).href(&map.path()));
        let press = move |event: ev::MouseEvent| {
            event.prevent_default();
            map.seen.set(None);
            map.change(|view| *view = view.toggled(kind));
        };
        view! {
            <li>
                <a
                    class="chip"
                    class=("chip--on", is_shown)
                    href=href
                    aria-current=move || is_shown().then_some("true")
                    on:click=press
                >
                    {kind.heading()}
                </a>
            </li>
        }
    };
    view! { <ul class="chips" aria-label="Kinds shown">{Kind::OWN.map(link).into_iter().collect_view()}</ul> }
        .into_any()
}

fn found(map: Map) -> String {
    map.picture.with(|(graph, _)| {
        let all = format::counted(graph.nodes.len() as u64, "resource", "resources");
        map.view.with(|view| {
            if view.words.trim().is_empty() {
                return all;
            }
            let hits = graph.nodes.iter().filter(|node| view.hits(node)).count();
            format!("{hits} of {all}")
        })
    })
}

fn zoom(map: Map) -> AnyView {
    let button = |symbol: Symbol, label: &'static str, press: Box<dyn Fn(ev::MouseEvent)>| {
        view! {
            <button class="icon-button" type="button" aria-label=label title=label on:click=press>
                <Icon symbol />
            </button>
        }
    };
    view! {
        <div class="toolbar-selection needs-scripts">
            {button(Symbol::Plus, "Nearer", Box::new(move |_| map.zoom(0.8)))}
            {button(Symbol::Minus, "Further", Box::new(move |_| map.zoom(1.25)))}
            {button(Symbol::Fit, "Show all", Box::new(move |_| map.seen.set(None)))}
        </div>
    }
    .into_any()
}
