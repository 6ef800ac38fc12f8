//! Reads the file as it comes, and looks which lines are in view.

use leptos::{prelude::*, task::spawn_local};
use web_sys::RequestInit;

use super::{LINE, Lines, Phase};
use crate::browser::{fetch, pieces};

/// Reads all lines anew.
pub(super) fn read(lines: Lines) {
    lines.texts.update_value(Vec::clear);
    lines.count.set(0);
    lines.phase.set(Phase::Reading);
    let path = lines.href.get_value();
    spawn_local(async move {
        let mut rest = Vec::new();
        let take = |bytes: &[u8]| take(lines, &mut rest, bytes);
        let read = match fetch(&path, &RequestInit::new()).await {
            Ok(response) if response.ok() => pieces(&response, take).await,
            Ok(_) => Err("refused".into()),
            Err(error) => Err(error),
        };
        // The page may be gone by now.
        let end = if read.is_ok() {
            Phase::Read
        } else {
            Phase::Broken
        };
        lines.phase.try_set(end);
        look_soon(lines);
    });
}

/// Keeps the lines that are whole; what is left waits for its end in `rest`.
fn take(lines: Lines, rest: &mut Vec<u8>, bytes: &[u8]) {
    rest.extend_from_slice(bytes);
    let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
        return;
    };
    let whole: Vec<u8> = rest.drain(..=end).collect();
    let whole = String::from_utf8_lossy(&whole);
    lines.texts.try_update_value(|texts| {
        texts.extend(whole.lines().map(Into::into));
        lines.count.try_set(texts.len());
    });
    look_soon(lines);
}

/// Looks once the window has the height of what it has now.
fn look_soon(lines: Lines) {
    request_animation_frame(move || look(lines));
}

/// Notes which lines are in view.
pub(super) fn look(lines: Lines) {
    let Some(scroller) = lines.scroller.try_get_untracked().flatten() else {
        return;
    };
    let pixels = |value: i32| usize::try_from(value).unwrap_or(0);
    let first = pixels(scroller.scroll_top()) / LINE;
    let room = pixels(scroller.client_height()).div_ceil(LINE) + 1;
    if lines.in_view.get_untracked() != (first, room) {
        lines.in_view.set((first, room));
    }
}
