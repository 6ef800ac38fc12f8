//! The pointer on rows, ruler and lane.

use std::cell::RefCell;

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    Waterfall, canvas,
    moves::{Focus, go_to, select, show, toggle, zoom, zoom_to_node},
    row_at,
};
use crate::waterfall::Zoom;

/// A shorter way of the pointer is a click.
const CLICK: f64 = 4.0;

fn target(event: &web_sys::Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// A click on the arrow opens or closes a row; elsewhere it chooses it.
pub(in super::super) fn clicked(waterfall: Waterfall, event: &ev::MouseEvent) {
    let Some((target, row)) = target(event)
        .and_then(|target| Some((row_at(&target)?, target)))
        .map(|(row, target)| (target, row))
    else {
        return;
    };
    if target.closest(".span-fold").ok().flatten().is_some() {
        toggle(waterfall, row);
    }
    if let Some(span) = span_of(waterfall, row) {
        select(waterfall, span);
        show(waterfall, Focus::Row);
    }
}

fn span_of(waterfall: Waterfall, row: u32) -> Option<[u8; 8]> {
    let rows = waterfall.rows.get_untracked();
    let node = rows.places.get(row as usize)?.node;
    let skeleton = waterfall.skeleton.get_untracked()?;
    Some(skeleton.nodes.get(node as usize)?.span)
}

/// A double click on a bar looks at its time alone.
pub(in super::super) fn double_clicked(waterfall: Waterfall, event: &ev::MouseEvent) {
    let Some(target) = target(event) else {
        return;
    };
    let on_bar = target.closest(".span-time").ok().flatten().is_some();
    let rows = waterfall.rows.get_untracked();
    let node = row_at(&target).and_then(|row| Some(rows.places.get(row as usize)?.node));
    if let (true, Some(node), Some(skeleton)) = (on_bar, node, waterfall.skeleton.get_untracked()) {
        zoom_to_node(waterfall, &skeleton, node);
    }
}

/// Calls `moved` with where the pointer is, until it is let go of, and `ended` with where that was.
fn drag(moved: impl Fn((f64, f64)) + 'static, ended: impl FnOnce((f64, f64)) + 'static) {
    let at = |event: &ev::PointerEvent| (f64::from(event.client_x()), f64::from(event.client_y()));
    let moving = window_event_listener(ev::pointermove, move |event| moved(at(&event)));
    let handle = StoredValue::new_local(None);
    let ended = RefCell::new(Some((moving, ended)));
    let ending = window_event_listener(ev::pointerup, move |event| {
        if let Some((moving, ended)) = ended.take() {
            moving.remove();
            ended(at(&event));
            handle.update_value(|handle: &mut Option<WindowListenerHandle>| {
                if let Some(handle) = handle.take() {
                    handle.remove();
                }
            });
        }
    });
    handle.set_value(Some(ending));
}

/// Where a place on the screen is in an element, from 0 at its left to 1 at its right.
fn across(element: &Element, x: f64) -> f64 {
    let place = element.get_bounding_client_rect();
    ((x - place.left()) / place.width().max(1.0)).clamp(0.0, 1.0)
}

/// Marks a part of the time on the ruler, to look at it alone.
pub(in super::super) fn drag_time(waterfall: Waterfall, event: &ev::PointerEvent) {
    let ruler = event
        .current_target()
        .and_then(|ruler| ruler.dyn_into::<Element>().ok());
    let Some(ruler) = ruler.filter(|_| event.button() == 0) else {
        return;
    };
    event.prevent_default();
    let seen = waterfall.zoom.get_untracked();
    let from = f64::from(event.client_x());
    let ended = move |(x, _): (f64, f64)| {
        if (x - from).abs() >= CLICK {
            let (one, other) = (across(&ruler, from), across(&ruler, x));
            zoom(waterfall, Zoom::between(seen.place(one), seen.place(other)));
        }
    };
    drag(|_| (), ended);
}

/// Marks a part of the time in the lane; a click chooses the span there.
pub(in super::super) fn drag_flame(waterfall: Waterfall, event: &ev::PointerEvent) {
    let Some(lane) = waterfall
        .canvas
        .get_untracked()
        .filter(|_| event.button() == 0)
    else {
        return;
    };
    event.prevent_default();
    let lane: Element = lane.unchecked_into();
    let from = f64::from(event.client_x());
    let preview = lane.clone();
    let moved = move |(x, _): (f64, f64)| {
        if (x - from).abs() >= CLICK {
            let (one, other) = (across(&preview, from), across(&preview, x));
            waterfall.zoom.set(Zoom::between(one, other));
        }
    };
    let ended = move |(x, y): (f64, f64)| {
        if (x - from).abs() >= CLICK {
            let (one, other) = (across(&lane, from), across(&lane, x));
            zoom(waterfall, Zoom::between(one, other));
            return;
        }
        let down = y - lane.get_bounding_client_rect().top();
        let found = canvas::node_at(waterfall, across(&lane, x), down);
        if let (Some(node), Some(skeleton)) = (found, waterfall.skeleton.get_untracked()) {
            go_to(waterfall, &skeleton, node);
        }
    };
    drag(moved, ended);
}

/// The element whose first column has a width of its own.
fn whole(edge: &Element) -> Option<HtmlElement> {
    edge.closest(".waterfall").ok()??.dyn_into().ok()
}

fn set_width(edge: &Element, percent: f64) {
    let percent = percent.clamp(10.0, 80.0);
    if let Some(whole) = whole(edge) {
        // A width that cannot be set leaves the column as it is.
        drop(
            whole
                .style()
                .set_property("--name", &format!("{percent:.1}%")),
        );
    }
    drop(edge.set_attribute("aria-valuenow", &format!("{percent:.0}")));
}

/// Makes the column of names wider or narrower.
pub(in super::super) fn drag_edge(event: &ev::PointerEvent) {
    let Some(edge) = target(event) else {
        return;
    };
    let Some(whole) = whole(&edge) else {
        return;
    };
    event.prevent_default();
    drag(
        move |(x, _)| set_width(&edge, across(&whole, x) * 100.0),
        |_| (),
    );
}

/// The same with keys.
pub(in super::super) fn edge_key(event: &ev::KeyboardEvent) {
    let by = match event.key().as_str() {
        "ArrowLeft" => -4.0,
        "ArrowRight" => 4.0,
        _ => return,
    };
    let Some(edge) = target(event) else {
        return;
    };
    event.prevent_default();
    let now = edge.get_attribute("aria-valuenow");
    let now = now.and_then(|now| now.parse().ok()).unwrap_or(38.0);
    set_width(&edge, now + by);
}
