//! Going about in the tree: which row is chosen, what is open, which time is looked at.

use leptos::{ev, prelude::*};
use web_sys::{Element, HtmlElement};

use super::{Waterfall, element_of, panel, path_of, show_address};
use crate::{
    browser,
    components::waterfall::{ROW, toolbar::CRITICAL},
    waterfall::{Action, Flags, Fold, Press, Rows, Skeleton, Zoom, action},
};

/// What gets the keys after a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    /// The chosen row.
    Row,
    /// Whatever has them.
    Stays,
}

/// A key in the rows.
pub(in super::super) fn key(waterfall: Waterfall, event: &ev::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let key = event.key();
    if key == "Escape" && panel::close(waterfall) {
        return;
    }
    let press = Press {
        key: &key,
        shift: event.shift_key(),
    };
    let Some(action) = action(press) else {
        return;
    };
    event.prevent_default();
    event.stop_propagation();
    carry_out(waterfall, action);
}

fn carry_out(waterfall: Waterfall, action: Action) {
    let Some(skeleton) = waterfall.skeleton.get_untracked() else {
        return;
    };
    let rows = waterfall.rows.get_untracked();
    let here = row_of_chosen(waterfall, &skeleton, &rows);
    let last = rows.places.len().saturating_sub(1);
    let page = page_of(waterfall);
    match action {
        Action::Move(by) => step(waterfall, &skeleton, &rows, here, by),
        Action::Page(by) => step(waterfall, &skeleton, &rows, here, by * page),
        Action::First => choose(waterfall, &skeleton, &rows, 0),
        Action::Last => choose(waterfall, &skeleton, &rows, last),
        Action::Open => open(waterfall, &skeleton, &rows, here),
        Action::Close => close(waterfall, &skeleton, &rows, here),
        Action::Enter => panel::enter(),
        Action::Error(by) => {
            let failed = |node: usize| skeleton.nodes[node].flags.has(Flags::ERROR);
            if let Some(node) = next(waterfall, &skeleton, by, failed) {
                go_to(waterfall, &skeleton, node);
            }
        }
        Action::Slowest => {
            if let Some(slowest) = skeleton.head.slowest {
                go_to(waterfall, &skeleton, slowest);
            }
        }
        Action::Critical => critical_path(waterfall),
        Action::All { is_open: true } => refold(waterfall, |fold| {
            *fold = Fold::open(skeleton.nodes.len(), fold.shows_all);
        }),
        Action::All { is_open: false } => refold(waterfall, |fold| fold.close_from(&skeleton, 0)),
        Action::Depth(depth) => refold(waterfall, |fold| fold.close_from(&skeleton, depth)),
        Action::ZoomToSpan => zoom_to(waterfall, &skeleton),
        Action::ZoomReset => zoom(waterfall, Zoom::default()),
        Action::Zoom { is_in } => {
            let factor = if is_in { 0.5 } else { 2.0 };
            zoom(waterfall, waterfall.zoom.get_untracked().scaled(factor));
        }
        Action::Logs => panel::show_side(waterfall, "logs"),
        Action::CopyLink => panel::copy_link(),
        Action::Search => {
            if let Some(search) = waterfall.search.get_untracked() {
                focus(&search);
            }
        }
        Action::View(view) => {
            let path = path_of(waterfall);
            browser::open(&format!("{path}?view={view}"));
        }
    }
}

/// Rows that fit into the window.
#[expect(clippy::cast_possible_truncation, reason = "a number of rows is small")]
fn page_of(waterfall: Waterfall) -> i32 {
    let scroller = waterfall.scroller.get_untracked();
    let height = scroller.map_or(0, |scroller| scroller.client_height());
    (height / ROW as i32 - 1).max(1)
}

/// The row of the chosen span; the first when nothing is chosen.
fn row_of_chosen(waterfall: Waterfall, skeleton: &Skeleton, rows: &Rows) -> Option<usize> {
    let chosen = waterfall.selected.get_untracked()?;
    let node = skeleton.place_of(chosen)?;
    Some(rows.row_of(skeleton, node)? as usize)
}

fn step(waterfall: Waterfall, skeleton: &Skeleton, rows: &Rows, here: Option<usize>, by: i32) {
    let last = rows.places.len().saturating_sub(1);
    let to = match here {
        None => 0,
        Some(here) => here.saturating_add_signed(by as isize).min(last),
    };
    choose(waterfall, skeleton, rows, to);
}

fn choose(waterfall: Waterfall, skeleton: &Skeleton, rows: &Rows, row: usize) {
    let Some(place) = rows.places.get(row) else {
        return;
    };
    let span = skeleton.nodes[place.node as usize].span;
    select(waterfall, span);
    show(waterfall, Focus::Row);
}

/// Chooses a span, shows it in the panel and in the address.
pub(super) fn select(waterfall: Waterfall, span: [u8; 8]) {
    if waterfall.selected.get_untracked() == Some(span) {
        return;
    }
    waterfall.selected.set(Some(span));
    show_address(waterfall);
    panel::refresh(waterfall);
}

fn open(waterfall: Waterfall, skeleton: &Skeleton, rows: &Rows, here: Option<usize>) {
    let Some((row, place)) = here.and_then(|row| Some((row, *rows.places.get(row)?))) else {
        return;
    };
    if place.children == 0 {
        return;
    }
    if place.is_open {
        choose(waterfall, skeleton, rows, row + 1);
    } else {
        set_closed(waterfall, place.node, false);
    }
}

fn close(waterfall: Waterfall, skeleton: &Skeleton, rows: &Rows, here: Option<usize>) {
    let Some(place) = here.and_then(|row| rows.places.get(row)) else {
        return;
    };
    if place.is_open && place.children > 0 {
        set_closed(waterfall, place.node, true);
    } else if (place.parent as usize) < rows.places.len() {
        choose(waterfall, skeleton, rows, place.parent as usize);
    }
}

fn set_closed(waterfall: Waterfall, node: u32, is_closed: bool) {
    refold(waterfall, |fold| {
        if let Some(closed) = fold.closed.get_mut(node as usize) {
            *closed = is_closed;
        }
    });
}

/// Opens what is closed, or closes it.
pub(super) fn toggle(waterfall: Waterfall, row: u32) {
    let rows = waterfall.rows.get_untracked();
    if let Some(place) = rows.places.get(row as usize) {
        set_closed(waterfall, place.node, place.is_open);
    }
}

fn refold(waterfall: Waterfall, change: impl FnOnce(&mut Fold)) {
    waterfall.fold.update(change);
    show(waterfall, Focus::Row);
}

/// Shows transport and folded loops, or leaves them out again.
pub(in super::super) fn toggle_transport(waterfall: Waterfall) {
    waterfall
        .fold
        .update(|fold| fold.shows_all = !fold.shows_all);
    show_address(waterfall);
    super::canvas::draw_soon(waterfall);
}

/// Shows only the critical path, or everything again.
pub(in super::super) fn critical_path(waterfall: Waterfall) {
    let was_on = waterfall.words.with_untracked(|words| words == CRITICAL);
    let words = if was_on {
        String::new()
    } else {
        CRITICAL.to_owned()
    };
    waterfall.words.set(words);
    waterfall
        .options
        .update(|options| options.is_filtered = !was_on);
    show_address(waterfall);
}

/// The next span of its sort after the chosen one, around the end.
fn next(
    waterfall: Waterfall,
    skeleton: &Skeleton,
    by: i32,
    is_it: impl Fn(usize) -> bool,
) -> Option<u32> {
    let n_spans = skeleton.nodes.len();
    let chosen = waterfall.selected.get_untracked();
    let here = chosen.and_then(|span| skeleton.place_of(span));
    let here = here.map_or(n_spans - 1, |place| place as usize);
    let after = (1..=n_spans).map(|offset| {
        if by > 0 {
            (here + offset) % n_spans
        } else {
            (here + n_spans - offset) % n_spans
        }
    });
    let mut after = after.into_iter();
    let found = after.find(|node| is_it(*node))?;
    u32::try_from(found).ok()
}

/// Chooses a span wherever it is.
pub(super) fn go_to(waterfall: Waterfall, skeleton: &Skeleton, node: u32) {
    let Some(span) = skeleton.nodes.get(node as usize).map(|node| node.span) else {
        return;
    };
    waterfall.fold.update(|fold| fold.reveal(skeleton, node));
    select(waterfall, span);
    show(waterfall, Focus::Row);
}

/// Chooses a span wherever it is, and leaves the keys where they are.
pub(super) fn reveal(waterfall: Waterfall, skeleton: &Skeleton, node: u32) {
    let Some(span) = skeleton.nodes.get(node as usize).map(|node| node.span) else {
        return;
    };
    waterfall.fold.update(|fold| fold.reveal(skeleton, node));
    select(waterfall, span);
    show(waterfall, Focus::Stays);
}

/// Enter and Shift+Enter go through what was found; Escape goes back to the rows.
pub(in super::super) fn search_key(waterfall: Waterfall, event: &ev::KeyboardEvent) {
    let by = match (event.key().as_str(), event.shift_key()) {
        ("Enter", false) => 1,
        ("Enter", true) => -1,
        ("Escape", _) => {
            show(waterfall, Focus::Row);
            return;
        }
        _ => return,
    };
    event.prevent_default();
    let Some(skeleton) = waterfall.skeleton.get_untracked() else {
        return;
    };
    let matches = waterfall.matches.get_untracked();
    if matches.is_empty() {
        return;
    }
    let shows_all = waterfall.fold.with_untracked(|fold| fold.shows_all);
    let is_it =
        |node: usize| matches[node] && (shows_all || !skeleton.nodes[node].flags.is_hidden());
    if let Some(node) = next(waterfall, &skeleton, by, is_it) {
        reveal(waterfall, &skeleton, node);
    }
}

/// Brings the chosen row into view, and the keys to it if that is asked for.
pub(super) fn show(waterfall: Waterfall, keys: Focus) {
    let Some(skeleton) = waterfall.skeleton.get_untracked() else {
        return;
    };
    let rows = waterfall.rows.get_untracked();
    let Some(row) = row_of_chosen(waterfall, &skeleton, &rows) else {
        return;
    };
    scroll_to(waterfall, row);
    if keys == Focus::Row {
        let row = u32::try_from(row).unwrap_or(0);
        // The row may only be drawn by then.
        request_animation_frame(move || {
            if let Some(element) = element_of(waterfall, row) {
                focus(&element);
            }
        });
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "the rows of a trace are less high than an i32 is pixels"
)]
fn scroll_to(waterfall: Waterfall, row: usize) {
    let Some(scroller) = waterfall.scroller.get_untracked() else {
        return;
    };
    let row_height = ROW as i32;
    let top = row as i32 * row_height;
    let (from, height) = (scroller.scroll_top(), scroller.client_height());
    if top < from {
        scroller.set_scroll_top(top);
    } else if top + row_height > from + height {
        scroller.set_scroll_top(top + row_height - height);
    }
    super::scrolled(waterfall);
}

/// Looks at the time of the chosen span alone.
fn zoom_to(waterfall: Waterfall, skeleton: &Skeleton) {
    let chosen = waterfall.selected.get_untracked();
    let place = chosen.and_then(|span| skeleton.place_of(span));
    if let Some(place) = place {
        zoom_to_node(waterfall, skeleton, place);
    }
}

/// Looks at the time of one span alone, with a little room around it.
#[expect(
    clippy::cast_precision_loss,
    reason = "a place on the screen needs no more than 52 bits"
)]
pub(super) fn zoom_to_node(waterfall: Waterfall, skeleton: &Skeleton, place: u32) {
    let node = &skeleton.nodes[place as usize];
    let whole = untrack(|| waterfall.length_ns()).max(1) as f64;
    let start = skeleton.ns(node.start) as f64 / whole;
    let length = skeleton.ns(node.length) as f64 / whole;
    let room = length * 0.05;
    zoom(
        waterfall,
        Zoom::between(start - room, start + length + room),
    );
}

/// Looks at another part of the time.
pub(super) fn zoom(waterfall: Waterfall, zoom: Zoom) {
    waterfall.zoom.set(zoom);
    show_address(waterfall);
}

/// Looks at all of the time.
pub(in super::super) fn zoom_out(waterfall: Waterfall) {
    zoom(waterfall, Zoom::default());
}

/// Gives an element the keys. One that cannot have them is left alone.
pub(super) fn focus(element: &HtmlElement) {
    drop(element.focus());
}

/// Whether an element is a field that somebody types in.
pub(super) fn is_field(element: &Element) -> bool {
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}
