//! The lane above the tree: all spans at once, on a canvas.

use leptos::{ev, prelude::*};

use super::{Waterfall, in_browser};
use crate::format;

pub(super) fn view(waterfall: Waterfall) -> AnyView {
    let brush = move || {
        let zoom = waterfall.zoom.get();
        let (left, width) = (zoom.from * 100.0, (zoom.to - zoom.from) * 100.0);
        format!("left:{left:.3}%;width:{width:.3}%")
    };
    view! {
        <div class="flame">
            <canvas
                class="flame-canvas"
                data-testid="flame-canvas"
                role="img"
                aria-label=move || summary(waterfall)
                node_ref=waterfall.canvas
                on:pointerdown=move |event: ev::PointerEvent| in_browser!(drag_flame(waterfall, &event))
            ></canvas>
            <div class="flame-brush" hidden=move || waterfall.zoom.get().is_whole() style=brush></div>
        </div>
    }
    .into_any()
}

/// What the lane shows, in words; the tree below says the rest.
fn summary(waterfall: Waterfall) -> String {
    let spans = waterfall.skeleton.with(|skeleton| {
        let skeleton = skeleton.as_ref();
        skeleton.map_or(0, |skeleton| skeleton.nodes.len())
    });
    let spans = format::counted(spans as u64, "span", "spans");
    let length = format::duration(waterfall.length_ns());
    format!("Flame graph of {spans} over {length}; the tree below has the same")
}
