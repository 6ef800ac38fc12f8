//! Pointer and keys on the map.

use std::{cell::Cell, rc::Rc, time::Duration};

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, SvgElement};

use super::{Map, ViewBox};
use crate::{
    browser,
    map::{NODE_HEIGHT, NODE_WIDTH, Place, Traffic},
};

/// How often what goes over the edges is asked for, while somebody looks.
const AGAIN: Duration = Duration::from_secs(5);

/// How much one turn of the wheel is.
const TURN: f64 = 1.1;

/// Keeps the numbers of the edges up to date. What cannot be read now stays as it was.
pub(super) fn follow_traffic(map: Map) {
    let ask = move || {
        if document().hidden() {
            return;
        }
        let namespace = map.namespace.get_value();
        let range = map.view.with_untracked(|view| view.range.clone());
        spawn_local(async move {
            let path = format!(
                "/api/traffic?ns={}&range={}",
                browser::encoded(&namespace),
                browser::encoded(&range)
            );
            let answer = browser::get(&path).await;
            let traffic = answer.and_then(|answer| serde_json::from_str::<Traffic>(&answer).ok());
            if let Some(traffic) = traffic
                && map
                    .traffic
                    .with_untracked(|known| known.as_ref() != Some(&traffic))
            {
                map.traffic.set(Some(traffic));
            }
        });
    };
    // A browser that has no timers keeps what it has.
    drop(set_interval_with_handle(ask, AGAIN));
}

/// The wheel zooms around the pointer.
pub(super) fn turned(map: Map, event: &ev::WheelEvent) {
    // Without a key the wheel scrolls the page, as everywhere.
    if !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
        return;
    }
    event.prevent_default();
    let whole = untrack(|| map.whole());
    let seen = map.seen.get_untracked().unwrap_or(whole);
    let factor = if event.delta_y() > 0.0 {
        TURN
    } else {
        1.0 / TURN
    };
    let at = point(map, seen, (event.client_x(), event.client_y()));
    map.seen.set(Some(seen.zoomed(factor, at)));
}

/// A press beside the nodes takes hold of the picture until it ends.
pub(super) fn pressed(map: Map, event: &ev::PointerEvent) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let is_on_node = target.is_some_and(|target| target.closest("a").ok().flatten().is_some());
    if is_on_node || event.button() != 0 || map.is_moved.get_value() {
        return;
    }
    map.is_moved.set_value(true);
    let whole = untrack(|| map.whole());
    let start = map.seen.get_untracked().unwrap_or(whole);
    let from = (event.client_x(), event.client_y());
    let scale = scale(map, start);
    // Only the layer moves while the pointer does; a new part of the picture is a new layout of all of it.
    let moved = Rc::new(Cell::new((0, 0)));
    let last = Rc::clone(&moved);
    let moving = window_event_listener(ev::pointermove, move |event| {
        let by = (event.client_x() - from.0, event.client_y() - from.1);
        moved.set(by);
        shift(map, Some(by));
    });
    let ended = Closure::once_into_js(move || {
        moving.remove();
        map.is_moved.set_value(false);
        let (x, y) = last.get();
        shift(map, None);
        if (x, y) != (0, 0) {
            let by = (f64::from(-x) * scale, f64::from(-y) * scale);
            map.seen.set(Some(start.moved(by)));
        }
    });
    let options = web_sys::AddEventListenerOptions::new();
    options.set_once(true);
    drop(
        window().add_event_listener_with_callback_and_add_event_listener_options(
            "pointerup",
            ended.unchecked_ref(),
            &options,
        ),
    );
}

/// Draws the picture this many pixels of the window beside its place.
fn shift(map: Map, by: Option<(i32, i32)>) {
    let Some(svg) = map.svg.get_untracked() else {
        return;
    };
    let style = svg.style();
    // A browser without the property moves the picture when the pointer lets go of it.
    drop(match by {
        Some((x, y)) => style.set_property("transform", &format!("translate({x}px, {y}px)")),
        None => style.remove_property("transform").map(drop),
    });
}

/// The point of the picture under a point of the window.
fn point(map: Map, seen: ViewBox, (x, y): (i32, i32)) -> (f64, f64) {
    let Some(svg) = map.svg.get_untracked() else {
        return seen.centre();
    };
    let frame = svg.get_bounding_client_rect();
    let scale = scale(map, seen);
    let (centre_x, centre_y) = seen.centre();
    (
        centre_x + (f64::from(x) - frame.left() - frame.width() / 2.0) * scale,
        centre_y + (f64::from(y) - frame.top() - frame.height() / 2.0) * scale,
    )
}

/// Pixels of the picture for one of the window.
fn scale(map: Map, seen: ViewBox) -> f64 {
    let frame = map
        .svg
        .get_untracked()
        .map(|svg| svg.get_bounding_client_rect());
    frame.map_or(1.0, |frame| {
        (seen.width / frame.width().max(1.0)).max(seen.height / frame.height().max(1.0))
    })
}

/// Arrows lead to the nearest node, `n` to the next one found, `+`, `-` and `0` change the size.
pub(super) fn key(map: Map, event: &ev::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let is_done = match event.key().as_str() {
        "ArrowLeft" => go(map, (-1, 0)),
        "ArrowRight" => go(map, (1, 0)),
        "ArrowUp" => go(map, (0, -1)),
        "ArrowDown" => go(map, (0, 1)),
        "n" => next_hit(map),
        "+" => change(|| map.zoom(0.8)),
        "-" => change(|| map.zoom(1.25)),
        "0" => change(|| map.seen.set(None)),
        _ => false,
    };
    if is_done {
        event.prevent_default();
    }
}

fn change(change: impl FnOnce()) -> bool {
    change();
    true
}

fn focused_key() -> Option<String> {
    document().active_element()?.get_attribute("data-key")
}

/// Moves the focus to the nearest node in a direction.
fn go(map: Map, direction: (i32, i32)) -> bool {
    let Some(key) = focused_key() else {
        return false;
    };
    let next = map.picture.with_untracked(|(graph, layout)| {
        let own = graph.nodes.iter().position(|node| node.key() == key)?;
        let nearest = nearest(&layout.places, own, direction)?;
        Some(graph.nodes[nearest].key())
    });
    next.is_some_and(|next| focus(&next))
}

/// The node that is least far in a direction; what is aside counts double.
fn nearest(places: &[Place], own: usize, (right, down): (i32, i32)) -> Option<usize> {
    let from = places[own];
    let distance = |place: &Place| {
        let (x, y) = (place.x - from.x, place.y - from.y);
        let (ahead, aside) = if right == 0 {
            (y * down, x)
        } else {
            (x * right, y)
        };
        let least = if right == 0 { NODE_HEIGHT } else { NODE_WIDTH };
        (ahead >= least / 2).then_some(ahead + 2 * aside.abs())
    };
    let others = places.iter().enumerate().filter(|(place, _)| *place != own);
    let near = others.filter_map(|(index, place)| Some((distance(place)?, index)));
    near.min().map(|(_, index)| index)
}

/// The node after the current one that the words find.
fn next_hit(map: Map) -> bool {
    let now = focused_key();
    let hits: Vec<_> = map.picture.with_untracked(|(graph, _)| {
        map.view.with_untracked(|view| {
            let hits = graph.nodes.iter().filter(|node| view.hits(node));
            hits.map(crate::map::Node::key).collect()
        })
    });
    let place = hits.iter().position(|hit| Some(hit) == now.as_ref());
    let next = place.map_or(0, |place| (place + 1) % hits.len());
    hits.get(next).is_some_and(|hit| focus(hit))
}

fn focus(key: &str) -> bool {
    let nodes = document().query_selector_all(".map-node").ok();
    let Some(nodes) = nodes else {
        return false;
    };
    for place in 0..nodes.length() {
        let node = nodes
            .get(place)
            .and_then(|node| node.dyn_into::<SvgElement>().ok());
        if let Some(node) =
            node.filter(|node| node.get_attribute("data-key").as_deref() == Some(key))
        {
            return node.focus().is_ok();
        }
    }
    false
}
