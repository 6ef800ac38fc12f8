//! Reads the file as it comes.

use leptos::{prelude::*, task::spawn_local};
use web_sys::RequestInit;

use super::{Lines, Phase};
use crate::{
    browser::{fetch, pieces},
    components::log_window::look_soon,
};

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
        look_soon(lines.window);
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
    look_soon(lines.window);
}
