//! Says why a region has nothing to show, and what to do next.

use leptos::prelude::*;

/// A sentence on what is missing and why; its children are the next step.
#[component]
pub fn Empty(
    /// What there is none of, such as "No agents in team-a".
    #[prop(into)]
    title: String,
    /// Why, and the next step.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <strong>{title}</strong>
            {children()}
        </div>
    }
}
