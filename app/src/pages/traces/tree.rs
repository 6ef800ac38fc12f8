//! The spans as a tree with their bars. Every row is a link, so it works without scripts.

use api::traces::{SpanId, StepKind, Trace};
use leptos::prelude::*;

use super::{
    layout::{Bar, Layout, Row},
    url::{ROWS, TraceUrl},
};
use crate::{components::kind_tile::KindTile, format, untrusted};

pub(super) fn view(
    trace: &Trace,
    layout: &Layout,
    url: TraceUrl,
    selected: Option<SpanId>,
) -> AnyView {
    let index = selected.and_then(|id| trace.spans.iter().position(|span| span.span_id == id));
    let current = index.and_then(|index| layout.row_of(index));
    let shown = layout.rows.iter().enumerate().skip(url.from).take(ROWS);
    let rows = shown.map(|(place, row)| line(row, url, current == Some(place)));
    view! {
        <ol class="span-rows">{rows.collect_view()}</ol>
        {pages(layout.rows.len(), url)}
    }
    .into_any()
}

fn line(row: &Row, url: TraceUrl, is_current: bool) -> impl IntoView {
    let href = row.span_id.map(|id| url.with_span(id).to_string());
    let fold = (row.bar == Bar::Wrapper).then_some("▾");
    view! {
        <li>
            <a
                class=class(row)
                href=href
                aria-current=is_current.then_some("true")
                data-testid="span-row"
                data-span-id=row.span_id.map(|id| id.to_string())
                data-kind=kind(row)
                data-status=status(row)
            >
                {cells(row, fold)}
            </a>
        </li>
    }
}

/// A row that opens below itself, where there is something inside.
pub(super) fn opening(row: &Row, inside: Option<AnyView>, is_open: bool) -> AnyView {
    let cells = cells(row, None);
    let Some(inside) = inside else {
        let row = view! {
            <li class=class(row) data-testid="span-row" data-status=status(row)>
                {cells}
            </li>
        };
        return row.into_any();
    };
    view! {
        <li>
            <details open=is_open>
                <summary class=class(row) data-testid="span-row" data-status=status(row)>
                    {cells}
                </summary>
                {inside}
            </details>
        </li>
    }
    .into_any()
}

fn class(row: &Row) -> String {
    let skewed = if row.is_skewed {
        " span-row--skewed"
    } else {
        ""
    };
    format!("span-row span-row--{}{skewed}", status(row))
}

fn kind(row: &Row) -> &'static str {
    row.kind.map_or("unknown", StepKind::as_str)
}

fn status(row: &Row) -> &'static str {
    match (&row.error, row.is_open) {
        (Some(_), _) => "error",
        (None, true) => "running",
        (None, false) => "ok",
    }
}

/// What stands in a row: its name behind the mark of what can be folded, and its bar.
fn cells(row: &Row, fold: Option<&'static str>) -> impl IntoView + use<> {
    let below = (row.n_below > 0).then(|| view! { <span class="span-below">{row.n_below}</span> });
    view! {
        <span class="span-name" style=format!("--depth:{}", row.depth.min(24))>
            <span class="span-fold" aria-hidden="true">
                {fold}
            </span>
            {tile(row)}
            <span class="span-title">{untrusted::visible(&row.title).into_owned()}</span>
            {below}
            <span class="span-service">{untrusted::visible(&row.service).into_owned()}</span>
        </span>
        {bar(row, kind(row))}
    }
}

/// The letter of the kind; a triangle when the span failed.
fn tile(row: &Row) -> AnyView {
    match (row.kind, &row.error) {
        (Some(kind), None) => view! { <KindTile kind /> }.into_any(),
        (Some(kind), Some(_)) => view! {
            <span class=format!("kind-tile kind-tile--{}", kind.as_str()) aria-hidden="true">
                "▲"
            </span>
        }
        .into_any(),
        (None, _) => view! {
            <span class="kind-tile kind-tile--unknown" aria-hidden="true">
                "?"
            </span>
        }
        .into_any(),
    }
}

fn bar(row: &Row, kind: &'static str) -> impl IntoView + use<> {
    let shape = match row.bar {
        Bar::Wrapper => "hollow",
        Bar::Leaf => "solid",
    };
    let error = if row.error.is_some() {
        " span-bar--error"
    } else {
        ""
    };
    let critical = if row.bar == Bar::Leaf && row.on_path_ns > 0 {
        " span-bar--critical"
    } else {
        ""
    };
    let open = if row.is_open { " span-bar--open" } else { "" };
    let style = format!(
        "--start:{:.3}%;--width:{:.3}%",
        row.offset * 100.0,
        row.width * 100.0
    );
    view! {
        <span class="span-time" style=style>
            <span class=format!("span-bar span-bar--{kind} span-bar--{shape}{error}{critical}{open}")></span>
            <span class="span-duration">{format::duration(row.duration_ns)}</span>
            <span class="visually-hidden">{described(row)}</span>
        </span>
    }
}

/// What the bar says to those who do not see it.
fn described(row: &Row) -> String {
    let path = if row.on_path_ns > 0 {
        ", on the critical path"
    } else {
        ""
    };
    let error = match &row.error {
        Some(reason) => format!(", failed: {}", untrusted::visible(reason)),
        None => String::new(),
    };
    let skewed = if row.is_skewed {
        ", outside its parent: a clock is wrong"
    } else {
        ""
    };
    let open = if row.is_open { ", still running" } else { "" };
    format!(
        ", {} starts at {}{open}{path}{skewed}{error}",
        row.kind.map_or("unknown", StepKind::as_str),
        format::offset(row.offset_ns)
    )
}

/// The way to the rows that are not shown.
fn pages(total: usize, url: TraceUrl) -> Option<AnyView> {
    if total <= ROWS {
        return None;
    }
    let last = (url.from + ROWS).min(total);
    let before = (url.from > 0).then(|| {
        let href = url.with_from(url.from.saturating_sub(ROWS)).to_string();
        view! { <a href=href>{format!("Previous {ROWS}")}</a> }
    });
    let after = (last < total).then(|| {
        let href = url.with_from(last).to_string();
        view! { <a href=href>{format!("Next {}", ROWS.min(total - last))}</a> }
    });
    let shown = format!(
        "Rows {} to {last} of {}",
        url.from + 1,
        format::count(total as u64)
    );
    Some(
        view! {
            <nav class="span-pages" aria-label="Rows">
                <span>{shown}</span>
                {before}
                {after}
            </nav>
        }
        .into_any(),
    )
}
