//! What has just succeeded, said once, at the edge of the page.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// Where toasts appear; always on the page, so that what comes later is read out.
#[component]
pub fn ToastRegion(
    /// The toasts.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="toasts" role="status">
            {children()}
        </div>
    }
    .into_any()
}

/// One sentence.
#[component]
pub fn Toast(
    /// What was done.
    #[prop(into)]
    words: String,
    /// Where to see it; nowhere when empty.
    #[prop(into)]
    href: String,
) -> impl IntoView {
    let link = (!href.is_empty()).then(|| view! { <a href=href>"Open"</a> });
    view! {
        <div class="toast">
            <Icon symbol=Symbol::StateReady />
            <p>{words} {link}</p>
            <button class="toast-close" type="button" data-dismiss=".toast" aria-label="Dismiss">
                <Icon symbol=Symbol::Close />
            </button>
        </div>
    }
    .into_any()
}
