//! The lane above the tree: all rows at once, as an SVG whose height is their depth.

use api::traces::{SpanId, StepKind};
use leptos::prelude::*;

use super::{
    layout::{Bar, Row},
    medium::span_href,
    url::TraceUrl,
};

/// Height of a row of the lane, in pixels.
const LINE: usize = 12;
/// Depths and spans that are drawn; the tree below shows all of them.
const DEEPEST: usize = 12;
const MOST: usize = 500;

pub(super) fn view(rows: &[Row], url: TraceUrl, selected: Option<SpanId>) -> AnyView {
    let drawn = rows.iter().filter(|row| row.depth < DEEPEST).take(MOST);
    let depth = rows.iter().map(|row| row.depth + 1).max().unwrap_or(1);
    let height = depth.min(DEEPEST) * LINE + 4;
    let bars = drawn.map(|row| bar(row, url, selected)).collect_view();
    view! {
        <div class="trace-flame" aria-hidden="true">
            <svg
                width="100%"
                height=height.to_string()
                viewBox=format!("0 0 1000 {height}")
                preserveAspectRatio="none"
            >
                {bars}
            </svg>
        </div>
    }
    .into_any()
}

fn bar(row: &Row, url: TraceUrl, selected: Option<SpanId>) -> impl IntoView {
    let kind = row.kind.map_or("unknown", StepKind::as_str);
    let shape = match row.bar {
        Bar::Wrapper => "hollow",
        Bar::Leaf => "solid",
    };
    let state = match (&row.error, selected.is_some() && row.span_id == selected) {
        (_, true) => " flame-bar--selected",
        (Some(_), false) => " flame-bar--error",
        (None, false) => "",
    };
    let class = format!("flame-bar flame-bar--{kind} flame-bar--{shape}{state}");
    let rect = view! {
        <rect
            class=class
            x=format!("{:.2}", row.offset * 1000.0)
            y=(row.depth * LINE + 2).to_string()
            width=format!("{:.2}", (row.width * 1000.0).max(1.0))
            height=(LINE - 2).to_string()
        />
    };
    let href = row.span_id.map(|id| span_href(url, id));
    view! {
        <a href=href tabindex="-1">
            {rect}
        </a>
    }
}
