//! A file that is dropped anywhere on the page is the file of a form, which is sent with it.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;

/// Takes files for the form of an id, which has one field for them.
#[island]
pub fn DropFile(
    /// Id of the form.
    form: String,
) -> impl IntoView {
    let is_over = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    browser::take(form, is_over);
    #[cfg(not(feature = "hydrate"))]
    let _ = form;
    view! {
        <p class="drop-file" class:drop-file--over=move || is_over.get()>
            "Or drop it anywhere on the page."
        </p>
    }
    .into_any()
}
