//! Above the rows: the names of the columns, and the time.

use leptos::{ev, prelude::*};

use super::{Waterfall, in_browser};
use crate::format;

/// Marks on the ruler.
const TICKS: u8 = 5;

pub(super) fn view(waterfall: Waterfall) -> AnyView {
    let ticks = (0..TICKS).map(|tick| {
        let across = f64::from(tick) / f64::from(TICKS);
        let time = move || time_at(waterfall, across);
        view! { <span class="span-tick" style=format!("--at:{:.1}%", across * 100.0)>{time}</span> }
    });
    let ticks = ticks.collect_view();
    let reset = move |_: ev::MouseEvent| in_browser!(zoom_out(waterfall));
    view! {
        <div class="span-ruler">
            <span class="span-ruler-name">"Span"</span>
            <span
                class="span-ruler-edge"
                role="separator"
                aria-orientation="vertical"
                aria-label="Width of the name column"
                aria-valuenow="38"
                aria-valuemin="10"
                aria-valuemax="80"
                tabindex="0"
                on:pointerdown=move |event: ev::PointerEvent| in_browser!(drag_edge(&event))
                on:keydown=move |event: ev::KeyboardEvent| in_browser!(edge_key(&event))
            ></span>
            <div
                class="span-ruler-time"
                title="Drag to zoom"
                on:pointerdown=move |event: ev::PointerEvent| in_browser!(drag_time(waterfall, &event))
            >
                {ticks}
            </div>
            {move || {
                (!waterfall.zoom.get().is_whole())
                    .then(|| {
                        view! {
                            <button class="span-zoom-out" type="button" on:click=reset>
                                "Whole trace"
                            </button>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the time of a mark is positive and shown to the millisecond"
)]
fn time_at(waterfall: Waterfall, across: f64) -> String {
    let at = waterfall.zoom.get().place(across);
    format::duration((at * waterfall.length_ns() as f64) as u64)
}
