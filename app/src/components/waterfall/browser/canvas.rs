//! Drawing the lane.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, CssStyleDeclaration, HtmlCanvasElement, HtmlElement};

use super::{Waterfall, is_gone};
use crate::components::waterfall::Color;
use crate::waterfall::{Flags, Fold, Node, Place, Rows, Skeleton};

/// Height of a line, in pixels, and how many there are at most.
const LINE: f64 = 12.0;
const DEEPEST: u16 = 12;

/// Draws again when the spans, what of them is shown, or their colours change.
pub(super) fn draw_on_changes(waterfall: Waterfall) {
    Effect::new(move || {
        waterfall.skeleton.track();
        waterfall.options.track();
        waterfall.selected.track();
        waterfall.canvas.track();
        draw_soon(waterfall);
    });
}

/// Draws the lane once, after the next frame: the rows come first, and however much has changed.
pub(super) fn draw_soon(waterfall: Waterfall) {
    if waterfall.page.with_value(|page| page.will_draw) {
        return;
    }
    waterfall.page.update_value(|page| page.will_draw = true);
    let draw = move || {
        if !is_gone(waterfall) {
            waterfall.page.update_value(|page| page.will_draw = false);
            draw(waterfall);
        }
    };
    request_animation_frame(move || set_timeout(draw, Duration::ZERO));
}

/// Every span that has a row, wherever it is folded away.
fn all_rows(waterfall: Waterfall, skeleton: &Skeleton) -> Rows {
    let shows_all = waterfall.fold.with_untracked(|fold| fold.shows_all);
    Rows::of(skeleton, &Fold::open(skeleton.nodes.len(), shows_all))
}

/// Colours as the theme has them.
struct Paint {
    styles: CssStyleDeclaration,
    by_service: bool,
}

impl Paint {
    fn variable(&self, name: &str) -> String {
        self.styles.get_property_value(name).unwrap_or_default()
    }

    /// Of each label, by its number.
    fn of_labels(&self, skeleton: &Skeleton) -> Vec<String> {
        let labels = skeleton.head.labels.iter();
        labels
            .map(|label| match label.kind {
                _ if self.by_service => self.variable(&format!("--s{}", label.color % 12 + 1)),
                Some(kind) => self.variable(&format!("--k-{}", kind.as_str())),
                None => self.variable("--idle"),
            })
            .collect()
    }
}

/// Draws the lane.
fn draw(waterfall: Waterfall) {
    // What cannot be drawn leaves the lane empty; the tree below has the same.
    let _ = try_draw(waterfall);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a canvas is as many pixels wide as a screen"
)]
fn try_draw(waterfall: Waterfall) -> Option<()> {
    let skeleton = waterfall.skeleton.get_untracked()?;
    let canvas = waterfall.canvas.get_untracked()?;
    let rows = all_rows(waterfall, &skeleton);
    let depth = rows
        .places
        .iter()
        .map(|row| row.depth + 1)
        .max()?
        .min(DEEPEST);
    let height = f64::from(depth) * LINE + 4.0;
    let width = f64::from(canvas.client_width());
    let scale = window().device_pixel_ratio();
    drop(style(&canvas).set_property("height", &format!("{height}px")));
    canvas.set_width((width * scale) as u32);
    canvas.set_height((height * scale) as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.scale(scale, scale).ok()?;
    // The resolved theme: canvases do not understand `light-dark()`.
    let paint = Paint {
        styles: window().get_computed_style(&canvas).ok()??,
        by_service: waterfall
            .options
            .with_untracked(|options| options.color == Color::Service),
    };
    let colors = resolved(&canvas, paint.of_labels(&skeleton));
    let marks = resolved(
        &canvas,
        vec![paint.variable("--err"), paint.variable("--text")],
    );
    let chosen = waterfall.selected.get_untracked();
    for row in rows.places.iter().filter(|row| row.depth < DEEPEST) {
        let node = &skeleton.nodes[row.node as usize];
        let color = colors.get(node.label as usize)?;
        bar(
            &context,
            place(&skeleton, node, row, width),
            color,
            row.children > 0,
        );
        let mark = if Some(node.span) == chosen {
            marks.get(1)
        } else if node.flags.has(Flags::ERROR) {
            marks.first()
        } else {
            None
        };
        if let Some(mark) = mark {
            let (x, y, width) = place(&skeleton, node, row, width);
            context.set_stroke_style_str(mark);
            context.set_line_width(2.0);
            context.stroke_rect(x + 1.0, y + 1.0, (width - 2.0).max(1.0), LINE - 4.0);
        }
    }
    Some(())
}

/// Left, top and width of a bar.
fn place(skeleton: &Skeleton, node: &Node, row: &Place, width: f64) -> (f64, f64, f64) {
    let whole = f64::from(skeleton.head.units(skeleton.head.length_ns).max(1));
    let left = f64::from(node.start) / whole * width;
    let length = f64::from(node.length) / whole * width;
    (left, f64::from(row.depth) * LINE + 2.0, length.max(1.0))
}

fn bar(
    context: &CanvasRenderingContext2d,
    (left, top, width): (f64, f64, f64),
    color: &str,
    is_wrapper: bool,
) {
    context.set_fill_style_str(color);
    if is_wrapper && width > 3.0 {
        context.set_global_alpha(0.25);
        context.fill_rect(left, top, width, LINE - 2.0);
        context.set_global_alpha(1.0);
        context.set_stroke_style_str(color);
        context.set_line_width(1.0);
        context.stroke_rect(left + 0.5, top + 0.5, width - 1.0, LINE - 3.0);
    } else {
        context.fill_rect(left, top, width, LINE - 2.0);
    }
}

/// Colours as the browser has worked them out for the theme.
fn resolved(canvas: &HtmlCanvasElement, colors: Vec<String>) -> Vec<String> {
    let before = style(canvas)
        .get_property_value("color")
        .unwrap_or_default();
    let resolved = colors.into_iter().map(|color| {
        let set = style(canvas).set_property("color", &color);
        let styles = window().get_computed_style(canvas);
        match (set, styles) {
            (Ok(()), Ok(Some(styles))) => styles.get_property_value("color").unwrap_or(color),
            _ => color,
        }
    });
    let resolved = resolved.collect();
    // As it was: an empty value takes it away.
    let _: Result<(), JsValue> = style(canvas).set_property("color", &before);
    resolved
}

/// The span that is drawn at a place of the lane.
pub(super) fn node_at(waterfall: Waterfall, across: f64, down: f64) -> Option<u32> {
    let skeleton = waterfall.skeleton.get_untracked()?;
    let whole = f64::from(skeleton.head.units(skeleton.head.length_ns).max(1));
    let at = across * whole;
    let rows = all_rows(waterfall, &skeleton);
    let is_there = |row: &&Place| {
        let top = f64::from(row.depth) * LINE + 2.0;
        let node = &skeleton.nodes[row.node as usize];
        let (start, end) = (
            f64::from(node.start),
            f64::from(node.start) + f64::from(node.length),
        );
        (top..top + LINE).contains(&down)
            && start - whole * 0.001 <= at
            && at <= end + whole * 0.001
    };
    rows.places.iter().find(is_there).map(|row| row.node)
}

fn style(canvas: &HtmlCanvasElement) -> CssStyleDeclaration {
    canvas.unchecked_ref::<HtmlElement>().style()
}
