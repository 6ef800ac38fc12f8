//! The tree's own browser: fetches the skeleton, follows a run, keeps the address and the panel.

mod canvas;
mod chat;
mod live;
mod moves;
mod panel;
mod pointer;

use std::sync::Arc;

use js_sys::Uint8Array;
use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, RequestInit, UrlSearchParams};

use super::{ROW, Waterfall};
use crate::{
    browser,
    waterfall::{Fold, Skeleton, SpanKey, Unreadable, Zoom},
};

pub(super) use moves::{critical_path, key, search_key, toggle_transport, zoom_out};
pub(super) use pointer::{clicked, double_clicked, drag_edge, drag_flame, drag_time, edge_key};

/// Narrower pages have no room for spans beside a conversation, in pixels.
const BESIDE: f64 = 1280.0;

/// Begins with what the address asks for.
pub(super) fn start(waterfall: Waterfall, span: Option<&str>, run: Option<String>) {
    let is_wide = window().inner_width().ok().and_then(|width| width.as_f64());
    if is_compact(waterfall) && is_wide.is_some_and(|width| width < BESIDE) {
        return;
    }
    let asked = query();
    let span = span.and_then(api::traces::SpanId::parse).map(|id| id.0);
    waterfall.selected.set(span);
    let shows_all = asked.get("transport").as_deref() == Some("1");
    if is_compact(waterfall) {
        chat::listen(waterfall);
    } else {
        set_side(waterfall, asked.get("side"));
        waterfall.words.set(asked.get("q").unwrap_or_default());
        panel::listen(waterfall);
    }
    waterfall.fold.set(Fold::open(0, shows_all));
    // Before there are rows, so that they are drawn once.
    measure(waterfall);
    canvas::draw_on_changes(waterfall);
    let is_asked_for = asked.get("span").is_some() && !is_compact(waterfall);
    spawn_local(async move {
        let loaded = load(waterfall).await;
        if is_gone(waterfall) {
            return;
        }
        if let Err(why) = loaded {
            waterfall.failure.set(Some(why));
            return;
        }
        let length_ns = waterfall.length_ns();
        if let Some(zoom) = asked.get("zoom").filter(|_| !is_compact(waterfall)) {
            waterfall
                .zoom
                .set(Zoom::parse(&zoom, length_ns).unwrap_or_default());
        }
        follow_window(waterfall);
        if is_asked_for {
            moves::show(waterfall, moves::Focus::Row);
        } else {
            moves::show(waterfall, moves::Focus::Stays);
        }
        if let Some(run) = run {
            live::follow(waterfall, &run);
        }
    });
}

/// Fetches all spans and takes them in place of those that are shown.
async fn load(waterfall: Waterfall) -> Result<(), String> {
    let path = format!("{}/skeleton", path_of(waterfall));
    let skeleton = fetched(&path)
        .await
        .map_err(|error| browser::reason(&error))?;
    let skeleton = skeleton.map_err(|error| error.to_string())?;
    if is_gone(waterfall) {
        return Ok(());
    }
    let n_spans = skeleton.nodes.len();
    waterfall.fold.update(|fold| {
        *fold = match waterfall.skeleton.get_untracked() {
            Some(old) => fold.moved(&old, &skeleton),
            None => Fold::open(n_spans, fold.shows_all),
        };
    });
    waterfall.since_ns.set(0);
    waterfall.skeleton.set(Some(Arc::new(skeleton)));
    waterfall.failure.set(None);
    if let Some(drawn) = waterfall.drawn.get_untracked() {
        drawn.set_text_content(None);
    }
    Ok(())
}

async fn fetched(path: &str) -> Result<Result<Skeleton, Unreadable>, JsValue> {
    let response = browser::fetch(path, &RequestInit::new()).await?;
    if !response.ok() {
        let message = format!("the spans cannot be read: HTTP {}", response.status());
        return Err(js_sys::Error::new(&message).into());
    }
    let buffer = JsFuture::from(response.array_buffer()?).await?;
    Ok(Skeleton::decode(&Uint8Array::new(&buffer).to_vec()))
}

/// Measures the window on the rows whenever it changes.
fn follow_window(waterfall: Waterfall) {
    // As long as the page.
    let resized = window_event_listener(ev::resize, move |_| {
        if !is_gone(waterfall) {
            measure(waterfall);
            canvas::draw_soon(waterfall);
        }
    });
    std::mem::forget(resized);
}

/// The rows fill at most the screen, and may be few now and many soon.
fn measure(waterfall: Waterfall) {
    let height = window()
        .inner_height()
        .ok()
        .and_then(|height| height.as_f64());
    if let Some(height) = height {
        waterfall
            .window
            .update(|window| window.height = height.max(ROW));
    }
}

/// The rows were scrolled.
pub(super) fn scrolled(waterfall: Waterfall) {
    if let Some(scroller) = waterfall.scroller.get_untracked() {
        let top = f64::from(scroller.scroll_top());
        waterfall.window.update(|window| window.top = top);
    }
}

/// What is asked for in the address.
fn query() -> UrlSearchParams {
    let query = window().location().search().unwrap_or_default();
    UrlSearchParams::new_with_str(&query).unwrap_or_else(|_| JsValue::UNDEFINED.unchecked_into())
}

/// Puts what is shown into the address.
pub(super) fn show_address(waterfall: Waterfall) {
    if is_compact(waterfall) {
        return;
    }
    let asked = query();
    let put = |name: &str, value: Option<String>| match value {
        Some(value) if !value.is_empty() => asked.set(name, &value),
        Some(_) | None => asked.delete(name),
    };
    put("span", waterfall.selected.get_untracked().map(written));
    put("side", waterfall.page.with_value(|page| page.side.clone()));
    put("q", Some(waterfall.words.get_untracked()));
    let shows_all = waterfall.fold.with_untracked(|fold| fold.shows_all);
    put("transport", shows_all.then(|| "1".to_owned()));
    let zoom = waterfall.zoom.get_untracked();
    put("zoom", zoom.written(untrack(|| waterfall.length_ns())));
    put("from", None);
    let path = path_of(waterfall);
    let query = String::from(asked.to_string());
    browser::replace_address(&if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    });
}

fn written(span: SpanKey) -> String {
    api::traces::SpanId(span).to_string()
}

/// The element of a row, when it is in the page.
fn element_of(waterfall: Waterfall, row: u32) -> Option<HtmlElement> {
    let scroller = waterfall.scroller.get_untracked()?;
    let found = scroller.query_selector(&format!("[data-row=\"{row}\"]"));
    found.ok()??.dyn_into().ok()
}

/// The row that an event happened in.
fn row_at(target: &Element) -> Option<u32> {
    let row = target.closest("[data-row]").ok()??;
    row.get_attribute("data-row")?.parse().ok()
}

/// The page of the trace.
fn path_of(waterfall: Waterfall) -> String {
    waterfall
        .page
        .with_value(|page| format!("/traces/{}", page.trace))
}

fn is_compact(waterfall: Waterfall) -> bool {
    waterfall.page.with_value(|page| page.is_compact)
}

fn set_side(waterfall: Waterfall, side: Option<String>) {
    waterfall.page.update_value(|page| page.side = side);
}

/// Whether another trace is shown in its place.
fn is_gone(waterfall: Waterfall) -> bool {
    waterfall.skeleton.try_with_untracked(|_| ()).is_none()
}
