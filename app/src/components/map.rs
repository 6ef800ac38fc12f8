//! The map of a namespace: it follows what happens, and answers to pointer and keys.
//!
//! The picture is in the page as the server drew it; every node is a link, so it works without
//! scripts too.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

#[cfg(feature = "hydrate")]
mod browser;
mod draw;
mod panel;
mod toolbar;
mod view_box;

use leptos::{ev, html, prelude::*, svg};
use serde::{Deserialize, Serialize};

use crate::{
    kinds::Kind,
    live,
    map::{self, Graph, Layout, Node, Thing, Traffic},
    url::with_query,
};
use view_box::ViewBox;

/// What of the map is shown; everything of it is in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapView {
    /// Words that nodes are searched for.
    pub words: String,
    /// Kinds that are not shown.
    pub hidden: Vec<Kind>,
    /// The key of the node that is chosen.
    pub focus: Option<String>,
    /// The range of time whose calls are shown, as addresses call it; the usual one when empty.
    pub range: String,
}

impl MapView {
    /// What the query of an address asks for.
    pub fn of(query: &[(String, String)]) -> Self {
        let one = |name: &str| {
            let found = query
                .iter()
                .find(|(key, value)| key == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        };
        let hidden = one("hide").unwrap_or_default();
        Self {
            words: one("q").unwrap_or_default(),
            hidden: hidden.split(',').filter_map(Kind::of_plural).collect(),
            focus: one("focus"),
            range: one("range").unwrap_or_default(),
        }
    }

    /// The address of this view of the map at `path`.
    pub fn href(&self, path: &str) -> String {
        let hidden: Vec<_> = self.hidden.iter().map(|kind| kind.plural()).collect();
        let focus = self.focus.clone().unwrap_or_default();
        with_query(
            path,
            &[
                ("q", &self.words),
                ("hide", &hidden.join(",")),
                ("focus", &focus),
                ("range", &self.range),
            ],
        )
    }

    fn hits(&self, node: &Node) -> bool {
        let words = self.words.trim().to_lowercase();
        !words.is_empty() && node.id.name.to_lowercase().contains(&words)
    }

    /// The view with a kind hidden that was shown, or shown that was hidden.
    fn toggled(&self, kind: Kind) -> Self {
        let mut view = self.clone();
        if view.hidden.contains(&kind) {
            view.hidden.retain(|hidden| *hidden != kind);
        } else if view.hidden.len() + 1 < Kind::OWN.len() {
            view.hidden.push(kind);
        }
        view
    }
}

/// The graph and where it is drawn.
type Picture = (Graph, Layout);

/// What the parts of the map share.
#[derive(Clone, Copy)]
struct Map {
    namespace: StoredValue<String>,
    view: RwSignal<MapView>,
    /// What went over the edges; none while nobody knows.
    traffic: RwSignal<Option<Traffic>>,
    picture: Memo<Picture>,
    /// What of the picture is seen; all of it when none.
    seen: RwSignal<Option<ViewBox>>,
    svg: NodeRef<svg::Svg>,
    search: NodeRef<html::Input>,
    /// Whether the picture is being moved by the pointer.
    is_moved: StoredValue<bool>,
}

impl Map {
    fn path(self) -> String {
        self.namespace
            .with_value(|namespace| format!("/ns/{namespace}/map"))
    }

    /// Changes what is shown, and the address with it.
    fn change(self, change: impl FnOnce(&mut MapView)) {
        self.view.update(change);
        #[cfg(feature = "hydrate")]
        crate::browser::replace_address(&self.view.with_untracked(|view| view.href(&self.path())));
    }

    fn whole(self) -> ViewBox {
        self.picture.with(|(_, layout)| ViewBox::of(layout))
    }

    fn zoom(self, factor: f64) {
        let whole = untrack(|| self.whole());
        self.seen.update(|seen| {
            let now = seen.unwrap_or(whole);
            *seen = Some(now.zoomed(factor, now.centre()));
        });
    }
}

/// The map and its toolbar.
#[island(lazy)]
pub fn ResourceMap(
    /// The namespace it follows, or all.
    namespace: String,
    /// Its resources when the page was drawn.
    things: Vec<Thing>,
    /// What of them is shown.
    view: MapView,
    /// What went over its edges lately; none when the store could not say.
    traffic: Option<Traffic>,
) -> impl IntoView {
    let things = RwSignal::new(things);
    let view = RwSignal::new(view);
    let traffic = RwSignal::new(traffic);
    let picture = Memo::new(move |_| {
        let mut things = things.get();
        view.with(|view| things.retain(|thing| !view.hidden.contains(&thing.kind)));
        let mut graph = Graph::of(&things);
        view.with(|view| hide_ghosts(&mut graph, view));
        traffic.with(|traffic| {
            if let Some(traffic) = traffic {
                traffic.add_undeclared(&mut graph);
            }
        });
        let layout = map::lay_out(&graph);
        (graph, layout)
    });
    let map = Map {
        namespace: StoredValue::new(namespace),
        view,
        traffic,
        picture,
        seen: RwSignal::new(None),
        svg: NodeRef::new(),
        search: NodeRef::new(),
        is_moved: StoredValue::new(false),
    };
    #[cfg(feature = "hydrate")]
    browser::follow_traffic(map);
    Effect::new(move || {
        for kind in Kind::OWN {
            let topic = map
                .namespace
                .with_value(|name| live::topic(name, kind.plural()));
            live::subscribe(topic, move |message| {
                things.update(|things| map::apply(things, kind, message));
            });
        }
    });
    let box_of = move || {
        let seen = map.seen.get().unwrap_or_else(|| map.whole());
        seen.to_string()
    };
    view! {
        <div class="map">
            {toolbar::view(map)}
            <div class="map-canvas">
                <svg
                    class="map-picture"
                    node_ref=map.svg
                    viewBox=box_of
                    role="group"
                    aria-label="Map"
                    on:wheel=move |event| turned(map, &event)
                    on:pointerdown=move |event| pressed(map, &event)
                    on:keydown=move |event| key(map, &event)
                >
                    {move || map.picture.with(|picture| draw::edges(map, picture))}
                    {move || map.picture.with(|picture| draw::nodes(map, picture))}
                </svg>
                {move || panel::view(map)}
            </div>
        </div>
    }
    .into_any()
}

/// A kind that is hidden has no ghosts either.
fn hide_ghosts(graph: &mut Graph, view: &MapView) {
    let keeps: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| node.state.is_some() || !view.hidden.contains(&node.kind))
        .collect();
    let mut places = Vec::with_capacity(keeps.len());
    let mut next = 0;
    for keep in &keeps {
        places.push(next);
        next += usize::from(*keep);
    }
    graph.edges.retain(|(from, to)| keeps[*from] && keeps[*to]);
    for (from, to) in &mut graph.edges {
        (*from, *to) = (places[*from], places[*to]);
    }
    let mut kept = keeps.iter();
    graph.nodes.retain(|_| kept.next().copied().unwrap_or(true));
}

fn turned(map: Map, event: &ev::WheelEvent) {
    #[cfg(feature = "hydrate")]
    browser::turned(map, event);
    #[cfg(not(feature = "hydrate"))]
    let _ = (map.svg, event);
}

fn pressed(map: Map, event: &ev::PointerEvent) {
    #[cfg(feature = "hydrate")]
    browser::pressed(map, event);
    #[cfg(not(feature = "hydrate"))]
    let _ = (map.is_moved, event);
}

fn key(map: Map, event: &ev::KeyboardEvent) {
    #[cfg(feature = "hydrate")]
    browser::key(map, event);
    #[cfg(not(feature = "hydrate"))]
    let _ = (map.search, event);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_one_kind_is_shown() {
        let view = MapView::default();
        let view = view.toggled(Kind::Agent).toggled(Kind::ModelApi);
        assert_eq!(view.hidden, [Kind::Agent, Kind::ModelApi]);
        assert_eq!(view.toggled(Kind::McpServer), view);
        assert_eq!(view.toggled(Kind::Agent).hidden, [Kind::ModelApi]);
    }

    #[test]
    fn what_is_shown_is_in_the_address() {
        let query = [
            ("q", "calc"),
            ("hide", "modelapis,pods"),
            ("focus", "agents/team/a"),
        ];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let view = MapView::of(&query);
        let expected = "/ns/team/map?q=calc&hide=modelapis&focus=agents%2Fteam%2Fa";
        assert_eq!(view.href("/ns/team/map"), expected);
    }
}
