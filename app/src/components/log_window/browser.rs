//! Looks which lines are in view.

use leptos::prelude::*;

use super::{LINE, LogWindow};

/// Looks once the window has the height of what it has now.
pub(in super::super) fn look_soon(window: LogWindow) {
    request_animation_frame(move || look(window));
}

/// Notes which lines are in view.
pub(super) fn look(window: LogWindow) {
    let Some(scroller) = window.scroller.try_get_untracked().flatten() else {
        return;
    };
    let pixels = |value: i32| usize::try_from(value).unwrap_or(0);
    let first = pixels(scroller.scroll_top()) / LINE;
    let room = pixels(scroller.client_height()).div_ceil(LINE) + 1;
    if window.in_view.get_untracked() != (first, room) {
        window.in_view.set((first, room));
    }
}
