//! About the node that is chosen.

use leptos::prelude::*;

use super::Map;
use crate::{
    components::{
        icon::{Icon, Symbol},
        live_status::state_view,
    },
    kinds::Kind,
    map::{Graph, Node},
};

pub(super) fn view(map: Map) -> Option<AnyView> {
    let focus = map.view.with(|view| view.focus.clone())?;
    map.picture.with(|(graph, _)| {
        let index = graph.nodes.iter().position(|node| node.key() == focus)?;
        Some(about(map, graph, index))
    })
}

fn about(map: Map, graph: &Graph, index: usize) -> AnyView {
    let node = &graph.nodes[index];
    let Node {
        kind, id, state, ..
    } = node.clone();
    let page = kind.href(&id.namespace, &id.name);
    let actions = match state {
        Some(_) => actions(kind, &page),
        None => vec![(
            "Create it",
            format!("{}?name={}", kind.new_href(&id.namespace), id.name),
        )],
    };
    let actions = actions.into_iter().map(|(word, href)| {
        view! {
            <a class="button" href=href>
                {word}
            </a>
        }
    });
    let actions = actions.collect_view();
    let needs = names("Uses", graph.used_by(index));
    let users = names("Used by", graph.users_of(index));
    view! {
        <aside class="map-panel" aria-label="Chosen resource">
            <header class="map-panel-head">
                <h2>
                    <a href=page>{id.name}</a>
                </h2>
                <button
                    class="icon-button"
                    type="button"
                    aria-label="Close"
                    on:click=move |_| map.change(|view| view.focus = None)
                >
                    <Icon symbol=Symbol::Close />
                </button>
            </header>
            <p class="map-panel-kind">{kind.noun()}</p>
            <p>{state_view(state)}</p>
            {needs}
            {users}
            <div class="map-panel-actions">{actions}</div>
        </aside>
    }
    .into_any()
}

fn actions(kind: Kind, page: &str) -> Vec<(&'static str, String)> {
    let own = match kind {
        Kind::Agent => Some(("Chat", format!("{page}/chat"))),
        Kind::McpServer => Some(("Tools", format!("{page}/tools"))),
        Kind::ModelApi => Some(("Try", format!("{page}/debug"))),
        Kind::Secret => None,
    };
    let all = [
        ("Edit", format!("{page}/edit")),
        ("YAML", format!("{page}/yaml")),
    ];
    own.into_iter().chain(all).collect()
}

fn names<'a>(what: &'static str, nodes: impl Iterator<Item = &'a Node>) -> Option<AnyView> {
    let links: Vec<_> = nodes
        .map(|node| {
            let href = node.kind.href(&node.id.namespace, &node.id.name);
            view! {
                <li>
                    <a href=href>{node.id.name.clone()}</a>
                    <span>{node.kind.noun()}</span>
                </li>
            }
        })
        .collect();
    (!links.is_empty()).then(|| {
        view! {
            <h3>{what}</h3>
            <ul class="map-panel-names">{links}</ul>
        }
        .into_any()
    })
}
