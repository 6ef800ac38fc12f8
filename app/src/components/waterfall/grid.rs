//! The rows that are in view, as a grid that knows of all the others.

use std::sync::Arc;

use api::traces::StepKind;
use leptos::{ev, prelude::*};

use super::{Color, ROW, Waterfall, flame, in_browser, ruler};
use crate::{
    format,
    waterfall::{Flags, Label, Node, Place, Rows, Skeleton},
};

/// Rows above and below the window that are there already.
const SPARE: usize = 8;
/// A bar that ends this far outside is cut off there.
const EDGE: f64 = 0.001;
/// Levels that are indented; what is deeper stands under them.
const DEEPEST: u16 = 40;

pub(super) fn view(waterfall: Waterfall) -> AnyView {
    let space = move || {
        let rows = waterfall.rows.with(|rows| rows.places.len());
        format!("height:{}px", rows * 24)
    };
    let count = move || waterfall.rows.with(|rows| rows.places.len()).to_string();
    view! {
        {flame::view(waterfall)}
        {ruler::view(waterfall)}
        <div
            class="span-grid"
            role="treegrid"
            aria-label="Spans"
            aria-rowcount=count
            aria-colcount="2"
            node_ref=waterfall.scroller
            on:scroll=move |_| in_browser!(scrolled(waterfall))
            on:keydown=move |event: ev::KeyboardEvent| in_browser!(key(waterfall, &event))
            on:click=move |event: ev::MouseEvent| in_browser!(clicked(waterfall, &event))
            on:dblclick=move |event: ev::MouseEvent| in_browser!(double_clicked(waterfall, &event))
        >
            <div class="span-space" role="rowgroup" style=space>
                <For each=move || window(waterfall) key=|row| *row children=move |row| line(waterfall, row) />
            </div>
        </div>
    }
    .into_any()
}

/// Everything a row shows that does not change while it is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Row {
    /// From the top, from 0.
    number: u32,
    place: Place,
    node: Node,
    siblings: u32,
    is_match: bool,
}

/// The rows in view, the chosen one too wherever it is, so that it keeps the focus.
fn window(waterfall: Waterfall) -> Vec<Row> {
    let rows = waterfall.rows.get();
    let matches = waterfall.matches.get();
    let chosen = waterfall.selected.get();
    let (from, to) = in_view(waterfall, rows.places.len());
    waterfall.skeleton.with(|skeleton| {
        let Some(skeleton) = skeleton else {
            return Vec::new();
        };
        let chosen = chosen.and_then(|span| skeleton.place_of(span));
        let chosen = chosen.and_then(|node| rows.row_of(skeleton, node));
        let apart = chosen.filter(|row| !(from..to).contains(&(*row as usize)));
        let numbers = (from..to).chain(apart.map(|row| row as usize));
        let row = |number: usize| row(&rows, skeleton, &matches, number);
        numbers.filter_map(row).collect()
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of rows is positive and small"
)]
fn in_view(waterfall: Waterfall, n_rows: usize) -> (usize, usize) {
    let window = waterfall.window.get();
    let first = (window.top / ROW).max(0.0) as usize;
    let shown = (window.height / ROW).ceil().max(1.0) as usize;
    let from = first.saturating_sub(SPARE).min(n_rows);
    (from, (first + shown + SPARE).min(n_rows))
}

fn row(rows: &Arc<Rows>, skeleton: &Skeleton, matches: &[bool], number: usize) -> Option<Row> {
    let place = *rows.places.get(number)?;
    Some(Row {
        number: u32::try_from(number).ok()?,
        node: *skeleton.nodes.get(place.node as usize)?,
        siblings: rows.siblings(&place),
        is_match: matches.get(place.node as usize).copied().unwrap_or(false),
        place,
    })
}

fn line(waterfall: Waterfall, row: Row) -> AnyView {
    let Some(label) = waterfall.skeleton.with_untracked(|skeleton| {
        let skeleton = skeleton.as_ref()?;
        skeleton.label(row.place.node).cloned()
    }) else {
        return ().into_any();
    };
    let has = |flag| row.node.flags.has(flag);
    let status = match (has(Flags::ERROR), has(Flags::OPEN)) {
        (true, _) => "error",
        (false, true) => "running",
        (false, false) => "ok",
    };
    let kind = label.kind.map_or("unknown", StepKind::as_str);
    let span = row.node.span;
    let is_chosen = move || waterfall.selected.get() == Some(span);
    let number = row.number;
    let tabindex = move || {
        if is_chosen() || is_first(waterfall, number) {
            "0"
        } else {
            "-1"
        }
    };
    let class = format!(
        "span-row span-row--{status}{}{}",
        if row.is_match { " span-row--match" } else { "" },
        if has(Flags::SKEWED) {
            " span-row--skewed"
        } else {
            ""
        },
    );
    let style = format!(
        "top:{}px;--depth:{}",
        number * 24,
        row.place.depth.min(DEEPEST)
    );
    let has_rows = row.place.children > 0;
    let color = label.color;
    view! {
        <div
            class=class
            style=style
            role="row"
            data-testid="span-row"
            data-row=number
            data-span-id=hex(span)
            data-kind=kind
            data-status=status
            attr:aria-level=(row.place.depth + 1).to_string()
            aria-posinset=row.place.position
            aria-setsize=row.siblings
            aria-rowindex=number + 1
            aria-expanded=has_rows.then(|| row.place.is_open.to_string())
            aria-selected=move || is_chosen().to_string()
            tabindex=tabindex
        >
            {name(&row, &label, kind)}
            {bar(waterfall, row, kind, color)}
        </div>
    }
    .into_any()
}

/// The first cell: where the span stands in the tree, and what it is.
fn name(row: &Row, label: &Label, kind: &'static str) -> AnyView {
    let letter = match (row.node.flags.has(Flags::ERROR), label.kind) {
        (true, Some(_)) => "▲",
        (false, Some(kind)) => kind.letter(),
        (_, None) => "?",
    };
    let fold = match (row.place.children > 0, row.place.is_open) {
        (false, _) => "",
        (true, true) => "▾",
        (true, false) => "▸",
    };
    let below =
        (row.place.below > 0).then(|| view! { <span class="span-below">{row.place.below}</span> });
    view! {
        <span class="span-name" role="rowheader" title=label.title.clone()>
            <span class="span-fold" aria-hidden="true">
                {fold}
            </span>
            <span class=format!("kind-tile kind-tile--{kind}") aria-hidden="true">
                {letter}
            </span>
            <span class="span-title">{label.title.clone()}</span>
            {below}
            <span class="span-service">{label.service.clone()}</span>
        </span>
    }
    .into_any()
}

fn is_first(waterfall: Waterfall, number: u32) -> bool {
    number == 0 && waterfall.selected.with(Option::is_none)
}

fn hex(span: [u8; 8]) -> Option<String> {
    (span != [0; 8]).then(|| api::traces::SpanId(span).to_string())
}

fn bar(waterfall: Waterfall, row: Row, kind: &'static str, color: u8) -> AnyView {
    let flags = row.node.flags;
    let is_open = flags.has(Flags::OPEN);
    let unit_ns = waterfall.skeleton.with_untracked(|skeleton| {
        let skeleton = skeleton.as_ref();
        skeleton.map_or(1, |skeleton| skeleton.head.unit_ns)
    });
    let (start_ns, length_ns) = (
        u64::from(row.node.start) * unit_ns,
        u64::from(row.node.length) * unit_ns,
    );
    // An open span reaches to now, which moves.
    let length_ns = move || {
        if is_open {
            length_ns + waterfall.since_ns.get()
        } else {
            length_ns
        }
    };
    let across = move || {
        let zoom = waterfall.zoom.get();
        let whole = waterfall.length_ns();
        let from = zoom.across(part(start_ns, whole));
        let to = zoom.across(part(start_ns + length_ns(), whole));
        (from, to)
    };
    let style = move || {
        let (from, to) = across();
        let (from, to) = (from.clamp(-0.01, 1.01), to.clamp(-0.01, 1.01));
        format!(
            "--start:{:.3}%;--width:{:.3}%",
            from * 100.0,
            (to - from) * 100.0
        )
    };
    // Beside the bar; on its left where there is no room on its right.
    let beside = move || match across() {
        (_, to) if to < 0.0 => "span-duration span-duration--none",
        (from, _) if from > 1.0 => "span-duration span-duration--none",
        (from, to) if to > 1.0 + EDGE && from > 0.12 => "span-duration span-duration--left",
        (_, to) if to > 1.0 + EDGE => "span-duration span-duration--inside",
        _ => "span-duration",
    };
    let is_wrapper = row.place.children > 0;
    let marks = [
        (flags.has(Flags::ERROR), " span-bar--error"),
        (
            flags.has(Flags::CRITICAL) && !is_wrapper,
            " span-bar--critical",
        ),
        (is_open, " span-bar--open"),
    ];
    let marks: String = marks
        .into_iter()
        .filter_map(|(is, class)| is.then_some(class))
        .collect();
    let shape = if is_wrapper { "hollow" } else { "solid" };
    let class = move || match waterfall.options.with(|options| options.color) {
        Color::Service => format!("span-bar {} span-bar--{shape}{marks}", of_service(color)),
        Color::Kind => format!("span-bar span-bar--{kind} span-bar--{shape}{marks}"),
    };
    let described = move || described(start_ns, length_ns(), flags);
    view! {
        <span class="span-time" role="gridcell" style=style>
            <span class=class></span>
            {ticks(waterfall, row.place.node)}
            <span class=beside aria-hidden="true">
                {move || format::duration(length_ns())}
            </span>
            <span class="visually-hidden">{described}</span>
        </span>
    }
    .into_any()
}

/// Twelve colours; from the thirteenth service on they come again, with stripes.
fn of_service(color: u8) -> String {
    let stripes = if color < 12 { "" } else { " span-bar--striped" };
    format!("span-bar--s{}{stripes}", color % 12 + 1)
}

/// A dot for everything that was logged in the span.
fn ticks(waterfall: Waterfall, node: u32) -> AnyView {
    /// More would be one line of dots.
    const MOST: usize = 40;
    let times: Vec<u64> = waterfall.skeleton.with_untracked(|skeleton| {
        let skeleton = skeleton.as_ref();
        let times = skeleton.map(|all| all.ticks(node).take(MOST).map(|at| all.ns(at)).collect());
        times.unwrap_or_default()
    });
    let dots = times.into_iter().map(|at| {
        let style = move || {
            let across = waterfall.zoom.get().across(part(at, waterfall.length_ns()));
            format!("--at:{:.3}%", across.clamp(-0.1, 1.1) * 100.0)
        };
        view! { <span class="span-log" data-at=format::offset(at) style=style aria-hidden="true"></span> }
    });
    dots.collect_view().into_any()
}

/// What the bar says to those who do not see it.
fn described(start_ns: u64, length_ns: u64, flags: Flags) -> String {
    let mut words = format!("starts at {}, ", format::offset(start_ns));
    words += if flags.has(Flags::OPEN) {
        "running for "
    } else {
        "lasts "
    };
    words += &format::duration(length_ns);
    for (flag, said) in [
        (Flags::CRITICAL, ", on critical path"),
        (Flags::ERROR, ", failed"),
        (Flags::SKEWED, ", outside its parent: a clock is wrong"),
    ] {
        if flags.has(flag) {
            words += said;
        }
    }
    words
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a place on the screen needs no more than 52 bits"
)]
fn part(ns: u64, whole: u64) -> f64 {
    ns as f64 / whole.max(1) as f64
}
