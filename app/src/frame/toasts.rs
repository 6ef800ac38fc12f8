//! What the form before this page has done.

use leptos::prelude::*;

use crate::{
    components::toast::{Toast, ToastRegion},
    site::Flash,
};

/// Empty, or one sentence with a link to what it is about.
#[component]
pub(super) fn Toasts() -> impl IntoView {
    let toast = use_context::<Flash>().map(|flash| {
        let href = flash.href();
        view! { <Toast words=flash.words() href=href.unwrap_or_default() /> }
    });
    view! { <ToastRegion>{toast}</ToastRegion> }
}
