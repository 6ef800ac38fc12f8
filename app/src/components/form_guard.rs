//! Says at each field what is wrong with it before a form is sent, as the browser knows it, and that
//! the form is under way once it is.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;

/// Guards the form of an id.
#[island]
pub fn FormGuard(
    /// Id of the form.
    form: String,
    /// What is said while the answer is awaited, such as "Calling"; nothing where something else
    /// says it.
    #[prop(optional)]
    busy: Option<String>,
) -> impl IntoView {
    let is_busy = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    browser::guard(&form, is_busy);
    #[cfg(not(feature = "hydrate"))]
    let _ = form;
    view! {
        <p class="form-busy" role="status">
            {move || is_busy.get().then(|| busy.clone()).flatten()}
        </p>
    }
    .into_any()
}
