//! The browser's entry: makes the islands of a page live.

use wasm_bindgen::prelude::wasm_bindgen;

// Names the crate whose islands are exported, so that the linker keeps them.
use app as _;

/// Called once by the page's script, before it wakes the islands.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
