//! How many lines there are over time, and of whom.

use std::collections::BTreeMap;

use api::{telemetry::Window, traces::LogRecord};
use jiff::Timestamp;
use leptos::prelude::*;

use super::filter::{Filter, SEVERITIES};
use crate::{
    components::histogram::{Column, Histogram, Part},
    format,
    pages::period::Period,
    untrusted::visible,
};

const PIECES: u32 = 30;
/// Services that are listed.
const MOST: usize = 12;

/// Bars of the lines that were read, by severity.
pub(super) fn histogram(lines: &[LogRecord], filter: &Filter) -> Option<AnyView> {
    let times = lines.iter().map(|line| line.time_ns);
    let (first, last) = (times.clone().min()?, times.max()?);
    // What was read may be a small part of the time that was asked for.
    let window = Window {
        from_ns: first,
        to_ns: last + 1,
    };
    let mut counts = vec![[0_u64; 3]; PIECES as usize];
    for line in lines {
        let part = match line.severity_number {
            17.. => 2,
            13..17 => 1,
            _ => 0,
        };
        if let Some(at) = window.piece(line.time_ns, PIECES) {
            counts[at][part] += 1;
        }
    }
    let column = |(at, [plain, warnings, errors]): (usize, [u64; 3])| {
        let piece = piece(window, at as u64);
        let lines = format::counted(plain + warnings + errors, "line", "lines");
        Column {
            label: format!(
                "{} to {}: {lines}, {warnings} warnings, {errors} errors",
                clock(piece.from_ns),
                clock(piece.to_ns)
            ),
            href: filter.with_period(Period::Between(piece)).href(),
            parts: vec![
                (Part::Failed, errors),
                (Part::Warning, warnings),
                (Part::Plain, plain),
            ],
        }
    };
    let columns = counts.into_iter().enumerate().map(column).collect();
    let ends = (clock(first), clock(last));
    let n = format::count(lines.len() as u64);
    let label = format!("The {n} lines that were read, over time; a bar leads to its lines");
    Some(view! { <Histogram label columns ends /> }.into_any())
}

/// The `at`-th of the pieces, as [`Window::piece`] cuts.
fn piece(window: Window, at: u64) -> Window {
    let length = u128::from(window.length_ns());
    let cut = |at: u64| {
        let offset = (length * u128::from(at)).div_ceil(u128::from(PIECES));
        window.from_ns + u64::try_from(offset).unwrap_or(0)
    };
    Window {
        from_ns: cut(at),
        to_ns: cut(at + 1).max(cut(at) + 1),
    }
}

/// Severities and services of the lines that were read, each a link.
pub(super) fn facets(lines: &[LogRecord], filter: &Filter) -> AnyView {
    let severities = SEVERITIES.iter().filter_map(|(key, word, least)| {
        let least = (*least)?;
        let n = lines
            .iter()
            .filter(|line| line.severity_number >= least)
            .count();
        let is_asked = filter.severity == *key;
        let next = if is_asked { "" } else { key };
        let href = filter.with_severity(next).href();
        (n > 0 || is_asked).then(|| link(format!("{word} and worse"), n as u64, is_asked, href))
    });
    let mut counts = BTreeMap::<&str, u64>::new();
    for line in lines {
        *counts.entry(&line.service).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let services = counts.into_iter().take(MOST).map(|(service, n)| {
        let is_asked = filter.agent == service;
        let next = if is_asked { "" } else { service };
        let href = filter.with_agent(next).href();
        link(visible(service).into_owned(), n, is_asked, href)
    });
    let n = format::counted(lines.len() as u64, "line", "lines");
    view! {
        <aside class="facets" aria-label="Narrow the list">
            <section class="facet">
                <h2>"Severity"</h2>
                <ul>{severities.collect_view()}</ul>
            </section>
            <section class="facet">
                <h2>"Service"</h2>
                <ul>{services.collect_view()}</ul>
            </section>
            <p class="facets-note">"Counted in the " {n} " that were read."</p>
        </aside>
    }
    .into_any()
}

fn link(word: String, n: u64, is_asked: bool, href: String) -> AnyView {
    view! {
        <li>
            <a href=href aria-current=is_asked.then_some("true")>
                <span class="facets-value">{word}</span>
                <span class="facets-count">{format::count(n)}</span>
            </a>
        </li>
    }
    .into_any()
}

fn clock(ns: u64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default();
    time.strftime("%m-%d %H:%M:%S").to_string()
}
