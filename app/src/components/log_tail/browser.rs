//! Asks for new lines, once a second while somebody follows.

use std::time::Duration;

use api::traces::LogRecord;
use leptos::{prelude::*, task::spawn_local};

use super::{Tail, keep};
use crate::{browser, components::log_window::look_soon};

const EVERY: Duration = Duration::from_secs(1);

pub(super) fn toggle(tail: Tail) {
    let follows = !tail.is_following.get_untracked();
    let press = tail.press.get_value() + 1;
    tail.press.set_value(press);
    tail.is_following.set(follows);
    if follows {
        ask(tail, press);
    }
}

/// Asks for what came after the last line, and again after a while, until the button is pressed again.
fn ask(tail: Tail, press: u32) {
    let is_current = move || tail.press.try_get_value() == Some(press);
    let after = tail.lines.with_untracked(|lines| {
        let last = lines.iter().max_by_key(|line| line.position)?;
        let position = last.position;
        Some(format!(
            "&after={}-{}-{}",
            last.time_ns, position.segment, position.ordinal
        ))
    });
    let path = format!("{}{}", tail.href.get_value(), after.unwrap_or_default());
    spawn_local(async move {
        let answer = browser::get(&path).await;
        if !is_current() {
            return;
        }
        match answer {
            Some(text) => {
                let lines = text.lines();
                let arrived: Vec<LogRecord> = lines
                    .filter_map(|line| serde_json::from_str(line).ok())
                    .collect();
                tail.trouble.set(None);
                if !arrived.is_empty() {
                    tail.n_arrived.update(|n| *n += arrived.len());
                    tail.lines.update(|lines| keep(lines, arrived));
                    look_soon(tail.window);
                }
            }
            None => tail
                .trouble
                .set(Some("The server does not answer; trying again.")),
        }
        set_timeout(
            move || {
                if is_current() {
                    ask(tail, press);
                }
            },
            EVERY,
        );
    });
}
