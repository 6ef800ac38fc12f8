//! The panel at the side and the head of the page: drawn by the server, and exchanged when another span
//! is chosen.

use std::time::Duration;

use leptos::{ev, leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{DomParser, Element, HtmlElement, SupportedType};

use super::{Waterfall, chat, is_compact, moves, path_of, set_side, show_address, written};
use crate::browser;

/// Keys that are held down move on before the panel is asked for.
const PATIENCE: Duration = Duration::from_millis(90);

thread_local! {
    static NEXT: std::cell::RefCell<Option<TimeoutHandle>> = const { std::cell::RefCell::new(None) };
}

/// Asks for the panel of the chosen span, unless another is chosen at once.
pub(super) fn refresh(waterfall: Waterfall) {
    if is_compact(waterfall) {
        chat::mark(waterfall);
        return;
    }
    let next = set_timeout_with_handle(
        move || {
            spawn_local(async move { exchange(waterfall, &[".trace-panel"]).await });
        },
        PATIENCE,
    );
    let before = NEXT.replace(next.ok());
    if let Some(before) = before {
        before.clear();
    }
}

/// Puts newly drawn parts of the page in the place of the old ones.
pub(super) async fn exchange(waterfall: Waterfall, parts: &[&'static str]) {
    let asked = waterfall.selected.get_untracked();
    let side = waterfall.page.with_value(|page| page.side.clone());
    let mut path = format!("{}?part=1", path_of(waterfall));
    if let Some(span) = asked {
        path.push_str("&span=");
        path.push_str(&written(span));
    }
    if let Some(side) = side {
        path.push_str("&side=");
        path.push_str(&browser::encoded(&side));
    }
    let Some(page) = browser::get(&path).await else {
        return;
    };
    // Somebody has gone on meanwhile.
    if waterfall.selected.get_untracked() != asked {
        return;
    }
    let Ok(parser) = DomParser::new() else {
        return;
    };
    let Ok(page) = parser.parse_from_string(&page, SupportedType::TextHtml) else {
        return;
    };
    for part in parts {
        put(part, page.query_selector(part).ok().flatten());
    }
}

fn put(selector: &str, new: Option<Element>) {
    let old = document().query_selector(selector).ok().flatten();
    let new = new.and_then(|new| document().import_node_with_deep(&new, true).ok());
    match (old, new) {
        (Some(old), Some(new)) => {
            let had_focus = document()
                .active_element()
                .is_some_and(|active| old.contains(Some(&active)));
            let side = had_focus.then(active_href).flatten();
            drop(old.replace_with_with_node_1(&new));
            if let (Some(href), Ok(new)) = (side, new.dyn_into::<Element>()) {
                focus_link(&new, &href);
            }
        }
        (None, Some(new)) => {
            // A page that was drawn without a panel gets one.
            if let Ok(Some(panes)) = document().query_selector(".trace-panes") {
                drop(panes.append_child(&new));
            }
        }
        (_, None) => {}
    }
}

fn active_href() -> Option<String> {
    document().active_element()?.get_attribute("href")
}

/// The keys stay on the tab they were on.
fn focus_link(part: &Element, href: &str) {
    let Ok(links) = part.query_selector_all("a[href]") else {
        return;
    };
    for place in 0..links.length() {
        let link = links
            .item(place)
            .and_then(|link| link.dyn_into::<HtmlElement>().ok());
        if let Some(link) = link.filter(|link| link.get_attribute("href").as_deref() == Some(href))
        {
            moves::focus(&link);
            return;
        }
    }
}

/// Links to spans of this trace choose them without loading the page.
pub(super) fn listen(waterfall: Waterfall) {
    let listener = window_event_listener(ev::click, move |event| {
        let is_plain = !event.ctrl_key() && !event.meta_key() && !event.shift_key();
        if event.default_prevented() || !is_plain {
            return;
        }
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let link = target.and_then(|target| target.closest(".trace a[href]").ok().flatten());
        if let Some(href) = link.and_then(|link| link.get_attribute("href"))
            && follow(waterfall, &href)
        {
            event.prevent_default();
        }
    });
    // As long as the page.
    std::mem::forget(listener);
    let over = window_event_listener(ev::mouseover, |event| mark_logs(&event));
    std::mem::forget(over);
    let keys = window_event_listener(ev::keydown, move |event| {
        let active = document().active_element();
        let in_panel =
            active.filter(|active| active.closest(".trace-panel").ok().flatten().is_some());
        if let Some(active) = in_panel
            && event.key() == "Escape"
            && !moves::is_field(&active)
        {
            moves::show(waterfall, moves::Focus::Row);
        }
    });
    std::mem::forget(keys);
}

/// A line of a log and its dot on the timeline are marked together.
fn mark_logs(event: &ev::MouseEvent) {
    const MARKED: &str = "is-marked";
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let under = target.and_then(|target| target.closest(".trace [data-at]").ok().flatten());
    let at = under.and_then(|under| under.get_attribute("data-at"));
    for (selector, is_marked) in [
        (Some(format!(".{MARKED}")), false),
        (at.map(|at| format!("[data-at=\"{at}\"]")), true),
    ] {
        let found = selector.and_then(|selector| document().query_selector_all(&selector).ok());
        let Some(found) = found else {
            continue;
        };
        for place in 0..found.length() {
            let element = found
                .item(place)
                .and_then(|node| node.dyn_into::<Element>().ok());
            if let Some(element) = element {
                drop(element.class_list().toggle_with_force(MARKED, is_marked));
            }
        }
    }
}

/// Whether a link leads to a span or a side of this trace's page; then that is shown.
fn follow(waterfall: Waterfall, href: &str) -> bool {
    let page = format!("{}?", path_of(waterfall));
    let Some(query) = href.strip_prefix(page.as_str()) else {
        return false;
    };
    let asked = crate::url::pairs(query);
    let of = |name: &str| {
        let found = asked.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let Some(span) = of("span").and_then(|span| api::traces::SpanId::parse(&span)) else {
        return false;
    };
    let others = ["view", "from"];
    let shows_all = waterfall.fold.with_untracked(|fold| fold.shows_all);
    let is_elsewhere = asked.iter().any(|(key, _)| others.contains(&key.as_str()))
        || (of("transport").is_some() != shows_all);
    let Some(skeleton) = waterfall.skeleton.get_untracked().filter(|_| !is_elsewhere) else {
        return false;
    };
    let Some(node) = skeleton.place_of(span.0) else {
        return false;
    };
    set_side(waterfall, of("side"));
    if waterfall.selected.get_untracked() == Some(span.0) {
        show_address(waterfall);
        refresh(waterfall);
    } else {
        moves::go_to(waterfall, &skeleton, node);
    }
    true
}

/// Shows a side of the panel.
pub(super) fn show_side(waterfall: Waterfall, side: &str) {
    set_side(waterfall, Some(side.to_owned()));
    show_address(waterfall);
    refresh(waterfall);
}

/// Takes the keys into the panel.
pub(super) fn enter() {
    let tab = document()
        .query_selector(".trace-panel [aria-current]")
        .ok()
        .flatten();
    if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<HtmlElement>().ok()) {
        moves::focus(&tab);
    }
}

/// Gives up a search; whether there was one.
pub(super) fn close(waterfall: Waterfall) -> bool {
    let had_words = waterfall.words.with_untracked(|words| !words.is_empty());
    if had_words {
        waterfall.words.set(String::new());
        waterfall
            .options
            .update(|options| options.is_filtered = false);
        show_address(waterfall);
        moves::show(waterfall, moves::Focus::Row);
    }
    had_words
}

/// Copies the address of what is shown.
pub(super) fn copy_link() {
    if let Ok(href) = window().location().href() {
        let copying = window().navigator().clipboard().write_text(&href);
        // A browser that refuses leaves the clipboard as it was.
        spawn_local(async move {
            drop(wasm_bindgen_futures::JsFuture::from(copying).await);
        });
    }
}
