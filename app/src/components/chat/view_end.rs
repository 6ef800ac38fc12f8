//! Whether the reader looks at the end of the conversation, and going there.

use leptos::{html, prelude::*};

/// Further up than this, the reader is reading something else.
#[cfg(feature = "hydrate")]
const NEAR_PX: i32 = 80;

/// Whether the end is in view, or nearly.
pub(super) fn is_near(log: NodeRef<html::Div>) -> bool {
    #[cfg(feature = "hydrate")]
    if let Some(log) = log.get_untracked() {
        return log.scroll_height() - log.scroll_top() - log.client_height() < NEAR_PX;
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = log;
    true
}

/// Goes to the end, once what was just added has been drawn.
pub(super) fn show(log: NodeRef<html::Div>) {
    #[cfg(feature = "hydrate")]
    request_animation_frame(move || {
        if let Some(log) = log.get_untracked() {
            log.set_scroll_top(log.scroll_height());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = log;
}
