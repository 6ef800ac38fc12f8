//! The picture: boxes and lines.

use leptos::{ev, prelude::*};

use super::{Map, Picture};
use crate::{
    components::{icon::Symbol, status_mark::Mark},
    kinds::Kind,
    map::{EdgeUse, NODE_HEIGHT, NODE_WIDTH, Node, Place},
    rows::State,
};

/// Letters that a node has room for.
const MOST_LETTERS: usize = 22;

/// Edges whose numbers are written beside them; with more of them nobody could read any.
const MOST_LABELS: usize = 30;

pub(super) fn edges(map: Map, (graph, layout): &Picture) -> Vec<AnyView> {
    let traffic = map.traffic.get();
    let is_sparse = graph.edges.len() <= MOST_LABELS;
    let edge = |(ends, route): (&(usize, usize), &Vec<Place>)| {
        let (from, to) = (&graph.nodes[ends.0], &graph.nodes[ends.1]);
        let is_used = graph.edge_use(*ends, traffic.as_ref());
        let flow = traffic.as_ref().and_then(|traffic| {
            let flow = traffic.flow(&from.id.name, &to.id.name)?;
            Some((traffic.words(flow), flow.n_errors > 0))
        });
        let has_errors = flow.as_ref().is_some_and(|(_, has_errors)| *has_errors);
        let class = match (to.state.is_none(), is_used, has_errors) {
            (true, ..) => "map-edge map-edge--ghost",
            (_, EdgeUse::Undeclared, _) => "map-edge map-edge--undeclared",
            (_, EdgeUse::Unused, _) => "map-edge map-edge--unused",
            (_, EdgeUse::Used, true) => "map-edge map-edge--used map-edge--failing",
            (_, EdgeUse::Used, false) => "map-edge map-edge--used",
            (_, EdgeUse::Unknown, _) => "map-edge",
        };
        let title = flow
            .as_ref()
            .map(|(words, _)| format!("{} calls {}: {words}", from.id.name, to.id.name));
        let label = flow.filter(|_| is_sparse).and_then(|(words, _)| {
            let place = beside(route)?;
            Some(view! {
                <text class="map-edge-label" x=place.x y=place.y - 4>
                    {words}
                </text>
            })
        });
        view! {
            <path
                class=class
                d=path(route)
                data-testid="map-edge"
                data-from=from.id.name.clone()
                data-to=to.id.name.clone()
                data-use=is_used.as_str()
            >
                {title.map(|title| view! { <title>{title}</title> })}
            </path>
            {label}
        }
        .into_any()
    };
    graph.edges.iter().zip(&layout.routes).map(edge).collect()
}

/// Where the words of an edge stand: on its last level piece, which no other edge to there shares.
fn beside(route: &[Place]) -> Option<Place> {
    let level = |pair: &&[Place]| pair[0].y == pair[1].y && pair[0].x != pair[1].x;
    let piece = route.windows(2).rfind(level)?;
    Some(Place {
        x: piece[0].x.min(piece[1].x) + 2,
        y: piece[0].y,
    })
}

fn path(route: &[Place]) -> String {
    let point = |(index, point): (usize, &Place)| {
        let pen = if index == 0 { 'M' } else { 'L' };
        [pen.to_string(), format!("{} {}", point.x, point.y)]
    };
    route.iter().enumerate().flat_map(point).collect()
}

pub(super) fn nodes(map: Map, (graph, layout): &Picture) -> Vec<AnyView> {
    // One node is reached by Tab: the one chosen, else the first. The arrows lead to the others.
    let focus = map.view.with_untracked(|view| view.focus.clone());
    let first = graph.nodes.first().map(Node::key);
    let chosen = focus.filter(|focus| graph.nodes.iter().any(|node| node.key() == *focus));
    let entry = chosen.or(first);
    let node = |(index, (node, place)): (usize, (&Node, &Place))| {
        let calls: Vec<_> = graph
            .used_by(index)
            .map(|used| used.id.name.clone())
            .collect();
        draw(
            map,
            node,
            *place,
            (&calls, entry.as_ref() == Some(&node.key())),
        )
    };
    let nodes = graph.nodes.iter().zip(&layout.places).enumerate();
    nodes.map(node).collect()
}

fn draw(map: Map, node: &Node, place: Place, (calls, is_entry): (&[String], bool)) -> AnyView {
    let Node {
        kind,
        id,
        state,
        line,
    } = node.clone();
    let key = node.key();
    let href = match state {
        Some(_) => kind.href(&id.namespace, &id.name),
        None => ghost_href(kind, &id.namespace, &id.name),
    };
    let (symbol, word, tone) = look(state.as_ref());
    // One text: in SVG a second class would be a second attribute.
    let class = {
        let (node, key) = (node.clone(), key.clone());
        move || {
            let base = format!("map-node map-node--{} map-node--{tone}", kind.plural());
            map.view.with(|view| {
                let is_hit = view.hits(&node);
                let is_dimmed = !is_hit && !view.words.trim().is_empty();
                let is_chosen = view.focus.as_ref() == Some(&key);
                let states = [
                    (is_hit, " map-node--hit"),
                    (is_dimmed, " map-node--dimmed"),
                    (is_chosen, " map-node--chosen"),
                ];
                let on = states.iter().filter(|(is_on, _)| *is_on);
                on.fold(base, |class, (_, state)| class + state)
            })
        }
    };
    let choose = {
        let key = key.clone();
        move |event: ev::MouseEvent| {
            // A click chooses, Enter and a double click open; so do a new tab and no scripts.
            let is_plain = !event.ctrl_key() && !event.meta_key() && event.detail() == 1;
            if is_plain {
                event.prevent_default();
                map.change(|view| view.focus = Some(key.clone()));
            }
        }
    };
    let label = spoken(node, word, calls);
    // Inside of a group, so that the link is one of SVG.
    view! {
        <g><a
            class=class
            href=href
            tabindex=if is_entry { "0" } else { "-1" }
            aria-label=label
            transform=format!("translate({} {})", place.x, place.y)
            data-testid="map-node"
            data-key=key
            data-kind=kind.plural()
            data-name=id.name.clone()
            data-status=word
            on:click=choose
        >
            {shape(kind)} <use_
                class="icon map-node-state"
                href=format!("/icons.svg#{}", symbol.id())
                x="12"
                y="34"
                width="14"
                height="14"
            ></use_>
            <g class="map-node-tile">
                <rect x="12" y="10" width="14" height="14" rx="2"></rect>
                <text x="19" y="20.500">
                    {letter(kind)}
                </text>
            </g>
            <text class="map-node-name" x="34" y="21.500">
                {cut(&id.name)}
                <title>{id.name.clone()}</title>
            </text>
            <text class="map-node-line" x="34" y="45">
                {cut(&second_line(word, &line))}
            </text>
        </a></g>
    }
    .into_any()
}

/// An agent has corners, tools a notch, models round ends.
fn shape(kind: Kind) -> AnyView {
    let (width, height) = (NODE_WIDTH, NODE_HEIGHT);
    match kind {
        Kind::McpServer => {
            let d = format!("M0 0H{}L{width} 12V{height}H0z", width - 12);
            view! { <path class="map-node-shape" d=d></path> }.into_any()
        }
        Kind::Agent | Kind::ModelApi | Kind::Secret => {
            let radius = match kind {
                Kind::ModelApi => "28",
                _ => "3",
            };
            view! {
                <rect class="map-node-shape" width=width height=height rx=radius></rect>
            }
            .into_any()
        }
    }
}

fn letter(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "A",
        Kind::McpServer => "T",
        Kind::ModelApi => "M",
        Kind::Secret => "S",
    }
}

fn look(state: Option<&State>) -> (Symbol, &'static str, &'static str) {
    match state {
        None => (Symbol::StateFailed, "does not exist", "ghost"),
        Some(state) => {
            let mark = Mark::from(state.phase);
            (mark.symbol(), state.phase.as_str(), mark.tone())
        }
    }
}

fn second_line(word: &str, line: &str) -> String {
    match (word, line) {
        ("does not exist", _) => word.to_owned(),
        (word, "") => word.to_owned(),
        (word, line) => format!("{word} · {line}"),
    }
}

/// Where a ghost is made real.
fn ghost_href(kind: Kind, namespace: &str, name: &str) -> String {
    format!("{}?name={name}", kind.new_href(namespace))
}

fn spoken(node: &Node, word: &str, calls: &[String]) -> String {
    let calls = match calls {
        [] => String::new(),
        [one] => format!(", calls {one}"),
        [most @ .., last] => format!(", calls {} and {last}", most.join(", ")),
    };
    format!(
        "{}, {}, {}{calls}",
        node.id.name,
        node.kind.noun(),
        word.to_lowercase()
    )
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
